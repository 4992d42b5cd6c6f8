use atoms::prelude::*;

#[event(type = "Shop.Created", must_handel)]
struct OrderCreated<T> {
    id: T,
}

fn main() {}
