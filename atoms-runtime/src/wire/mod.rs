//! The wire: how events become bytes and bytes events.

mod checked;
mod decode;
mod dynamic;
mod encode;
mod encode_error;
mod error;
mod flat_read;
mod flat_write;
mod formatter;
mod json;
mod masked;
mod path;
mod scan;
mod versions;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use dynamic::{DynamicError, DynamicEvent};
pub use encode_error::{EncodeError, EncodeErrorKind};
pub use error::{DecodeError, DecodeErrorKind, Place};
pub use json::{JsonCodec, flat_json};

use crate::catalog::Registry;
use crate::caught::panic_text;
use crate::event::AnyEvent;

/// A way to write events as frames of bytes, and to read them back.
///
/// A bus uses [`JsonCodec`] by default. On a bus, a codec that panics fails with `Panicked`; the text of the panic is
/// left out if any event of the bus has sensitive fields.
///
/// Another codec can read and write the event itself with [`JsonCodec`], and wrap it in another form:
///
/// ```
/// use atoms::{AnyEvent, Bus, Codec, DecodeError, EncodeError, Envelope, JsonCodec, Registry, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// /// A line for each event.
/// #[derive(Debug)]
/// struct Lines;
///
/// impl Codec for Lines {
///     fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError> {
///         JsonCodec.decode(frame.trim_ascii_end(), registry)
///     }
///
///     fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError> {
///         JsonCodec.encode(event, out)?;
///         out.push(b'\n');
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().event::<OrderCreated>().codec(Lines).start()?;
/// let frame = bus.encode(&Envelope::new(OrderCreated { order_id: "o-1".into() }).into())?;
/// assert!(frame.ends_with(b"\"order_id\":\"o-1\"}\n"));
/// assert!(bus.decode(&frame)?.is::<OrderCreated>());
/// # Ok(())
/// # }
/// ```
pub trait Codec: Debug + Send + Sync + 'static {
    /// Reads one frame. A type that `registry` does not have becomes a
    /// [`RawEvent`](crate::RawEvent) that keeps the frame.
    fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError>;

    /// Appends an event as one frame to `out`, which is left as it was if that fails.
    fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// Reads a frame with any codec, and catches its panic.
pub(crate) fn decode(codec: &dyn Codec, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError> {
    catch_unwind(AssertUnwindSafe(|| codec.decode(frame, registry))).unwrap_or_else(|panic| {
        let message = panic_text(panic, registry.has_sensitive_fields());
        Err(DecodeError::new(DecodeErrorKind::Panicked(message)))
    })
}

/// Appends an event to `out` with any codec, and catches its panic.
pub(crate) fn encode(
    codec: &dyn Codec,
    event: &AnyEvent,
    out: &mut Vec<u8>,
    registry: &Registry,
) -> Result<(), EncodeError> {
    let start = out.len();
    catch_unwind(AssertUnwindSafe(|| codec.encode(event, out))).unwrap_or_else(|panic| {
        out.truncate(start);
        let message = panic_text(panic, registry.has_sensitive_fields());
        Err(EncodeError::of(event.event_type(), EncodeErrorKind::Panicked(message)))
    })
}
