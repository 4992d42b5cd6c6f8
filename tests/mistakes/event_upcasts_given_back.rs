//! One error: what upcasts the event is right.

use atoms::prelude::*;

#[event(type = "Shop.Booking")]
struct BookingV1;

#[event(type = "shop.booking", version = 2, upcasts = BookingV1)]
struct Booking;

impl From<BookingV1> for Booking {
    fn from(_: BookingV1) -> Self {
        Self
    }
}

#[handler]
fn seat(_: &Booking) {}

fn main() {}
