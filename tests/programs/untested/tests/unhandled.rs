//! A test program that emits what must be handled, without a handler.

use atoms::Refusal;
use atoms::prelude::*;

atoms::testing::handled!(untested::Done);
#[test]
fn what_nobody_handles_is_refused() {
    let bus = Bus::start().unwrap();
    let receipt = run::run(untested::finish(&bus));
    assert!(receipt.is_unhandled());
    assert_eq!(receipt.refusal(), Some(&Refusal::Unhandled));
    assert!(receipt.into_result().unwrap_err().to_string().contains("`untested.done`"));
}
