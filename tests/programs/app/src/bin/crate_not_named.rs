//! `billing` is a dependency, but no code names it: its handlers are not in the program.

use atoms::prelude::*;

fn main() {
    let bus = Bus::start().unwrap();
    let created = shop::OrderCreated { order_id: "o-1".into() };
    println!("{}", run::run(bus.emit(created)));
}
