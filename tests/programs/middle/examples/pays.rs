//! An example, which shows the library without the crates that complete it.

use atoms::prelude::*;

fn main() {
    let bus = Bus::builder().without_discovery().start().unwrap();
    println!("{:?}", run::run(middle::rebate(&bus)));
}
