//! Does not link: two of its crates answer one request.

use atoms::prelude::*;

atoms::link!(quotes, discounts);

fn main() {
    println!("{:?}", run::run(Bus::start().unwrap().request(shop::GetQuote { item: "nails".into() })));
}
