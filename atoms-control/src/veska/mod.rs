//! The JSON of Veska, for the events that it has as well.

mod questions;

use atoms_runtime::{
    AnyEvent, Codec, DecodeError, DecodeErrorKind, EncodeError, Envelope, Event, JsonCodec, Registry,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::events::{
    AgentCompleted, AgentCreated, AgentFailed, AgentMessage, AgentStarted, Blank, BugDetected,
    DiscussionStarted, ErrorReported, FixStarted, PhaseCompleted, PhaseStarted, Progress, RunCancelled,
    RunCompleted, RunFailed, RunPaused, RunResumed, RunStarted, TaskCompleted, TaskFailed, TaskStarted,
    Thinking,
};

/// Reads and writes the events of control as [Veska](https://pypi.org/project/veska/) does, so that what watches Veska can
/// watch this:
/// `{"type":"progress","source":"importer","message":"5/10 tasks done (50%)","data":{..},"timestamp":1732150800.25}`.
///
/// Those are the events that tell of runs and of work, and [`QuestionOpened`](crate::QuestionOpened) and
/// [`QuestionAnswered`](crate::QuestionAnswered). Any other event is read and written as [`JsonCodec`] does. What an event
/// has beside its source and its message is in `data`. What a frame has and the event has no field for is kept in the
/// event's metadata, under `veska`, and is written again. The format has no place for the id of the event and for other
/// metadata.
///
/// ```
/// use atoms::control::{Progress, Veska};
/// use atoms::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().codec(Veska).start()?;
/// let frame = br#"{"type":"progress","source":"importer","message":"","data":{"completed":5,"total":10},"timestamp":0.5}"#;
/// let event = bus.decode(frame)?;
/// assert_eq!(event.downcast_ref::<Progress>().unwrap().completed, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Veska;

/// The key of the metadata for what the event has no field for.
const KEPT: &str = "veska";

/// How many microseconds a second has.
const MICROS: f64 = 1_000_000.0;

/// One event as Veska writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    message: String,
    data: Option<Map<String, Value>>,
    timestamp: Option<Number>,
}

/// The type of a frame, to see whose it is.
#[derive(Deserialize)]
struct TypeOnly<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
}

macro_rules! kinds {
    ($($kind:literal: $event:ident,)*) => {
        /// The event as a frame, if it is one of these.
        fn written(event: &AnyEvent) -> Option<Frame> {
            $(if let Some(envelope) = event.downcast_ref::<$event>() {
                return frame($kind, envelope.event());
            })*
            if let Some(envelope) = event.downcast_ref::<AgentCreated>() {
                return created(envelope.event());
            }
            questions::written(event)
        }

        /// The event in a frame, if it is one of these.
        fn read(frame: &Frame) -> Option<AnyEvent> {
            match frame.kind.as_str() {
                MESSAGE if frame.field(AGENT) == Some(&CREATED.into()) => Some(event::<AgentCreated>(frame)),
                $($kind => Some(event::<$event>(frame)),)*
                _ => questions::read(frame),
            }
        }
    };
}

kinds! {
    "started": RunStarted,
    "completed": RunCompleted,
    "failed": RunFailed,
    "paused": RunPaused,
    "resumed": RunResumed,
    "cancelled": RunCancelled,
    "progress": Progress,
    "phase_started": PhaseStarted,
    "phase_completed": PhaseCompleted,
    "agent_started": AgentStarted,
    "agent_completed": AgentCompleted,
    "agent_failed": AgentFailed,
    "agent_message": AgentMessage,
    "task_started": TaskStarted,
    "task_completed": TaskCompleted,
    "task_failed": TaskFailed,
    "error": ErrorReported,
    "bug_detected": BugDetected,
    "discussion_started": DiscussionStarted,
    "fix_started": FixStarted,
    "thinking": Thinking,
}

/// Veska has no type for an agent that was created, and does not read frames of types that it does not know. So it is a message
/// of the agent whose data says this.
const MESSAGE: &str = "agent_message";
const AGENT: &str = "agent";
const CREATED: &str = "created";

fn created(event: &AgentCreated) -> Option<Frame> {
    let mut frame = frame(MESSAGE, event)?;
    frame.data.get_or_insert_default().insert(AGENT.into(), CREATED.into());
    Some(frame)
}

/// What an event says beside its source and its message is its data.
fn frame<E: Event>(kind: &str, event: &E) -> Option<Frame> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(event) else { return None };
    let mut text = |name| match fields.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (source, message) = (text("source"), text("message"));
    fields.retain(|_, value| !value.is_null());
    let data = Some(fields).filter(|fields| !fields.is_empty());
    Some(Frame { kind: kind.into(), source, message, data, timestamp: None })
}

/// The event of a frame, with what its data says of its fields.
fn event<E: Event + Blank>(frame: &Frame) -> AnyEvent {
    let said = serde_json::to_value(E::blank()).ok().and_then(|blank| with_fields::<E>(blank, frame));
    frame.envelope(said.unwrap_or_else(E::blank)).into()
}

/// The event with the fields that the frame has; those alone that every frame has, if the others are of other types.
fn with_fields<E: Event>(blank: Value, frame: &Frame) -> Option<E> {
    let Value::Object(mut fields) = blank else { return None };
    for (name, text) in [("source", &frame.source), ("message", &frame.message)] {
        fields.insert(name.into(), text.clone().into());
    }
    let mut all = fields.clone();
    for (name, value) in frame.data.iter().flatten() {
        if let (Some(field), false) = (all.get_mut(name), matches!(name.as_str(), "source" | "message")) {
            *field = value.clone();
        }
    }
    let read = |fields| serde_json::from_value(Value::Object(fields)).ok();
    read(all).or_else(|| read(fields))
}

impl Frame {
    /// What the data says of this.
    fn field(&self, name: &str) -> Option<&Value> {
        self.data.as_ref()?.get(name)
    }

    /// The event, which happened when the frame says.
    fn envelope<E>(&self, event: E) -> Envelope<E> {
        let envelope = Envelope::new(event);
        match self.timestamp.as_ref().and_then(Number::as_f64) {
            Some(seconds) => {
                envelope.with_timestamp(Timestamp::from_unix_micros((seconds * MICROS).round() as i64))
            }
            None => envelope,
        }
    }

    /// The same, with what was kept of the frame from which the event was read, and with a timestamp.
    fn restored(mut self, event: &AnyEvent) -> Self {
        let kept = event.metadata().get(KEPT).and_then(Value::as_object);
        for (name, value) in kept.into_iter().flatten() {
            match (name.as_str(), value) {
                ("source", Value::String(text)) => self.source.clone_from(text),
                ("message", Value::String(text)) => self.message.clone_from(text),
                ("data", Value::Object(data)) => self.data = Some(data.clone()),
                ("data", Value::Null) => self.data = None,
                ("timestamp", Value::Number(seconds)) => self.timestamp = Some(seconds.clone()),
                _ => {}
            }
        }
        // A number of microseconds is finite.
        self.timestamp =
            self.timestamp.or_else(|| Number::from_f64(event.timestamp().unix_micros() as f64 / MICROS));
        self
    }

    /// What would be written otherwise than it is here, if the event were written.
    fn kept(&self, event: &AnyEvent) -> Map<String, Value> {
        let Some(other) = written(event).map(|frame| frame.restored(event)) else { return Map::new() };
        let mut kept = Map::new();
        if other.source != self.source {
            kept.insert("source".into(), self.source.clone().into());
        }
        if other.message != self.message {
            kept.insert("message".into(), self.message.clone().into());
        }
        if other.data != self.data {
            kept.insert("data".into(), self.data.clone().into());
        }
        if let Some(timestamp) = self.timestamp.as_ref().filter(|own| other.timestamp.as_ref() != Some(own)) {
            kept.insert("timestamp".into(), timestamp.clone().into());
        }
        kept
    }

    fn into_event(self) -> Option<AnyEvent> {
        let event = read(&self)?;
        let kept = self.kept(&event);
        if kept.is_empty() {
            return Some(event);
        }
        let mut metadata = event.metadata().clone();
        metadata.insert(KEPT, kept);
        Some(event.with_metadata(metadata))
    }
}

/// Whether Veska has a type of this name.
fn is_known(kind: &str) -> bool {
    let frame = Frame {
        kind: kind.into(),
        source: String::new(),
        message: String::new(),
        data: None,
        timestamp: None,
    };
    read(&frame).is_some()
}

impl Codec for Veska {
    fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError> {
        let kind = serde_json::from_slice::<TypeOnly<'_>>(frame)
            .ok()
            .map(|it| it.kind)
            .filter(|kind| is_known(kind));
        let Some(kind) = kind else { return JsonCodec.decode(frame, registry) };
        let read = serde_json::from_slice::<Frame>(frame);
        let error = |error| DecodeError::new(DecodeErrorKind::Payload(error)).with_event_type(kind.clone());
        let unknown = || DecodeError::new(DecodeErrorKind::Other("the type is not one of Veska's".into()));
        read.map_err(error)?.into_event().ok_or_else(unknown)
    }

    fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let Some(frame) = written(event) else { return JsonCodec.encode(event, out) };
        let json = serde_json::to_vec(&frame.restored(event));
        out.extend(json.map_err(|error| EncodeError::new(event.event_type(), error))?);
        Ok(())
    }
}
