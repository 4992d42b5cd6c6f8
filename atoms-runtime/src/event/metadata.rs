//! The metadata of an event.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::EventId;
use super::size::memory_size;

/// The metadata of an event, beside its payload: a JSON object, with methods for the keys that have a meaning here.
///
/// On the wire it has at most [`Metadata::MAX_BYTES`]: a frame with more is refused, and an event with more is not
/// written. Its numbers have 64 bits: a larger integer in a frame is read as the nearest `f64`.
///
/// ```
/// use atoms::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.set_source("billing");
/// metadata.insert("tenant", "t-1");
/// assert_eq!(metadata.source(), Some("billing"));
/// assert_eq!(metadata.get("tenant").and_then(|tenant| tenant.as_str()), Some("t-1"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MetadataVisitor;

        impl<'de> Visitor<'de> for MetadataVisitor {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Metadata, A::Error> {
                let metadata = Metadata(Map::deserialize(MapAccessDeserializer::new(map))?);
                metadata.check_size().map_err(A::Error::custom)?;
                Ok(metadata)
            }
        }

        deserializer.deserialize_map(MetadataVisitor)
    }
}

/// What events inherit from the one that they follow from, beside its id. What came from elsewhere goes no further than
/// an id could.
const INHERITED: [&str; 2] = ["correlation_id", "session_id"];

/// The keys that events on a bus inherit beside those that all events inherit, with whatever value.
#[derive(Debug, Clone, Default)]
pub(crate) struct InheritedKeys(Option<Arc<[Box<str>]>>);

impl InheritedKeys {
    pub(crate) const NONE: Self = Self(None);

    /// These keys, and those of `keys`.
    pub(crate) fn with(self, keys: impl IntoIterator<Item: Into<String>>) -> Self {
        let keys = keys.into_iter().map(|key| key.into().into_boxed_str());
        Self(Some(self.iter().cloned().chain(keys).collect()))
    }

    fn iter(&self) -> impl Iterator<Item = &Box<str>> {
        self.0.iter().flat_map(|keys| keys.iter())
    }
}

macro_rules! named_keys {
    ($($(#[$doc:meta])* $get:ident, $set:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $get(&self) -> Option<&str> {
                self.0.get(stringify!($get))?.as_str()
            }

            #[doc = concat!("Sets [`", stringify!($get), "`](Self::", stringify!($get), ").")]
            pub fn $set(&mut self, value: impl Into<String>) {
                self.insert(stringify!($get), value.into());
            }
        )*
    };
}

impl Metadata {
    /// The most memory that metadata on the wire may take, in bytes, as [`size`](Self::size) counts them:
    /// 64 KiB.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    named_keys! {
        /// The id of the first event of the chain. An event that follows inherits it if it is a valid [`EventId`], and
        /// otherwise begins a chain of its own.
        correlation_id, set_correlation_id;
        /// The id of the event whose handler emitted this one.
        causation_id, set_causation_id;
        /// Who emitted the event.
        source, set_source;
        /// The session that the event belongs to. An event that follows inherits it if it is a valid [`EventId`]. Other
        /// keys are inherited where [`BusBuilder::inherit`](crate::BusBuilder::inherit) names them.
        session_id, set_session_id;
        /// The version of the payload's schema, as the frame says that the event was read from. A written frame says
        /// the version of the event's struct instead, if that is not 1.
        schema_version, set_schema_version;
        /// The [W3C trace context](https://www.w3.org/TR/trace-context/#traceparent-header).
        traceparent, set_traceparent;
    }

    /// Returns the value of any key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets any key, and returns the value that it had.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// Removes any key, and returns the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// Returns every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns about how many bytes of memory the keys and values take.
    pub fn size(&self) -> usize {
        memory_size(self)
    }

    /// Tells if it is larger than it may be on the wire.
    pub(crate) fn check_size(&self) -> Result<(), String> {
        if self.is_small() {
            return Ok(());
        }
        let (size, max) = (self.size(), Self::MAX_BYTES);
        if size <= max {
            Ok(())
        } else {
            Err(format!("metadata takes at most {max} bytes, and this takes {size}"))
        }
    }

    /// Whether one sees at a glance that it is far from the limit, as most metadata is.
    fn is_small(&self) -> bool {
        let is_short = |text: &str| text.len() <= 1_024;
        let is_small = |value: &Value| match value {
            Value::String(text) => is_short(text),
            Value::Array(_) | Value::Object(_) => false,
            _ => true,
        };
        self.0.len() <= 16 && self.0.iter().all(|(key, value)| is_short(key) && is_small(value))
    }

    /// Fills in what the emitting handler's event says, where nothing is said yet: its id, and what is
    /// [`inherited`](Self::inherited).
    pub(crate) fn inherit(&mut self, causation: &EventId, of: &Self, keys: &InheritedKeys) {
        self.0.entry("causation_id").or_insert_with(|| causation.to_string().into());
        for (key, value) in of.inherited(keys) {
            self.0.entry(key).or_insert_with(|| value.clone());
        }
        self.0.entry("correlation_id").or_insert_with(|| causation.to_string().into());
    }

    /// What events that follow from this one get of it.
    pub(crate) fn inherited<'a>(
        &'a self,
        keys: &'a InheritedKeys,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let is_id = |value: &&Value| value.as_str().is_some_and(|value| EventId::check(value).is_ok());
        let always = INHERITED.into_iter().filter_map(move |key| Some((key, self.get(key).filter(is_id)?)));
        always.chain(keys.iter().filter_map(|key| Some((&**key, self.get(key)?))))
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_id_could_be_goes_no_further() {
        let cause = EventId::generate();
        for (text, goes_on) in [("c-1", true), ("c\n1", false), ("", false), (&*"x".repeat(129), false)] {
            let mut of = Metadata::new();
            of.set_correlation_id(text);
            of.set_session_id(text);
            let mut metadata = Metadata::new();
            metadata.inherit(&cause, &of, &InheritedKeys::NONE);
            let expected = if goes_on { text.to_owned() } else { cause.to_string() };
            assert_eq!(metadata.correlation_id(), Some(&*expected));
            assert_eq!(metadata.session_id(), goes_on.then_some(text));
        }
    }
}
