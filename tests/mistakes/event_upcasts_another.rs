use atoms::prelude::*;

#[event(type = "shop.booking")]
struct BookingV1;

/// A version is left out.
#[event(type = "shop.booking", version = 3, upcasts = BookingV1)]
struct Booking;

impl From<BookingV1> for Booking {
    fn from(_: BookingV1) -> Self {
        Self
    }
}

/// Of another type.
#[event(type = "shop.bookings", version = 2, upcasts = BookingV1)]
struct Bookings;

impl From<BookingV1> for Bookings {
    fn from(_: BookingV1) -> Self {
        Self
    }
}

struct Plain;

/// Of what is no event.
#[event(type = "shop.plain", version = 2, upcasts = Plain)]
struct NotPlain;

impl From<Plain> for NotPlain {
    fn from(_: Plain) -> Self {
        Self
    }
}

#[request(type = "shop.asked", reply = u8)]
struct AskedV1;

/// Of a request.
#[event(type = "shop.asked", version = 2, upcasts = AskedV1)]
struct Asked;

impl From<AskedV1> for Asked {
    fn from(_: AskedV1) -> Self {
        Self
    }
}

/// Itself.
#[event(type = "shop.itself", version = 2, upcasts = Itself)]
struct Itself;

fn main() {}
