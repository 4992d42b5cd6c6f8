//! The events are emitted in `shop`, and handled in `billing` and `shipping`.

use atoms::prelude::*;

atoms::link!(billing, shipping);

fn main() {
    let bus = Bus::start().unwrap();
    run::run(shop::pay(&bus)).into_result().unwrap();
    run::run(shop::pay_in_cash(&bus)).into_result().unwrap();
}
