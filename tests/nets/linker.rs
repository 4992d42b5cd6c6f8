//! The net of the linker: what two crates say of each other's events, with no list of them.

use std::sync::LazyLock;

use crate::programs::{Programs, build, test};

static DEBUG: LazyLock<Programs> = LazyLock::new(|| build("build -p app -p twice -p cdylib -p dylib"));

/// Not all of them, as each takes its time.
static FAT_LTO: LazyLock<Programs> = LazyLock::new(|| {
    let app = "--bin two_events_one_type --bin unhandled --bin handled_in_third_crate --bin owes_nothing \
               --bin handled_by_set";
    build(&format!("build --release -p app {app} -p cdylib --lib"))
});

static THIN_LTO: LazyLock<Programs> = LazyLock::new(|| {
    let config = "--config profile.release.lto=\"thin\"";
    build(&format!("build --release -p app --bin two_events_one_type --bin handled_by_set {config}"))
});

/// A program, linked with GNU ld and not with the default, which is lld.
fn with_gnu_ld(program: &str) -> Programs {
    build(&format!("rustc -p app --bin {program} -- -Clinker-features=-lld"))
}

fn with_gnu_ld_and_fat_lto(program: &str) -> Programs {
    build(&format!("rustc --release -p app --bin {program} -- -Clinker-features=-lld"))
}

const TWICE: &str = "atoms.event_type.shop.order.created.is_defined_twice";

const UNHANDLED: &str = "atoms: the event `shop.order.paid` must be handled, and no handler of it is linked: write a `#[handler]`";

#[track_caller]
fn assert_two_events(programs: &Programs) {
    let messages = programs.failed("two_events_one_type");
    assert!(messages.contains(TWICE), "{messages}");
}

#[track_caller]
fn assert_unhandled(programs: &Programs, program: &str) {
    let messages = programs.failed(program);
    assert!(messages.contains(UNHANDLED), "{messages}");
}

#[track_caller]
fn assert_handled(programs: &Programs) {
    assert_eq!(programs.printed("handled_in_third_crate"), "receipt for o-1\nshipped o-1\n");
}

#[test]
fn two_crates_with_one_type_string_do_not_link() {
    let messages = DEBUG.failed("two_events_one_type");
    assert!(messages.contains(&format!("duplicate symbol: {TWICE}")), "{messages}");
    assert!(messages.contains("liblegacy-") && messages.contains("libshop-"), "{messages}");
    assert_two_events(&FAT_LTO);
    assert_two_events(&THIN_LTO);
}

#[test]
fn one_crate_with_one_type_string_twice_does_not_compile() {
    let messages = DEBUG.failed("twice");
    assert!(messages.contains("`atoms.event_type.shop.order.lost.is_defined_twice`"), "{messages}");
    // Either may be the one that is compiled first.
    let places = ["twice/src/lib.rs:6", "twice/src/lib.rs:10"];
    assert!(places.iter().any(|place| messages.contains(place)), "{messages}");
}

#[test]
fn one_version_of_an_event_twice_does_not_compile() {
    let messages = DEBUG.failed("two_structs_one_version");
    assert!(
        messages.contains("`atoms.event_type.shop.order.split.version_2.is_defined_twice`"),
        "{messages}"
    );
}

#[test]
fn what_must_be_handled_and_is_not_does_not_link() {
    assert_unhandled(&DEBUG, "unhandled");
    assert_unhandled(&DEBUG, "unhandled_answer");
    assert_unhandled(&DEBUG, "handler_of_another");
    assert_unhandled(&DEBUG, "emitted_in_the_middle");
    assert_unhandled(&FAT_LTO, "unhandled");
}

#[test]
fn a_handler_in_any_crate_that_is_named_is_enough() {
    assert_eq!(DEBUG.printed("handled_in_second_crate"), "receipt for o-1\n");
    assert_handled(&DEBUG);
    assert_handled(&FAT_LTO);
}

#[test]
fn a_handler_of_a_set_handles_each_of_its_events() {
    for programs in [&*DEBUG, &*FAT_LTO, &*THIN_LTO, &with_gnu_ld("handled_by_set")] {
        assert_eq!(programs.printed("handled_by_set"), "by card: o-1\nin cash: o-1\n");
    }
}

#[test]
fn only_what_emits_asks_for_a_handler() {
    assert_eq!(DEBUG.printed("owes_nothing"), "");
    assert_eq!(FAT_LTO.printed("owes_nothing"), "");
}

#[test]
fn the_handlers_of_a_crate_that_no_code_names_are_not_there() {
    assert_eq!(DEBUG.printed("crate_not_named"), "shop.order.created (unhandled)\n");
}

#[test]
fn a_library_in_the_middle_is_tested_without_the_handlers_of_others() {
    for targets in ["--all-targets", "--doc"] {
        test(&format!("-p middle {targets}")).unwrap_or_else(|said| panic!("{said}"));
    }
}

#[test]
fn libraries_for_other_programs_link() {
    DEBUG.assert_built("cdylib");
    DEBUG.assert_built("dylib");
    FAT_LTO.assert_built("cdylib");
}

#[test]
fn gnu_ld_says_the_same() {
    assert_two_events(&with_gnu_ld("two_events_one_type"));
    assert_unhandled(&with_gnu_ld("unhandled"), "unhandled");
    assert_handled(&with_gnu_ld("handled_in_third_crate"));
}

#[test]
fn gnu_ld_says_the_same_after_lto() {
    assert_unhandled(&with_gnu_ld_and_fat_lto("unhandled"), "unhandled");
    assert_handled(&with_gnu_ld_and_fat_lto("handled_in_third_crate"));
}
