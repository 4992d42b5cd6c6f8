use atoms::prelude::*;

#[event(typ = "shop.order.created")]
struct Misspelt;

#[event(type = "shop.order.packed", timeout = "2s")]
struct Unknown;

#[event(type = "shop.order.sent", sensitive)]
struct Misplaced {
    #[event(defautl = 5)]
    misspelt: u64,
    #[event(must_handle)]
    misplaced: u64,
}

fn main() {}
