use atoms::Event;
use atoms::serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[serde(crate = "atoms::serde")]
#[event(type = "shop.a")]
struct OrderCreated {
    #[event(default = 5)]
    count: u32,
}

fn main() {}
