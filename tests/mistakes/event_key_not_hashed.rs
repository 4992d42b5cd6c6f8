use atoms::prelude::*;

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct OrderId(u64);

#[event(type = "shop.order.created")]
struct OrderCreated {
    #[event(key)]
    order_id: OrderId,
}

#[event(type = "shop.order.paid")]
struct OrderPaid {
    #[event(key)]
    total: Option<f64>,
}

fn main() {}
