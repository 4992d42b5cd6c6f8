//! Does not link: a handler of `middle` emits what must be handled, and `billing` is not named.

use atoms::prelude::*;

atoms::link!(middle);

fn main() {
    Bus::start().unwrap();
}
