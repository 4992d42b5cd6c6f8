use atoms::prelude::*;
use atoms::serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[serde(crate = "atoms::serde")]
#[event(type = "shop.order.created", deny_unknown_fields)]
struct OrderCreated {
    #[event(default = 5)]
    count: u64,
}

fn main() {}
