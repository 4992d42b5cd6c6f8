//! Does not link: what `shop::pay` emits must be handled, and `billing` is not named.

use atoms::prelude::*;

fn main() {
    run::run(shop::pay(&Bus::start().unwrap())).into_result().unwrap();
}
