//! The wire: frames become events and events frames, whatever their fields are; what is no frame is
//! refused with the reason and the place, and never panics.

mod constructors;
mod envelope;
mod errors;
mod events;
mod limits;
mod lossless;
mod order;
mod panics;
mod paths;
mod raw;
mod round_trip;
mod sensitive;
mod serde_attributes;
mod soup;

use std::sync::LazyLock;

use atoms::{AnyEvent, Bus, DecodeError, Envelope, Event};

/// The bus of all tests.
static BUS: LazyLock<Bus> = LazyLock::new(|| Bus::start().unwrap());

/// Reads a frame.
fn decode(frame: &str) -> Result<AnyEvent, DecodeError> {
    BUS.decode(frame.as_bytes())
}

/// Reads a frame that must be an event `E`.
fn read<E: Event>(frame: &str) -> Envelope<E> {
    let event = decode(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
    event.downcast_ref::<E>().unwrap_or_else(|| panic!("another event: {frame}")).clone()
}

/// Writes an event.
fn encode(event: &AnyEvent) -> String {
    String::from_utf8(BUS.encode(event).unwrap()).unwrap()
}

/// The message for a frame that must be refused.
fn refusal(frame: &str) -> String {
    decode(frame).expect_err(frame).to_string()
}
