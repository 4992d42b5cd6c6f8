//! Does not link: another crate has a tool of this name.

use signals::prelude::*;

#[tool(name = "pay-back", crate = signals)]
fn pay_back() {}

fn main() {
    let bus = Bus::start().unwrap();
    let args = teller::RefundArgs { cents: 5, currency: "euro".into() };
    run::run(teller::refund::call(&bus, args)).unwrap();
}
