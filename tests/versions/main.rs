//! Versions of events: what is old arrives as what is new, and goes on as that.

mod chain;
mod derived;
mod frames;
mod key;
mod nodes;
mod start;

use std::sync::LazyLock;

use atoms::prelude::*;
use atoms::{DecodeError, DecodeErrorKind, Registry};
use chain::{Booking, BookingV1, BookingV2};

/// A bus that knows all events of this program, and runs none of its handlers.
static BUS: LazyLock<Bus> = LazyLock::new(|| {
    let events = Bus::builder().without_discovery().event::<Booking>().event::<BookingV1>();
    events.event::<chain::Greeting>().event::<derived::Order>().event::<chain::Card>().start().unwrap()
});

/// Reads a frame.
fn decode(frame: &str) -> Result<AnyEvent, DecodeError> {
    BUS.decode(frame.as_bytes())
}

/// Reads a frame that must be an event `E`.
#[track_caller]
fn read<E: Event>(frame: &str) -> Envelope<E> {
    let event = decode(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
    event.downcast_ref::<E>().unwrap_or_else(|| panic!("another event: {frame}")).clone()
}

/// Writes an event.
fn encode<E: Event>(event: Envelope<E>) -> String {
    String::from_utf8(BUS.encode(&event.into()).unwrap()).unwrap()
}

/// The frame with this `schema_version`, as JSON.
fn of_version(version: &str, fields: &str) -> String {
    format!(r#"{{"type":"versions.booking","metadata":{{"schema_version":{version}}},{fields}}}"#)
}

/// Whether the frame was refused for its version.
fn is_of_version(error: &DecodeError) -> bool {
    matches!(error.kind(), DecodeErrorKind::Version { .. })
}

#[test]
fn the_registry_has_every_version_and_finds_the_newest() {
    let registry = Registry::linked();
    let versions: Vec<_> = registry.events().iter().filter(|it| it.name() == "versions.booking").collect();
    assert_eq!(versions.iter().map(|it| it.version()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(registry.event("versions.booking"), Some(Booking::event_type()));
    assert_eq!((BookingV1::VERSION, BookingV2::VERSION, Booking::VERSION), (1, 2, 3));
    let shown = registry.to_string();
    assert!(shown.contains("versions.booking version 3 (versions::chain::Booking, tests/"), "{shown}");
    assert!(shown.contains("versions.booking (versions::chain::BookingV1, tests/"), "{shown}");
    assert!(shown.contains("), which becomes version 3\n"), "{shown}");
}
