//! Does not link: `shipping` handles `shop.order_paid`, and `shop.order.paid` is emitted.

use atoms::prelude::*;

atoms::link!(shipping);

fn main() {
    run::run(shop::pay(&Bus::start().unwrap())).into_result().unwrap();
}
