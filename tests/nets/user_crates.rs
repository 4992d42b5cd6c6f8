//! Crates as users write them: whatever the macros write for them compiles there, without a warning.

use std::sync::LazyLock;

use crate::programs::{Programs, build, build_with_clippy, test};

static PROGRAMS: LazyLock<Programs> =
    LazyLock::new(|| build("build -p plain -p edition_2021 -p renamed -p arc_field"));

#[test]
fn names_of_the_prelude_may_mean_something_else() {
    PROGRAMS.printed("shadowed");
}

#[test]
fn payloads_need_no_dependency_but_atoms() {
    PROGRAMS.printed("nested_payload");
}

#[test]
fn events_and_handlers_may_stand_anywhere() {
    assert_eq!(PROGRAMS.printed("anywhere"), "in a module\nin a function\nbehind a cfg\n");
}

#[test]
fn handlers_keep_their_attributes() {
    PROGRAMS.printed("attributes");
}

#[test]
fn events_and_handlers_may_come_from_macros() {
    PROGRAMS.printed("from_macros");
}

#[test]
fn atoms_may_have_another_name() {
    PROGRAMS.printed("renamed");
}

#[test]
fn no_lint_objects_to_what_the_macros_write_in_any_edition() {
    let programs = build_with_clippy("build -p quiet_2018 -p quiet_2021 -p quiet_2024");
    for edition in ["quiet_2018", "quiet_2021", "quiet_2024"] {
        programs.printed(edition);
    }
}

#[test]
fn another_name_that_is_not_told_is_one_mistake() {
    let messages = PROGRAMS.failed("not_told");
    assert!(messages.contains("could not find `atoms` in the list of imported crates"), "{messages}");
    assert!(!messages.contains("serde"), "{messages}");
}

#[test]
fn edition_2021_will_do() {
    PROGRAMS.printed("edition_2021");
}

/// Here, as the tests of this crate have the feature from others' dependencies.
#[test]
fn an_arc_is_told_the_feature_of_serde_that_it_needs() {
    let messages = PROGRAMS.failed("arc_field");
    assert!(messages.contains("hold the value itself"), "{messages}");
    assert!(
        messages.contains("let serde write and read an `Arc`") && messages.contains("features = [\"rc\"]"),
        "{messages}"
    );
}

#[test]
fn user_crates_can_be_tested() {
    test("-p unit_tested -p untested").unwrap_or_else(|said| panic!("{said}"));
}
