use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated {
    id: String,
    r#type: String,
    timestamp: u64,
    metadata: Vec<String>,
}

#[event(type = "shop.order.packed")]
#[serde(rename_all = "camelCase")]
struct OrderPacked {
    #[serde(rename = "id")]
    order: String,
    #[serde(rename(serialize = "kind", deserialize = "type"))]
    kind: String,
    #[serde(alias = "timestamp")]
    at: u64,
    _metadata: Vec<String>,
    #[serde(skip)]
    id: u64,
}

#[event(type = "shop.order.sent")]
struct OrderSent {
    #[cfg_attr(all(), serde(rename = "id"))]
    order: String,
}

fn main() {}
