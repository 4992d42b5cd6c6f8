use atoms::prelude::*;

#[event(type = "shop.booking")]
struct BookingV1 {
    name: String,
}

#[event(type = "shop.booking", version = 2, upcasts = BookingV1)]
struct Booking {
    first: String,
    last: String,
}

fn main() {}
