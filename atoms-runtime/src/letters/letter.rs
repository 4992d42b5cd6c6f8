//! One event that was not delivered for good.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Registry;
use crate::event::{AnyEvent, Timestamp};
use crate::handler::{FailureKind, Recipient, Refusal};

/// An event that was not delivered in the end: to one handler, or to anybody.
///
/// Apart from the event, it holds nothing of the running program: the handler is named by its identity, and its errors
/// are text. So it means the same in another process.
///
/// Its [`Serialize`](#impl-Serialize-for-DeadLetter) writes it for those who look after it, without the event's sensitive
/// values, such as for an endpoint. [`DeadLetters::list`](crate::DeadLetters::list) has each letter in an `Arc`, so `letter` is written
/// as `json!(*letter)` or `to_value(&*letter)`:
///
/// ```
/// # use atoms::{Bus, event, handler};
/// #[event(type = "shop.order.created")]
/// struct OrderCreated { order_id: String }
///
/// #[handler(id = "billing.bill")]
/// fn bill(_: &OrderCreated) -> Result<(), &'static str> {
///     Err("out of paper")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<bill>().start()?;
/// assert!(!bus.emit(OrderCreated { order_id: "o-1".into() }).await.is_ok());
/// let json = serde_json::to_value(&*bus.dead_letters().list().await?[0])?;
/// assert_eq!((&json["handler"], &json["error"]), (&"billing.bill".into(), &"out of paper".into()));
/// assert_eq!(json["event"]["order_id"], "o-1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub(crate) id: u64,
    pub(crate) event: AnyEvent,
    pub(crate) cause: DeadLetterCause,
    /// How many bytes of memory it takes.
    pub(crate) size: usize,
    pub(crate) at: Timestamp,
}

/// How many attempts are kept of a letter whose handler is called again and again: the latest ones.
pub(crate) const MAX_ATTEMPTS: usize = 64;

/// How many bytes the errors of a letter's attempts take together, but for the last one's: of the latest.
const ERROR_BYTES: usize = 64 * 1024;

/// Why an event became a [`DeadLetter`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeadLetterCause {
    /// One delivery failed.
    Failed {
        /// The handler or subscriber that failed.
        recipient: LetterRecipient,
        /// The failed calls, in order. The last one is why the delivery was given up.
        attempts: Vec<Attempt>,
    },
    /// The event was not delivered to anybody.
    Refused(Refusal),
}

/// The handler or subscriber that failed to handle the event of a [`DeadLetter`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LetterRecipient {
    /// The handler with this identity: [`HandlerInfo::id`](crate::HandlerInfo::id).
    Handler(String),
    /// A subscriber of the running bus, by the place in the source that subscribed it, such as `src/lib.rs:12`.
    Subscriber(String),
}

/// One call of a handler that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    kind: AttemptKind,
    error: String,
    at: Timestamp,
}

/// How a call of a handler failed: a [`FailureKind`] without its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AttemptKind {
    /// The handler returned an error.
    Error,
    /// The handler panicked.
    Panic,
    /// A parameter could not be extracted.
    Extract,
    /// The event is not the one that the handler takes.
    WrongEvent,
    /// The handler did not return in time.
    TimedOut,
    /// A [`Layer`](crate::Layer) kept the event from the handler.
    Vetoed,
    /// The handler is `detached`, and could not be started.
    NotDetached,
    /// The handler is `detached`, and the runtime that it ran in ended before it was done.
    RuntimeEnded,
    /// The event was posted for a handler that is not on this bus, or does not take the event any more.
    NoHandler,
}

impl DeadLetter {
    /// Creates a letter that is given up now.
    pub fn new(id: u64, event: AnyEvent, cause: DeadLetterCause) -> Self {
        let size = event.size() + cause.size();
        Self { id, event, cause, size, at: Timestamp::now() }
    }

    /// Returns the same letter, given up at this time, as a store reads it back.
    #[must_use]
    pub fn with_time(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the number of the letter. A letter that is redelivered and fails again keeps its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the event.
    pub fn event(&self) -> &AnyEvent {
        &self.event
    }

    /// Returns why the event was not delivered.
    pub fn cause(&self) -> &DeadLetterCause {
        &self.cause
    }

    /// Returns the handler or subscriber that failed, or `None` if the event was not delivered to anybody.
    pub fn recipient(&self) -> Option<&LetterRecipient> {
        self.cause.recipient()
    }

    /// Returns the identity of the handler that failed ([`HandlerInfo::id`](crate::HandlerInfo::id)), or `None` if a subscriber
    /// did, or the event was not delivered to anybody.
    pub fn handler(&self) -> Option<&str> {
        match self.recipient() {
            Some(LetterRecipient::Handler(id)) => Some(id),
            _ => None,
        }
    }

    /// Returns the failed calls of the handler in order, including those of redeliveries. It is empty if there was
    /// none. The last 64 are kept, or as many of them as have errors of 64 KiB together, as they are shown.
    pub fn attempts(&self) -> &[Attempt] {
        match &self.cause {
            DeadLetterCause::Failed { attempts, .. } => attempts,
            DeadLetterCause::Refused(_) => &[],
        }
    }

    /// Returns when it was given up.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

impl DeadLetterCause {
    /// That this recipient failed, after these attempts.
    pub(crate) fn failed(recipient: Recipient, attempts: Vec<Attempt>) -> Self {
        Self::Failed { recipient: recipient.into(), attempts }
    }

    /// Puts these attempts before its own, as far as there is room for them.
    pub(crate) fn follow(&mut self, earlier: &[Attempt]) {
        let Self::Failed { attempts, .. } = self else { return };
        attempts.splice(..0, earlier.iter().cloned());
        let mut bytes = 0;
        let kept = attempts.iter().rev().enumerate().take(MAX_ATTEMPTS).take_while(|(place, attempt)| {
            bytes += attempt.size();
            *place == 0 || bytes <= ERROR_BYTES
        });
        let too_many = attempts.len() - kept.count();
        attempts.drain(..too_many);
    }

    /// How many bytes of memory it takes.
    fn size(&self) -> usize {
        match self {
            Self::Failed { attempts, .. } => attempts.iter().map(Attempt::size).sum(),
            Self::Refused(_) => 0,
        }
    }

    pub(crate) fn recipient(&self) -> Option<&LetterRecipient> {
        match self {
            Self::Failed { recipient, .. } => Some(recipient),
            Self::Refused(_) => None,
        }
    }
}

impl Attempt {
    pub(crate) fn new(error: &FailureKind) -> Self {
        Self { kind: error.into(), error: error.to_string(), at: Timestamp::now() }
    }

    /// That there is no handler to call.
    pub(crate) fn no_handler() -> Self {
        let error = "no handler of this identity on this bus takes the event: if it was renamed or moved, say \
                     `#[handler(was = \"...\")]` on it";
        Self { kind: AttemptKind::NoHandler, error: error.into(), at: Timestamp::now() }
    }

    /// Returns how the call failed.
    pub fn kind(&self) -> AttemptKind {
        self.kind
    }

    /// Returns the text of the error.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// Returns when the call had failed.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.error.len()
    }
}

impl LetterRecipient {
    /// Whether `other` is the same one, under the identity that the handler has now.
    pub(crate) fn is_now(&self, other: &Self, registry: &Registry) -> bool {
        let (Self::Handler(was), Self::Handler(is)) = (self, other) else { return self == other };
        was == is || registry.handler(is).is_some_and(|info| info.was().contains(&was.as_str()))
    }
}

impl From<Recipient> for LetterRecipient {
    fn from(recipient: Recipient) -> Self {
        match recipient {
            Recipient::Handler(info) => Self::Handler(info.id().into()),
            Recipient::Subscriber(place) => Self::Subscriber(format!("{}:{}", place.file(), place.line())),
        }
    }
}

impl From<&FailureKind> for AttemptKind {
    fn from(kind: &FailureKind) -> Self {
        match kind {
            FailureKind::Error(_) => Self::Error,
            FailureKind::Panic(_) => Self::Panic,
            FailureKind::Extract(_) => Self::Extract,
            FailureKind::WrongEvent => Self::WrongEvent,
            FailureKind::TimedOut { .. } => Self::TimedOut,
            FailureKind::Vetoed(_) => Self::Vetoed,
            FailureKind::NotDetached(_) => Self::NotDetached,
            FailureKind::RuntimeEnded => Self::RuntimeEnded,
        }
    }
}

/// `billing.mail`, or `subscriber (src/lib.rs:12)`
impl fmt::Display for LetterRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(id) => f.write_str(id),
            Self::Subscriber(place) => write!(f, "subscriber ({place})"),
        }
    }
}

/// ``7: `shop.order.created` at shop::confirm, 3 attempts: out of stock``
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.id, self.event.event_type())?;
        if let DeadLetterCause::Failed { recipient, attempts } = &self.cause {
            let plural = if attempts.len() == 1 { "" } else { "s" };
            write!(f, " at {recipient}, {} attempt{plural}", attempts.len())?;
        }
        write!(f, ": {}", self.cause)
    }
}

/// The last error.
impl fmt::Display for DeadLetterCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { attempts, .. } => attempts.last().map_or(Ok(()), |last| f.write_str(&last.error)),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}
