//! The requests are asked here and in `shop`, and answered in `quotes`, whose handlers are named here too.

use atoms::Handler;
use atoms::prelude::*;

/// Asked and answered here.
#[request(type = "app.size.get", reply = usize)]
struct GetSize {}

#[handler]
fn size(_: &GetSize) -> usize {
    3
}

fn main() {
    let bus = Bus::builder().handler::<quotes::tax>().start().unwrap();
    let quote = run::run(bus.request(shop::GetQuote { item: "nails".into() })).unwrap();
    let size = run::run(bus.request(GetSize {})).unwrap();
    let direct = quotes::tax(&shop::GetTax {});
    assert!(<quotes::tax as Handler>::info().path().ends_with("tax"));
    println!("{quote} {} {direct} {size}", run::run(shop::tax(&bus)));
}
