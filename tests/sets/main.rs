//! Sets of events: handlers of several events, and what the enums can do by themselves.

mod conversions;
mod emitted;
mod handled;
mod written;

#[path = "../log/mod.rs"]
mod log;

use atoms::prelude::*;
use atoms::{Bus, BusBuilder};

use log::Log;

#[event(type = "sets.created")]
#[derive(PartialEq)]
struct Created {
    number: u64,
}

#[event(type = "sets.cancelled", must_handle)]
#[derive(PartialEq)]
struct Cancelled {}

#[event(type = "sets.noted")]
struct Noted {}

/// The set of most tests.
#[event_set]
enum OrderEvent {
    Created(Created),
    Cancelled(Envelope<Cancelled>),
}

/// The same events, and all others.
#[event_set]
enum AllEvents {
    Created(Created),
    Cancelled(Envelope<Cancelled>),
    #[other]
    Other(AnyEvent),
}

/// A bus to be, without the handlers of all the other tests.
fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}

fn cancelled(id: &str) -> Envelope<Cancelled> {
    Envelope::new(Cancelled {}).with_id(id.parse().unwrap())
}
