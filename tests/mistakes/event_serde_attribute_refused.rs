use atoms::prelude::*;

#[event(type = "shop.order.created")]
#[serde(tag = "kind")]
struct OrderCreated {
    order_id: String,
}

#[event(type = "shop.order.packed")]
#[serde(untagged, transparent)]
struct OrderPacked {
    order_id: String,
}

#[event(type = "shop.order.sent")]
#[serde(into = "Other", from = "Other")]
struct OrderSent {
    order_id: String,
}

#[event(type = "shop.order.returned")]
#[serde(try_from = "Other")]
struct OrderReturned {
    order_id: String,
}

fn main() {}
