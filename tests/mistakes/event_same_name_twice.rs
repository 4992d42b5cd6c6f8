use atoms::prelude::*;

#[event(type = "shop.a")]
struct Renamed {
    order: String,
    #[serde(rename = "order")]
    number: u32,
}

#[event(type = "shop.b")]
#[serde(rename_all = "camelCase")]
struct ByRule {
    order_id: String,
    #[serde(rename = "orderId")]
    number: u32,
}

#[event(type = "shop.c")]
struct ByAlias {
    order: String,
    #[serde(alias = "order")]
    number: u32,
}

fn main() {}
