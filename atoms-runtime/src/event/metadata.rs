//! What travels beside an event's payload.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EventId;
use super::size::size_of_value;

/// What travels beside an event's payload: a JSON object, with names for the keys that matter here.
///
/// ```
/// use atoms_runtime::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.set_source("billing");
/// metadata.insert("tenant", "t-1");
/// assert_eq!(metadata.source(), Some("billing"));
/// assert_eq!(metadata.get("tenant").and_then(|tenant| tenant.as_str()), Some("t-1"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

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
    /// Empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    named_keys! {
        /// The id of the event that a whole chain of events began with.
        correlation_id, set_correlation_id;
        /// The id of the event whose handler emitted this one.
        causation_id, set_causation_id;
        /// Who emitted the event.
        source, set_source;
        /// The session that the event belongs to.
        session_id, set_session_id;
        /// The version of the payload's schema, as the frame says it that the event came in. What is
        /// written says the version of the event's struct instead, if that is not 1.
        schema_version, set_schema_version;
        /// The [W3C trace context](https://www.w3.org/TR/trace-context/#traceparent-header).
        traceparent, set_traceparent;
    }

    /// The value of any key.
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

    /// Every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns about how many bytes of memory the keys and values take.
    pub fn size(&self) -> usize {
        size_of_value(self)
    }

    /// Fills in what the emitting handler's event says, where nothing is said yet.
    pub(crate) fn inherit(&mut self, causation: &EventId, of: &Self) {
        self.0.entry("causation_id").or_insert_with(|| causation.to_string().into());
        let correlation = || of.correlation_id().map_or_else(|| causation.to_string(), ToOwned::to_owned);
        self.0.entry("correlation_id").or_insert_with(|| correlation().into());
        if let Some(session) = of.session_id() {
            self.0.entry("session_id").or_insert_with(|| session.into());
        }
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
