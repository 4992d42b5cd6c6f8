use atoms::prelude::*;

#[event(type = "Shop.OrderCreated", must_handled)]
struct OrderCreated {
    id: String,
    #[event(defautl = 5)]
    count: u64,
}

#[handler(order = "first")]
async unsafe fn confirm(_: &mut OrderCreated, _: &String) {}

fn main() {}
