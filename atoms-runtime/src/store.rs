//! What the stores of a bus have in common.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::catalog::Registry;
use crate::event::{AnyEvent, EventId, EventKey, Metadata, Restore, Timestamp};
use crate::wire::{self, Codec};

/// The future that a method of a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store failed.
#[derive(Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Arc<dyn Error + Send + Sync>,
}

/// How a store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be read or written now.
    Unavailable,
    /// There is no room in it.
    Full,
    /// What it holds cannot be read.
    Unreadable,
    /// The event cannot be written.
    Unwritable,
    /// It was given back, or done, by somebody else.
    Lost,
}

impl StoreError {
    /// Creates an error of this kind, with its cause.
    pub fn new(kind: StoreErrorKind, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, cause: cause.into().into() }
    }

    /// Returns how the store failed.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StoreErrorKind::Unavailable => "the store cannot be read or written now",
            StoreErrorKind::Full => "the store is full",
            StoreErrorKind::Unreadable => "the store holds what cannot be read",
            StoreErrorKind::Unwritable => "the event cannot be written to the store",
            StoreErrorKind::Lost => "somebody else has it in the store",
        };
        write!(f, "{what}: {}", self.cause)
    }
}

crate::text::debug_as_display!(StoreError);

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// Two errors are equal if they are the same one.
impl PartialEq for StoreError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cause, &other.cause)
    }
}

impl Eq for StoreError {}

/// Writes events for a store, and reads them back, with the codec of a bus.
///
/// The bytes contain more than the frame: they also say how long the chain of the event is, and which
/// [values](crate::Carried) it carries. A store keeps them as they are.
#[derive(Clone)]
pub struct StoredEvents {
    bus: Weak<dyn Frames>,
}

/// What events are written and read with: a bus has it.
pub(crate) trait Frames: Send + Sync {
    fn codec(&self) -> &dyn Codec;

    fn registry(&self) -> &Registry;

    /// How the values that events carry are brought back with them, by the names under which they are stored.
    fn restores(&self) -> &HashMap<&'static str, Restore>;
}

/// Of what is written here: a later version of this crate reads this one, too.
const VERSION: u8 = 1;

impl StoredEvents {
    pub(crate) fn of(bus: Weak<dyn Frames>) -> Self {
        Self { bus }
    }

    fn bus(&self) -> Result<Arc<dyn Frames>, StoreError> {
        let bus = self.bus.upgrade();
        bus.ok_or_else(|| StoreError::new(StoreErrorKind::Unavailable, "the bus has ended"))
    }

    /// Writes an event.
    ///
    /// Fails if the event carries a value that stored events keep and that the bus cannot restore, because
    /// [`BusBuilder::carries`](crate::BusBuilder::carries) did not name its type.
    pub fn write(&self, event: &AnyEvent) -> Result<Vec<u8>, StoreError> {
        let bus = self.bus()?;
        let values = values(&*bus, event)?;
        let mut out = vec![VERSION];
        out.extend_from_slice(&event.hops().to_le_bytes());
        out.extend_from_slice(&(values.len() as u64).to_le_bytes());
        out.extend_from_slice(&values);
        match wire::encode(bus.codec(), event, &mut out, bus.registry()) {
            Ok(()) => Ok(out),
            Err(error) => Err(StoreError::new(StoreErrorKind::Unwritable, error)),
        }
    }

    /// Reads an event. An event that the program does not know any more, or that does not match its struct, is a
    /// [`RawEvent`](crate::RawEvent).
    pub fn read(&self, stored: &[u8]) -> Result<AnyEvent, StoreError> {
        let bus = self.bus()?;
        let unreadable = |cause: String| StoreError::new(StoreErrorKind::Unreadable, cause);
        let (version, rest) = stored.split_first().ok_or_else(|| unreadable("it is empty".into()))?;
        if *version != VERSION {
            return Err(unreadable(format!("it is of version {version}, which is not known")));
        }
        let (hops, values, frame) = parts(rest).ok_or_else(|| unreadable("it is cut off".into()))?;
        let event = wire::decode(bus.codec(), frame, bus.registry())
            .or_else(|_| wire::decode(bus.codec(), frame, &Registry::default()))
            .map_err(|error| StoreError::new(StoreErrorKind::Unreadable, error))?;
        restore(&*bus, event.with_hops(hops), values)
    }
}

/// The value that says what is not in the frame of a [`RawEvent`](crate::RawEvent), which is kept as it came in.
const ENVELOPE: &str = "atoms.envelope";

/// The value that says which bus has checked the event when it was posted.
const CHECKED: &str = "atoms.checked";

/// The value that is the key with which the event was posted, if that is not its own: JSON as text, or null for none.
const KEY: &str = "atoms.key";

/// The envelope of an event.
#[derive(Serialize, Deserialize)]
struct StoredEnvelope {
    id: EventId,
    timestamp: Timestamp,
    metadata: Metadata,
}

impl StoredEnvelope {
    fn of(event: &AnyEvent) -> Self {
        Self { id: event.id().clone(), timestamp: event.timestamp(), metadata: event.metadata().clone() }
    }

    fn restore(self, event: AnyEvent) -> AnyEvent {
        event.with_parts(self.id, self.timestamp, self.metadata)
    }
}

/// The values that an event carries, as a JSON object; nothing if there are none.
fn values(bus: &dyn Frames, event: &AnyEvent) -> Result<Vec<u8>, StoreError> {
    let unwritable = |cause: Box<dyn Error + Send + Sync>| StoreError::new(StoreErrorKind::Unwritable, cause);
    let mut values = BTreeMap::new();
    for (name, json) in event.stored_values() {
        if !bus.restores().contains_key(name) {
            let problem = format!(
                "it carries a value that is stored as `{name}`, which this bus cannot bring back: name the type with \
                 `BusBuilder::carries`"
            );
            return Err(unwritable(problem.into()));
        }
        let json = json.and_then(RawValue::from_string).map_err(|error| unwritable(error.into()))?;
        values.insert(name, json);
    }
    if event.as_raw().is_some() {
        let envelope = to_raw_value(&StoredEnvelope::of(event)).map_err(|error| unwritable(error.into()))?;
        values.insert(ENVELOPE, envelope);
    }
    if let Some(mark) = event.head().post_mark() {
        values.insert(CHECKED, to_raw_value(&mark).map_err(|error| unwritable(error.into()))?);
    }
    if let Some(key) = event.head().key() {
        let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()));
        values.insert(KEY, to_raw_value(&key).map_err(|error| unwritable(error.into()))?);
    }
    if values.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::to_vec(&values).map_err(|error| unwritable(error.into()))
}

/// The hops, the values and the frame.
fn parts(stored: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (hops, rest) = stored.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (values, frame) = rest.split_at_checked(length)?;
    Some((u32::from_le_bytes(*hops), values, frame))
}

fn restore(bus: &dyn Frames, mut event: AnyEvent, values: &[u8]) -> Result<AnyEvent, StoreError> {
    if values.is_empty() {
        return Ok(event);
    }
    let unreadable = |error| StoreError::new(StoreErrorKind::Unreadable, error);
    let mut values: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(values).map_err(unreadable)?;
    if let Some(json) = values.remove(ENVELOPE) {
        let envelope: StoredEnvelope = serde_json::from_str(json.get()).map_err(unreadable)?;
        event = envelope.restore(event);
    }
    if let Some(json) = values.remove(CHECKED) {
        event = event.with_post_mark(serde_json::from_str(json.get()).map_err(unreadable)?);
    }
    if let Some(json) = values.remove(KEY) {
        let key: Option<String> = serde_json::from_str(json.get()).map_err(unreadable)?;
        event = event.with_key(key.map(|key| EventKey::from_bytes(key.as_bytes())));
    }
    for (name, json) in values {
        match bus.restores().get(&*name) {
            Some(restore) => event = restore(event, json.get()).map_err(unreadable)?,
            None => {
                let (r#type, id) = (event.event_type(), event.id());
                tracing::error!(r#type, %id, name, "a stored event carries a value that this bus does not know");
            }
        }
    }
    Ok(event)
}

impl fmt::Debug for StoredEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEvents").finish_non_exhaustive()
    }
}
