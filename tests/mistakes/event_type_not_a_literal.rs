use atoms::prelude::*;

const TYPE: &str = "shop.order.created";

#[event(type = TYPE)]
struct OrderCreated;

#[event(type = 5)]
struct OrderPacked;

#[event(type)]
struct OrderSent;

#[event("shop.order.returned")]
struct OrderReturned;

fn main() {}
