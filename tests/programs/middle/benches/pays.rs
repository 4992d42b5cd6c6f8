//! A benchmark, which is a program of its own.

use atoms::prelude::*;

fn main() {
    let bus = Bus::builder().without_discovery().start().unwrap();
    assert_eq!(run::run(middle::rebate(&bus)), None);
}
