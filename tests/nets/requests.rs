//! The net of the linker for requests: exactly one handler, in whatever crate.

use std::sync::LazyLock;

use crate::programs::{Programs, build};

const BINS: &str = "--bin request_answered --bin request_unanswered --bin request_not_asked \
    --bin request_answered_twice --bin request_answered_twice_here --bin request_in_a_test_program";

static DEBUG: LazyLock<Programs> = LazyLock::new(|| build(&format!("build -p app {BINS}")));

static FAT_LTO: LazyLock<Programs> = LazyLock::new(|| build(&format!("build --release -p app {BINS}")));

/// Many codegen units in the release, and no LTO that puts them together.
static NO_LTO: LazyLock<Programs> = LazyLock::new(|| {
    let config = "--config profile.release.lto=false --config profile.release.codegen-units=16 \
                  --config profile.release.opt-level=3";
    build(&format!("build --release -p app {BINS} {config}"))
});

/// A program, linked with GNU ld and not with the default, which is lld.
fn with_gnu_ld(program: &str) -> Programs {
    build(&format!("rustc -p app --bin {program} -- -Clinker-features=-lld"))
}

const TWICE: &str =
    "atoms: the request `shop.quote.get` has two handlers, and needs exactly one: remove one of them";

#[track_caller]
fn assert_unanswered(programs: &Programs) {
    let messages = programs.failed("request_unanswered");
    let sentence = "atoms: the request `shop.rebate.get` is asked, and no handler of it is linked: write";
    assert!(messages.contains(sentence), "{messages}");
}

#[track_caller]
fn assert_answered(programs: &Programs) {
    assert_eq!(programs.printed("request_answered"), "250 19 19 3\n");
}

#[test]
fn a_request_that_nobody_answers_does_not_link() {
    assert_unanswered(&DEBUG);
    assert_unanswered(&FAT_LTO);
    assert_unanswered(&NO_LTO);
}

#[test]
fn one_handler_in_any_crate_is_enough_and_is_never_taken_for_two() {
    assert_answered(&DEBUG);
    assert_answered(&FAT_LTO);
    assert_answered(&NO_LTO);
}

#[test]
fn only_who_asks_needs_a_handler() {
    assert_eq!(DEBUG.printed("request_not_asked"), "");
    assert_eq!(FAT_LTO.printed("request_not_asked"), "");
}

#[test]
fn two_handlers_in_two_crates_do_not_link_and_both_are_named() {
    for programs in [&*DEBUG, &*NO_LTO] {
        let messages = programs.failed("request_answered_twice");
        let both = ["quotes..quote", "discounts..cheaper_quote", "libquotes-", "libdiscounts-"];
        for part in [&format!("duplicate symbol: {TWICE}"), both[0], both[1], both[2], both[3]] {
            assert!(messages.contains(part), "`{part}` is not in: {messages}");
        }
    }
    // The assembler sees one object.
    let messages = FAT_LTO.failed("request_answered_twice");
    for part in [TWICE, "quotes..quote", "discounts..cheaper_quote"] {
        assert!(messages.contains(part), "`{part}` is not in: {messages}");
    }
}

#[test]
fn two_handlers_in_one_crate_do_not_build() {
    let twice = "the request `shop.rebate.get` has two handlers, and needs exactly one: remove one of them";
    for programs in [&*DEBUG, &*FAT_LTO, &*NO_LTO] {
        let messages = programs.failed("request_answered_twice_here");
        for part in [twice, "here..one_rebate", "here..another_rebate"] {
            assert!(messages.contains(part), "`{part}` is not in: {messages}");
        }
    }
}

#[test]
fn a_test_program_does_without_a_handler_or_has_one() {
    assert_eq!(DEBUG.printed("request_in_a_test_program"), "5 19\n");
    assert_eq!(FAT_LTO.printed("request_in_a_test_program"), "5 19\n");
}

#[test]
fn gnu_ld_says_the_same() {
    assert_unanswered(&with_gnu_ld("request_unanswered"));
    assert_answered(&with_gnu_ld("request_answered"));
    let programs = with_gnu_ld("request_answered_twice");
    let messages = programs.failed("request_answered_twice");
    for part in [TWICE, "multiple definition", "libquotes-", "libdiscounts-"] {
        assert!(messages.contains(part), "`{part}` is not in: {messages}");
    }
}
