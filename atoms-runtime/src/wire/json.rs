//! The codec of flat JSON objects.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::encode_error::EncodeError;
use super::error::{DecodeError, DecodeErrorKind};
use super::path::Sensitive;
use super::{Codec, decode, encode, scan};
use crate::catalog::Registry;
use crate::event::upcast::caught;
use crate::event::{AnyEvent, Event, FlatJson, RawEvent, type_string};

/// One flat JSON object for each event:
/// `{"type":"shop.order.created","id":"0198...","timestamp":"2026-11-21T00:38:00.123456Z","order_id":"o-1"}`.
///
/// `type` is written first, and found in any place. `id`, `timestamp` and `metadata` may be missing; an `id` or
/// `metadata` that is null counts as missing, and a `timestamp` that is null is refused. Metadata are written only if
/// there are any. The version of an event that is not its first one is the `schema_version` in the metadata.
///
/// A type that the registry does not have must have 1 to 128 bytes, without control characters.
///
/// Writing fails with an [`EncodeError`] for an event that could not be read back: with a number that is not finite, a
/// key that is there twice because of `#[serde(flatten)]`, a number of 128 bits or a map with numbers as keys in a
/// flattened field, or with a value that is nested deeper than [`DEPTH_LIMIT`](Self::DEPTH_LIMIT).
///
/// ```
/// use atoms::{Codec, JsonCodec, Registry, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// let frame = br#"{"order_id":"o-1","type":"shop.order.created","id":"evt-1"}"#;
/// let event = JsonCodec.decode(frame, Registry::linked())?;
/// assert_eq!(event.downcast_ref::<OrderCreated>().unwrap().order_id, "o-1");
/// # Ok::<(), atoms::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonCodec;

/// The envelope of a frame whose payload nobody knows.
#[derive(Deserialize)]
struct RawHead<'a> {
    #[serde(rename = "type", borrow)]
    event_type: &'a RawValue,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// A member of the envelope as far as it is one: what an event that nobody here knows means by these
/// keys is its own business.
fn lenient<T: DeserializeOwned>(member: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(member?.get()).ok()
}

/// The type of a frame, for the error when there is none.
#[derive(Deserialize)]
struct TypeOnly {
    #[serde(rename = "type")]
    event_type: String,
}

impl JsonCodec {
    /// How deep objects and arrays may be nested: as deep as `serde_json` can read.
    pub const DEPTH_LIMIT: usize = 127;

    /// A frame of unknown type is kept as it is, once it is known to be sound.
    fn decode_raw(frame: &str, event_type: &str) -> Result<RawEvent, DecodeError> {
        let head: RawHead<'_> = serde_json::from_str(frame)
            .map_err(|error| in_envelope(frame, error).with_event_type(event_type))?;
        if let Err(error) = type_string::check_raw(event_type) {
            let end =
                head.event_type.get().as_ptr().addr() - frame.as_ptr().addr() + head.event_type.get().len();
            let kind = DecodeErrorKind::Envelope(serde::de::Error::custom(error));
            return Err(DecodeError::at(frame, end, kind).with_event_type(event_type));
        }
        let (id, timestamp, metadata) = (lenient(head.id), lenient(head.timestamp), lenient(head.metadata));
        Ok(RawEvent::new(event_type, frame.as_bytes(), id, timestamp, metadata))
    }

    /// Why no type was found.
    fn no_type(frame: &str) -> DecodeError {
        let object = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(frame).map(drop);
        match object.and_then(|()| serde_json::from_str::<TypeOnly>(frame)) {
            Err(error) => in_envelope(frame, error),
            Ok(TypeOnly { event_type }) => {
                let what = format!("`type` is not where it is looked for: {event_type}");
                DecodeError::new(DecodeErrorKind::Other(what.into()))
            }
        }
    }
}

/// Returns how the event `E` is read from a flat JSON object, and written as one.
pub const fn flat_json<E: Event>() -> FlatJson {
    FlatJson {
        read: |version, frame| {
            let hides = !E::SENSITIVE.is_empty();
            caught(hides, || E::__read(version, frame).map(AnyEvent::from))
        },
        write: encode::write::<E>,
    }
}

fn in_envelope(frame: &str, error: serde_json::Error) -> DecodeError {
    let kind = if error.is_data() { DecodeErrorKind::Envelope } else { DecodeErrorKind::Syntax };
    DecodeError::in_frame(frame, error, kind, Sensitive::NONE)
}

impl Codec for JsonCodec {
    fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError> {
        let text = str::from_utf8(frame).map_err(|e| DecodeError::new(DecodeErrorKind::NotUtf8(e)))?;
        let event_type = scan::find_type(text);
        if scan::is_deeper_than(frame, Self::DEPTH_LIMIT) {
            let error = DecodeError::new(DecodeErrorKind::TooDeep { limit: Self::DEPTH_LIMIT });
            return Err(match event_type {
                Some(event_type) => error.with_event_type(event_type),
                None => error,
            });
        }
        let event_type = event_type.ok_or_else(|| Self::no_type(text))?;
        let Some(known) = registry.event(&event_type) else {
            return Self::decode_raw(text, &event_type).map(AnyEvent::from);
        };
        decode::read(known, text)
    }

    fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let event = event.event_ref();
        match event.event_type() {
            Some(known) => encode::append(known, event, out),
            None => {
                out.extend_from_slice(event.as_raw().map_or(&[], RawEvent::frame));
                Ok(())
            }
        }
    }
}
