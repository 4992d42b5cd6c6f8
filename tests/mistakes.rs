//! What the compiler says to a mistake.

/// Each case is a `.rs` file, and beside it, in `.stderr`, the messages.
#[test]
fn each_mistake_is_told_where_it_is_and_how_to_put_it_right() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
