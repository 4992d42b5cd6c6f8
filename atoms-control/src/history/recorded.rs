//! One event of the history.

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{AnyEvent, Codec, EncodeError, EventId, JsonCodec, Registry, Shown, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

use crate::events::told;
use crate::principal::Principal;
use crate::work::{Run, RunId};

/// An event that was delivered, as it is shown to those who look back: without the values of fields that are `sensitive`.
///
/// It is written as that, by its `Serialize`, and read again as that, also by a program that does not have the struct of the
/// event any more.
#[derive(Clone)]
pub struct Recorded {
    event: AnyEvent,
    /// What is not known of the event itself, if it was read.
    read: Option<Arc<Read>>,
}

/// What is known of an event that was read.
struct Read {
    source: Option<String>,
    message: Option<String>,
    runs: Vec<RunId>,
    principals: Vec<String>,
}

/// An event as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    event: Value,
    /// Whether it is one of control's, whose source and message are fields of it.
    is_told: bool,
    runs: Vec<RunId>,
    principals: Vec<String>,
}

impl Recorded {
    pub(crate) fn new(event: AnyEvent) -> Self {
        Self { event, read: None }
    }

    pub(super) fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// Returns about how many bytes of memory it takes: see [`AnyEvent::size`].
    pub fn size(&self) -> usize {
        self.event.size()
    }

    /// Returns the type string.
    pub fn event_type(&self) -> &str {
        self.event.event_type()
    }

    /// Returns the id.
    pub fn id(&self) -> &EventId {
        self.event.id()
    }

    /// Returns when it happened.
    pub fn timestamp(&self) -> Timestamp {
        self.event.timestamp()
    }

    /// Returns who tells it: the source of an event of control, and otherwise the one that the metadata name.
    pub fn source(&self) -> Option<&str> {
        match &self.read {
            Some(read) => read.source.as_deref(),
            None => told(&self.event).map(|told| told.source).or_else(|| self.event.metadata().source()),
        }
    }

    /// Returns what an event of control says to a person.
    pub fn message(&self) -> Option<&str> {
        match &self.read {
            Some(read) => read.message.as_deref(),
            None => told(&self.event).map(|told| told.message),
        }
    }

    /// Returns the run that it belongs to.
    pub fn run(&self) -> Option<RunId> {
        match &self.read {
            Some(read) => read.runs.first().copied(),
            None => self.event.carried::<Run>().map(Run::id),
        }
    }

    /// Returns the run that it belongs to, and then those of which that is a part.
    pub fn runs(&self) -> Vec<RunId> {
        match &self.read {
            Some(read) => read.runs.clone(),
            None => self.event.carried::<Run>().into_iter().flat_map(Run::ancestry).map(Run::id).collect(),
        }
    }

    /// Returns whether it is of work for this principal: of a run that [is](Run::is_for), or, if its run is for nobody, of
    /// an event that carries a principal of this name.
    pub fn is_for(&self, principal: &Principal) -> bool {
        match &self.read {
            Some(read) => read.principals.iter().any(|name| name == principal.name()),
            None => match self.run_of_somebody() {
                Some(run) => run.is_for(principal),
                None => self.event.carried::<Principal>().is_some_and(|own| own.name() == principal.name()),
            },
        }
    }

    fn run_of_somebody(&self) -> Option<&Run> {
        self.event.carried::<Run>().filter(|run| run.principal().is_some())
    }

    /// The names of those for whom it is.
    fn principals(&self) -> Vec<String> {
        match (&self.read, self.run_of_somebody()) {
            (Some(read), _) => read.principals.clone(),
            (None, Some(run)) => names(run.ancestry().filter_map(Run::principal)),
            (None, None) => names(self.event.carried::<Principal>().into_iter()),
        }
    }

    /// Returns the session that it belongs to.
    pub fn session(&self) -> Option<&str> {
        self.event.metadata().session_id()
    }

    /// Returns the id of the first event of its chain.
    pub fn correlation(&self) -> Option<&str> {
        self.event.metadata().correlation_id()
    }

    /// Returns the id of the event from which it follows.
    pub fn cause(&self) -> Option<&str> {
        self.event.metadata().causation_id()
    }

    /// Whether it belongs to this run, or to a part of it.
    pub(super) fn belongs_to(&self, run: RunId) -> bool {
        match &self.read {
            Some(read) => read.runs.contains(&run),
            None => {
                self.event.carried::<Run>().into_iter().flat_map(Run::ancestry).any(|own| own.id() == run)
            }
        }
    }

    /// Returns the event as flat JSON, with `***` in the place of each sensitive value. Of an event whose type this program
    /// does not know, nobody knows what is sensitive: its fields are all hidden. Fails if the event cannot be written.
    pub fn to_json(&self) -> Result<Value, EncodeError> {
        if self.read.is_none() {
            return self.event.to_masked_json();
        }
        let mut frame = Vec::new();
        JsonCodec.encode(&self.event, &mut frame)?;
        serde_json::from_slice(&frame).map_err(|error| EncodeError::new(self.event_type(), error))
    }
}

fn names<'a>(principals: impl Iterator<Item = &'a Principal>) -> Vec<String> {
    principals.map(|principal| principal.name().to_owned()).collect()
}

impl Serialize for Recorded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.to_json().map_err(ser::Error::custom)?;
        let (is_told, runs, principals) = (self.message().is_some(), self.runs(), self.principals());
        Written { event, is_told, runs, principals }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Recorded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { event: json, is_told, runs, principals } = Written::deserialize(deserializer)?;
        let frame = json.to_string();
        let event = JsonCodec.decode(frame.as_bytes(), &Registry::default()).map_err(de::Error::custom)?;
        let text = |name: &str| json.get(name).and_then(Value::as_str).filter(|_| is_told).map(str::to_owned);
        let source = if is_told { text("source") } else { event.metadata().source().map(str::to_owned) };
        let read = Read { source, message: text("message"), runs, principals };
        Ok(Self { event, read: Some(Arc::new(read)) })
    }
}

/// `atoms.progress: 5/10 tasks done (50%)`
impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self.event_type()).fmt(f)?;
        match self.message().filter(|message| !message.is_empty()) {
            Some(message) => write!(f, ": {}", Shown(message)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("id", self.id())
            .field("timestamp", &self.timestamp())
            .field("event", &format_args!("{self}"))
            .finish_non_exhaustive()
    }
}
