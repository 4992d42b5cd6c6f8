use atoms::prelude::*;

#[event(type = "shop.order.created")]
#[serde(rename_all = "camelCase")]
struct OrderCreated {
    order_id: String,
    #[serde(rename = "orderId")]
    number: String,
    #[serde(alias = "number")]
    count: u64,
    #[serde(rename = "number", skip_serializing)]
    total: u64,
}

#[event(type = "shop.order.packed")]
struct OrderPacked {
    #[cfg(any())]
    #[serde(rename = "order")]
    one: String,
    #[cfg(all())]
    #[serde(rename = "order")]
    other: String,
}

#[event(type = "shop.order.sent")]
struct OrderSent {
    order_id: String,
    order_id: u64,
}

fn main() {
    let _ = OrderSent { order_id: String::new() };
}
