//! Events that are put together at run time.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::checked::{Checked, Notes};
use super::{Codec, DecodeError, EncodeError, JsonCodec};
use crate::catalog::Registry;
use crate::event::type_string::{self, RULE};
use crate::event::{AnyEvent, EventId, Head, InheritedKeys, Metadata, Timestamp};

/// An event that is put together at run time: a type string, and arguments by their names.
///
/// It is for events that are not known at compile time: from a script, a rule in a database, or an agent's choice.
/// [`Bus::emit_dynamic`](crate::Bus::emit_dynamic) emits it. If its type is one of the registry's, its arguments are
/// the fields of that event's struct, and are checked as those of a frame are; otherwise it is a
/// [`RawEvent`](crate::RawEvent).
///
/// The linker cannot check that a `must_handle` event has a handler here, since nothing is known at compile time. If
/// nothing handles it, its receipt is an error all the same.
///
/// ```
/// use atoms::{DynamicEvent, Registry, event};
///
/// #[event(type = "shop.booking.initiated")]
/// struct BookingInitiated {
///     party_size: u32,
/// }
///
/// let event = DynamicEvent::new("shop.booking.initiated").with("party_size", 4);
/// let event = event.into_event(Registry::linked())?;
/// assert_eq!(event.downcast_ref::<BookingInitiated>().unwrap().party_size, 4);
///
/// let event = DynamicEvent::new("shop.booking.initiated").with("party_size", "four");
/// assert_eq!(
///     event.into_event(Registry::linked()).unwrap_err().to_string(),
///     "cannot decode `shop.booking.initiated`: at `party_size`: \
///      invalid type: string \"four\", expected u32"
/// );
/// # Ok::<(), atoms::DynamicError>(())
/// ```
pub struct DynamicEvent {
    event_type: String,
    id: EventId,
    timestamp: Timestamp,
    metadata: Metadata,
    arguments: BTreeMap<String, Result<Value, serde_json::Error>>,
}

/// A [`DynamicEvent`] is not a valid event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// The type is not a type string.
    #[error("{event_type:?} is not a valid type string: {RULE}")]
    EventType {
        /// The type.
        event_type: String,
    },
    /// An argument has the name of a key of the envelope.
    #[error("`{event_type}` cannot have an argument `{name}`, which the envelope of every event has; {}", fix(.name))]
    EnvelopeKey {
        /// The type of the event.
        event_type: String,
        /// The name of the argument.
        name: String,
    },
    /// An argument cannot be written as JSON.
    #[error("the argument `{name}` of `{event_type}` cannot be written: {cause}")]
    Argument {
        /// The type of the event.
        event_type: String,
        /// The name of the argument.
        name: String,
        /// The reason.
        #[source]
        cause: serde_json::Error,
    },
    /// The event cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An argument is not what the event's struct says, or is missing.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

fn fix(name: &str) -> &'static str {
    match name {
        "id" => "`with_id` sets it",
        "timestamp" => "`with_timestamp` sets it",
        "metadata" => "`with_metadata` sets it",
        _ => "`DynamicEvent::new` takes it",
    }
}

const ENVELOPE: [&str; 4] = ["type", "id", "timestamp", "metadata"];

impl DynamicEvent {
    /// Creates an event of this type that happens now, without arguments.
    ///
    /// The type string is checked when this becomes an event. Types of the framework's own namespaces are allowed.
    pub fn new(event_type: impl Into<String>) -> Self {
        Self {
            event_type: event_type.into(),
            id: EventId::generate(),
            timestamp: Timestamp::now(),
            metadata: Metadata::new(),
            arguments: BTreeMap::new(),
        }
    }

    /// Sets an argument to any value that serde can write, such as a [`Value`]. It replaces an earlier one of the same
    /// name. A value that JSON does not have, such as a number that is not finite, is reported when this becomes an
    /// event.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(Checked::new(&value, &Notes::default()));
        self.arguments.insert(name.into(), value);
        self
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.id = id;
        self
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// Sets the metadata. With a `schema_version` in it, the arguments are those of that version of the event, and
    /// otherwise those of the newest.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Returns the type, as it was given.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the event: one of the registry's, if it has the type, and otherwise a [`RawEvent`](crate::RawEvent),
    /// whose frame is a flat JSON object with the arguments beside the keys of the envelope.
    pub fn into_event(mut self, registry: &Registry) -> Result<AnyEvent, DynamicError> {
        let arguments = self.checked_arguments()?;
        let newest = registry.event(&self.event_type).map_or(1, |known| known.version());
        if newest > 1 && self.metadata.get("schema_version").is_none() {
            self.metadata.set_schema_version(newest.to_string());
        }
        let frame = serde_json::to_vec(&Frame::new(&self, &arguments));
        let frame = frame.map_err(|error| EncodeError::new(self.event_type, error))?;
        Ok(JsonCodec.decode(&frame, registry).map_err(DecodeError::without_place)?)
    }

    /// Makes this event a consequence of `parent`, as far as its frame says it.
    pub(crate) fn follow(&mut self, parent: &Head, keys: &InheritedKeys) {
        parent.pass_on(&mut self.metadata, keys);
    }

    fn checked_arguments(&mut self) -> Result<Map<String, Value>, DynamicError> {
        let arguments = std::mem::take(&mut self.arguments).into_iter();
        let event_type = || self.event_type.clone();
        if !type_string::is_valid(&self.event_type) {
            return Err(DynamicError::EventType { event_type: event_type() });
        }
        let checked = arguments.map(|(name, value)| match value {
            _ if ENVELOPE.contains(&name.as_str()) => {
                Err(DynamicError::EnvelopeKey { event_type: event_type(), name })
            }
            Ok(value) => Ok((name, value)),
            Err(cause) => Err(DynamicError::Argument { event_type: event_type(), name, cause }),
        });
        checked.collect()
    }
}

/// The frame of a dynamic event.
#[derive(Serialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    id: &'a EventId,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: &'a Metadata,
    #[serde(flatten)]
    arguments: &'a Map<String, Value>,
}

impl<'a> Frame<'a> {
    fn new(event: &'a DynamicEvent, arguments: &'a Map<String, Value>) -> Self {
        let DynamicEvent { event_type, id, timestamp, metadata, .. } = event;
        Self { event_type, id, timestamp: *timestamp, metadata, arguments }
    }
}

impl fmt::Debug for DynamicEvent {
    /// Shows the names of the arguments only: which of their values are sensitive nobody knows here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicEvent")
            .field("event_type", &self.event_type)
            .field("id", &self.id)
            .field("timestamp", &self.timestamp)
            .field("metadata", &self.metadata)
            .field("arguments", &self.arguments.keys())
            .finish()
    }
}
