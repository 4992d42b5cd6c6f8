//! The wire: how events become bytes and bytes events.

mod error;
mod flat_read;
mod flat_write;
mod json;
mod scan;
pub(crate) mod upcast;
pub(crate) mod versions;

use std::fmt::Debug;

pub use error::{DecodeError, DecodeErrorKind, EncodeError, Place};
pub use json::JsonCodec;

use crate::event::AnyEvent;
use crate::registry::Registry;

/// A way to write events as frames of bytes, and to read them back.
///
/// [`JsonCodec`] is the one that a bus uses if it is not told otherwise.
pub trait Codec: Debug + Send + Sync + 'static {
    /// Reads one frame. A type that `registry` does not have becomes a
    /// [`RawEvent`](crate::RawEvent) that keeps the frame.
    fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError>;

    /// Appends an event as one frame to `out`, which is left as it was if that fails.
    fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}
