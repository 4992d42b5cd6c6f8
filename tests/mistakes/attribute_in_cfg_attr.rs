use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[cfg_attr(target_os = "linux", event(key))]
    order_id: String,
    #[cfg_attr(all(), cfg_attr(unix, event(sensitive, default = String::new())))]
    card: String,
}

#[request(type = "shop.order.get", reply = u64)]
struct GetOrder {
    #[cfg_attr(not(test), event(key))]
    order_id: String,
}

#[event_set]
enum OrderEvent {
    Created(OrderCreated),
    #[cfg_attr(all(), other)]
    Other(AnyEvent),
}

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[cfg_attr(unix, handler)]
    fn see(&mut self, _: &OrderCreated) {}

    #[cfg_attr(all(), started)]
    fn begin(&mut self) {}
}

#[handler]
fn created(_: &OrderCreated) {}

#[handler]
fn see(_: &OrderEvent) {}

#[handler]
fn order(_: &GetOrder) -> u64 {
    1
}

fn main() {}
