use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated<T> {
    order: T,
}

#[event(type = "shop.order.packed")]
struct OrderPacked<'a> {
    order_id: &'a str,
}

#[event(type = "shop.order.sent")]
struct OrderSent<K, const N: usize> {
    orders: [K; N],
}

#[event(type = "shop.order.returned")]
struct OrderReturned {
    order_id: &'static str,
    lines: Option<&'static [u8]>,
}

#[event(type = "shop.order.lost")]
struct OrderLost {
    reason: &str,
    lines: Option<&[u8]>,
}

#[handler]
fn confirm(_: &OrderCreated<String>) {}

#[handler]
fn send(_: &OrderPacked<'static>) -> Option<OrderSent<u8, 3>> {
    None
}

fn main() {}
