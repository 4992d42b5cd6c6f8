//! Both events must be handled, and one handler takes them as a set.

use atoms::prelude::*;
use shop::{OrderPaid, OrderPaidInCash};

#[event_set]
enum Payment {
    Card(OrderPaid),
    Cash(Envelope<OrderPaidInCash>),
}

#[handler]
fn book(payment: &Payment) {
    match payment {
        Payment::Card(paid) => println!("by card: {}", paid.order_id),
        Payment::Cash(paid) => println!("in cash: {}", paid.order_id),
    }
}

fn main() {
    let bus = Bus::start().unwrap();
    run::run(shop::pay(&bus)).into_result().unwrap();
    run::run(shop::pay_in_cash(&bus)).into_result().unwrap();
}
