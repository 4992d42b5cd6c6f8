//! Does not link: what `shop::rebate` asks nobody answers.

use atoms::prelude::*;

atoms::link!(quotes);

fn main() {
    println!("{}", run::run(shop::rebate(&Bus::start().unwrap())));
}
