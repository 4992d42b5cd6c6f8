//! `verify!` in the tests of crates: it has something to check, or it fails.

use crate::programs::test;

const FIX: &str = "so write `use the_crate as _;` there";

#[track_caller]
fn assert_passes(args: &str) {
    let said = test(args).unwrap_or_else(|said| panic!("{said}"));
    assert!(said.contains("test every_event_is_routed ... ok"), "{said}");
}

#[track_caller]
fn assert_nothing_to_check(args: &str) {
    let said = test(args).expect_err("nothing was checked, and the test passed");
    assert!(said.contains("test every_event_is_routed ... FAILED"), "{said}");
    assert!(said.contains("there is no handler to check") && said.contains(FIX), "{said}");
}

#[test]
fn a_test_that_names_its_crate_checks_it() {
    assert_passes("-p verified --lib");
    assert_passes("-p verified --test named");
}

#[test]
fn a_test_that_does_not_name_its_crate_fails_and_is_told_to_name_it() {
    assert_nothing_to_check("-p verified --test not_named");
}

#[test]
fn handlers_that_a_builder_names_count() {
    assert_passes("-p verified --test builder");
    assert_nothing_to_check("-p verified --test builder_without_handlers");
}

#[test]
fn a_binary_is_checked_by_its_own_tests_only() {
    assert_passes("-p only_a_binary --bins");
    assert_nothing_to_check("-p only_a_binary --test cannot_name_it");
}
