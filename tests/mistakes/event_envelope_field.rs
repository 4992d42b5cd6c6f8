use atoms::prelude::*;

#[event(type = "shop.a")]
struct Named {
    id: String,
    metadata: String,
    r#type: String,
}

#[event(type = "shop.b")]
struct Renamed {
    #[serde(rename = "timestamp")]
    created: String,
    #[serde(alias = "id")]
    order_id: String,
}

#[event(type = "shop.c")]
#[serde(rename_all = "lowercase")]
struct RenamedAll {
    #[serde(rename(serialize = "id"))]
    order_id: String,
}

#[event(type = "shop.d")]
#[serde(rename_all = "camelCase")]
struct RenamedByRule {
    type_: String,
}

fn main() {}
