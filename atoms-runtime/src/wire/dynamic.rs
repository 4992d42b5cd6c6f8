//! Events that are put together at run time.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::checked::{Checked, Notes};
use super::{Codec, DecodeError, EncodeError, JsonCodec};
use crate::catalog::Registry;
use crate::event::type_string::{self, RULE};
use crate::event::{AnyEvent, EventId, Head, Metadata, Timestamp};

/// An event that is put together at run time: a type string, and arguments by their names.
///
/// It is for what no code knows when it is compiled: a script, a rule in a database, an agent's choice.
/// [`Bus::emit_dynamic`](crate::Bus::emit_dynamic) emits it. If its type is one of the registry's, its
/// arguments are the fields of that event's struct, and are checked as those of a frame are; otherwise it
/// is a [`RawEvent`](crate::RawEvent).
///
/// That a `must_handle` event is handled the linker cannot ask for here, as nothing is known at compile
/// time; the receipt of one that nobody handled is an error all the same.
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

/// Why a [`DynamicEvent`] is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// The type is no type string.
    #[error("{event_type:?} is not a type: {RULE}")]
    EventType {
        /// The type.
        event_type: String,
    },
    /// An argument is called like a key of the envelope.
    #[error("`{event_type}` cannot have an argument `{name}`, which the envelope of every event has; {}", fix(.name))]
    EnvelopeKey {
        /// The type of the event.
        event_type: String,
        /// The name of the argument.
        name: String,
    },
    /// An argument is nothing that JSON has.
    #[error("the argument `{name}` of `{event_type}` cannot be written: {cause}")]
    Argument {
        /// The type of the event.
        event_type: String,
        /// The name of the argument.
        name: String,
        /// Why.
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
    /// An event of this type that happens now, without arguments.
    ///
    /// Whether the type is a type string is found out when it becomes an event. Those of the framework's
    /// namespaces are types like any other here.
    pub fn new(event_type: impl Into<String>) -> Self {
        Self {
            event_type: event_type.into(),
            id: EventId::generate(),
            timestamp: Timestamp::now(),
            metadata: Metadata::new(),
            arguments: BTreeMap::new(),
        }
    }

    /// Sets an argument to whatever serde can write, a [`Value`] among it. A second one of the name replaces
    /// the first. What JSON does not have, such as a number that is not finite, is found out when this becomes
    /// an event.
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

    /// Sets the metadata. With a `schema_version` in it, the arguments are those of that version of the
    /// event, and else those of the newest.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The type, as it was given.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The event: that of the registry, if it has the type, and otherwise a [`RawEvent`](crate::RawEvent),
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
    pub(crate) fn follow(&mut self, parent: &Head) {
        parent.pass_on(&mut self.metadata);
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
