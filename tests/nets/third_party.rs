//! A crate of somebody else's on top of `atoms`, through what is public.

use std::sync::LazyLock;

use crate::programs::{Programs, build, test};

static PROGRAMS: LazyLock<Programs> =
    LazyLock::new(|| build("build -p app --bin jobs_of_other_crates --bin two_jobs_one_name"));

#[test]
fn entries_of_its_kind_are_found_in_all_crates() {
    let printed = PROGRAMS.printed("jobs_of_other_crates");
    let expected = "clean save tick\n\
                    job clean (backup/src/lib.rs:22)\n\
                    job save (backup/src/lib.rs:21)\n\
                    job tick (app/src/bin/jobs_of_other_crates.rs:14)\n";
    assert_eq!(printed, expected);
}

#[test]
#[cfg(target_os = "linux")]
fn two_entries_of_one_name_in_two_crates_do_not_link() {
    let messages = PROGRAMS.failed("two_jobs_one_name");
    assert!(messages.contains("duplicate symbol: atoms.entry.jobs.save.is_defined_twice"), "{messages}");
    assert!(messages.contains("libbackup-"), "{messages}");
}

#[test]
fn its_own_tests_pass() {
    test("-p jobs").unwrap_or_else(|said| panic!("{said}"));
}
