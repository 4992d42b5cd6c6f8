//! Why an event could not be written.

use std::fmt;

use super::error::DecodeError;
use super::path::{Path, Sensitive};
use crate::event::EventId;
use crate::text::{Shown, shown};

/// An event could not be written. The error says what is wrong, with which event, and where.
///
/// ```
/// use atoms::{AnyEvent, Bus, Envelope, event};
///
/// #[event(type = "shop.order.weighed")]
/// struct OrderWeighed {
///     grams: Vec<f64>,
/// }
///
/// let event = AnyEvent::from(Envelope::new(OrderWeighed { grams: vec![1.5, f64::NAN] }));
/// let error = Bus::start()?.encode(&event).unwrap_err();
/// assert_eq!((error.event_type(), error.path()), ("shop.order.weighed", "grams[1]"));
/// assert_eq!(
///     error.to_string(),
///     "cannot encode `shop.order.weighed`: at `grams[1]`: \
///      JSON has no NaN; use an `Option`, or write the number as text"
/// );
/// # Ok::<(), atoms::StartError>(())
/// ```
#[derive(Debug)]
pub struct EncodeError {
    event_type: String,
    path: String,
    kind: EncodeErrorKind,
}

/// What is wrong with an event that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// A value cannot be written: its `Serialize` fails, or JSON has nothing like it.
    #[error("{0}")]
    Payload(#[source] serde_json::Error),
    /// Objects and arrays are nested deeper than the limit for reading them.
    #[error("objects and arrays are nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// What was written could not be read back, as numbers of 128 bits in a flattened field cannot.
    #[error("the written event could not be read back: {}", .0.kind())]
    Unreadable(#[source] Box<DecodeError>),
    /// The code that writes it panicked: a field's `Serialize`, or the codec.
    ///
    /// The text of the panic is left out if it may be about a sensitive field.
    #[error("panicked: {0}")]
    Panicked(String),
    /// An error of the codec itself.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl EncodeError {
    /// Creates the error that an event of this type could not be written, because of `source`.
    pub fn new(
        event_type: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::of(event_type, EncodeErrorKind::Other(source.into()))
    }

    /// The event of this type could not be written.
    pub(crate) fn of(event_type: impl Into<String>, kind: EncodeErrorKind) -> Self {
        Self { event_type: event_type.into(), path: String::new(), kind }
    }

    /// The same error about the value at this path.
    pub(super) fn at(mut self, mut path: Path, sensitive: Sensitive<'_>) -> Self {
        if sensitive.hides(&path) {
            path.end_at_field();
            if let EncodeErrorKind::Payload(error) = &mut self.kind {
                *error = serde::ser::Error::custom("a sensitive value cannot be written");
            }
        }
        Self { path: path.shown(), ..self }
    }

    /// What was written cannot be read.
    pub(super) fn unreadable(event_type: &str, error: DecodeError) -> Self {
        let path = error.path().to_owned();
        Self { path, ..Self::of(event_type, EncodeErrorKind::Unreadable(Box::new(error))) }
    }

    /// Returns the type string of the event.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the path to the field, such as `items[2].price`. It is empty if it is not known, or if it is the event
    /// itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.kind
    }
}

/// Control characters in it are escaped, and what is long is cut off.
impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot encode `{}`: ", shown(&self.event_type, EventId::MAX_BYTES))?;
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.path)?;
        }
        Shown(&self.kind).fmt(f)
    }
}

impl std::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}
