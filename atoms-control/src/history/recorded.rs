//! One event of the history.

use std::fmt;

use atoms_runtime::{AnyEvent, Codec, EncodeError, EventId, JsonCodec, Shown, Timestamp};
use serde_json::Value;

use crate::events::told;
use crate::principal::Principal;
use crate::work::{Run, RunId};

/// What stands in the place of a sensitive value.
const MASK: &str = "***";

/// An event that was delivered, as it is shown to those who look back: without the values of fields that are `sensitive`.
#[derive(Clone)]
pub struct Recorded(AnyEvent);

impl Recorded {
    pub(super) fn new(event: AnyEvent) -> Self {
        Self(event)
    }

    pub(super) fn event(&self) -> &AnyEvent {
        &self.0
    }

    /// Returns the type string.
    pub fn event_type(&self) -> &str {
        self.0.event_type()
    }

    /// Returns the id.
    pub fn id(&self) -> &EventId {
        self.0.id()
    }

    /// Returns when it happened.
    pub fn timestamp(&self) -> Timestamp {
        self.0.timestamp()
    }

    /// Returns who tells it: the source of an event of control, and otherwise the one that the metadata name.
    pub fn source(&self) -> Option<&str> {
        told(&self.0).map(|told| told.source).or_else(|| self.0.metadata().source())
    }

    /// Returns what an event of control says to a person.
    pub fn message(&self) -> Option<&str> {
        told(&self.0).map(|told| told.message)
    }

    /// Returns the run that it belongs to.
    pub fn run(&self) -> Option<RunId> {
        self.0.carried::<Run>().map(Run::id)
    }

    /// Returns whether it is of work for this principal: of a run that [is](Run::is_for), or, if its run is for nobody, of
    /// an event that carries a principal of this name.
    pub fn is_for(&self, principal: &Principal) -> bool {
        match self.0.carried::<Run>().filter(|run| run.principal().is_some()) {
            Some(run) => run.is_for(principal),
            None => self.0.carried::<Principal>().is_some_and(|own| own.name() == principal.name()),
        }
    }

    /// Returns about how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Returns the session that it belongs to.
    pub fn session(&self) -> Option<&str> {
        self.0.metadata().session_id()
    }

    /// Returns the id of the event from which it follows.
    pub fn cause(&self) -> Option<&str> {
        self.0.metadata().causation_id()
    }

    /// Whether it belongs to this run, or to a part of it.
    pub(super) fn belongs_to(&self, run: RunId) -> bool {
        self.0.carried::<Run>().into_iter().flat_map(Run::ancestry).any(|own| own.id() == run)
    }

    /// Returns the event as flat JSON, with `***` in the place of each sensitive value. Of an event whose type this program
    /// does not know, nobody knows what is sensitive: its fields are all hidden. Fails if the event cannot be written.
    pub fn to_json(&self) -> Result<Value, EncodeError> {
        let mut frame = Vec::new();
        JsonCodec.encode(&self.0, &mut frame)?;
        let json = serde_json::from_slice(&frame);
        let mut json: Value = json.map_err(|error| EncodeError::new(self.event_type(), error))?;
        let sensitive = self.0.known_type().map_or(&[""][..], |known| known.sensitive());
        let Some(fields) = json.as_object_mut() else { return Ok(json) };
        for (name, value) in fields {
            let is_envelope = matches!(name.as_str(), "type" | "id" | "timestamp" | "metadata");
            // A flattened field has no name of its own.
            let hides = |hidden: &&str| hidden.is_empty() || *hidden == name.as_str();
            if !is_envelope && sensitive.iter().any(hides) {
                *value = MASK.into();
            }
        }
        Ok(json)
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
