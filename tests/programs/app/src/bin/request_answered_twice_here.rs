//! Does not build: two handlers of one crate answer one request.

use atoms::prelude::*;
use shop::GetRebate;

#[handler]
fn one_rebate(_: &GetRebate) -> u64 {
    1
}

#[handler]
async fn another_rebate(_: &GetRebate) -> u64 {
    2
}

fn main() {
    println!("{}", run::run(shop::rebate(&Bus::start().unwrap())));
}
