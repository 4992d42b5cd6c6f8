//! A dead letter as JSON, for those who look after it.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::letter::{Attempt, DeadLetter, LetterRecipient};
use crate::event::Timestamp;

#[derive(Serialize)]
struct Shown<'a> {
    id: u64,
    #[serde(rename = "type")]
    event_type: &'a str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber: Option<&'a str>,
    error: String,
    attempts: &'a [Attempt],
    event: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_error: Option<String>,
}

/// The letter as an object, such as an endpoint for those who run the program answers:
///
/// ```json
/// {
///   "id": 7,
///   "type": "shop.order.created",
///   "at": "2026-11-21T00:38:00.123456Z",
///   "handler": "billing.bill",
///   "error": "out of paper",
///   "attempts": [{"kind": "Error", "error": "out of paper", "at": "2026-11-21T00:38:00.123456Z"}],
///   "event": {"type": "shop.order.created", "id": "0198...", "timestamp": "...", "order_id": "o-1"}
/// }
/// ```
///
/// In place of `handler` there is `subscriber` if one of these failed, and neither if the event was not delivered to
/// anybody. `error` is the last one, or why the event was not delivered. A `kind` is the name of an
/// [`AttemptKind`](crate::AttemptKind). `event` is the event [without its sensitive
/// values](crate::AnyEvent::to_masked_json); if it cannot be written as JSON, that is `null`, and `event_error` says why.
///
/// This is for people, and is not read again: a [`LetterStore`](crate::LetterStore) writes events with
/// [`StoredEvents`](crate::StoredEvents).
impl Serialize for DeadLetter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (handler, subscriber) = match self.recipient() {
            Some(LetterRecipient::Handler(id)) => (Some(&**id), None),
            Some(LetterRecipient::Subscriber(place)) => (None, Some(&**place)),
            None => (None, None),
        };
        let (event, event_error) = match self.event().to_masked_json() {
            Ok(event) => (Some(event), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let shown = Shown {
            id: self.id(),
            event_type: self.event().event_type(),
            at: self.at(),
            handler,
            subscriber,
            error: self.cause().to_string(),
            attempts: self.attempts(),
            event,
            event_error,
        };
        shown.serialize(serializer)
    }
}
