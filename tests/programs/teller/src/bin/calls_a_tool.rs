//! Calls a tool of another crate, by its type.

use signals::prelude::*;
use teller::{refund, RefundArgs};

fn main() {
    let bus = Bus::start().unwrap();
    for cents in [5, 500] {
        let args = RefundArgs { cents, currency: "dollar".into() };
        match run::run(refund::call(&bus, args)) {
            Ok(paid) => println!("{paid}"),
            Err(error) => println!("{error}"),
        }
    }
}
