//! What rustc says of each mistake: a file in `tests/mistakes` has the mistake, and the `.stderr`
//! beside it what the user reads.

#[test]
fn each_mistake_gets_its_message() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
