//! Does without a handler of one request, and has one of another.

use atoms::prelude::*;
use atoms::testing::StandIn;

atoms::link!(quotes);
atoms::testing::handled!(shop::GetRebate, shop::GetTax);

fn main() {
    let bus = Bus::builder().stand_in(|_: &shop::GetRebate| 5).start().unwrap();
    println!("{} {}", run::run(shop::rebate(&bus)), run::run(shop::tax(&bus)));
}
