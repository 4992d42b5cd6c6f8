//! What can be wrong with a frame.

use std::fmt;

use super::path::{Path, Sensitive};
use super::versions::ReadAs;
use super::{scan, versions};
use crate::event::{EventId, EventInvalid};
use crate::text::{Shown, first_odd, shown};

/// A frame could not be read. The error says what is wrong, with which event, and where.
///
/// ```
/// use atoms::{Codec, JsonCodec, Registry, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     total_cents: u64,
/// }
///
/// let frame = br#"{"type":"shop.order.created","total_cents":"42"}"#;
/// let error = JsonCodec.decode(frame, Registry::linked()).unwrap_err();
/// assert_eq!(error.event_type(), Some("shop.order.created"));
/// assert_eq!(error.path(), "total_cents");
/// assert_eq!(
///     error.to_string(),
///     "cannot decode `shop.order.created`: at `total_cents`, line 1 column 47: \
///      invalid type: string \"42\", expected u64"
/// );
/// ```
#[derive(Debug)]
pub struct DecodeError {
    event_type: Option<String>,
    path: String,
    place: Option<Place>,
    kind: DecodeErrorKind,
    /// The version that the frame was read as, if it is an old one.
    read_as: Option<ReadAs>,
}

/// What is wrong with a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The frame is larger than the limit, and was not parsed.
    #[error("the frame has {size} bytes, and the limit is {limit}")]
    TooLarge {
        /// The frame's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Objects and arrays are nested deeper than the limit.
    #[error("objects and arrays are nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// The frame is not UTF-8.
    #[error("the frame is not UTF-8: {0}")]
    NotUtf8(#[source] std::str::Utf8Error),
    /// The frame is not JSON.
    #[error("{}", message(.0))]
    Syntax(#[source] serde_json::Error),
    /// The frame is JSON, but not an object with text as its `type`, or its envelope is broken.
    #[error("{}", message(.0))]
    Envelope(#[source] serde_json::Error),
    /// The frame does not match the event's struct.
    #[error("{}", message(.0))]
    Payload(#[source] serde_json::Error),
    /// The frame is of a version of the event that this program does not know, or its version is not valid.
    #[error("{}", versions::describe(.found, *.newest))]
    Version {
        /// The version in the frame, as JSON.
        found: String,
        /// The newest version of the event that this program knows.
        newest: u32,
    },
    /// The code that reads it panicked: a field's `Deserialize`, the `From` of an upcast, or the codec.
    ///
    /// The text of the panic is left out if it may be about a sensitive field.
    #[error("panicked: {0}")]
    Panicked(String),
    /// An error of the codec itself.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// A place in a frame. Lines and columns count from 1, and columns count bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in bytes.
    pub column: usize,
}

/// The longest message of `serde_json`, in bytes: it quotes values of any size.
const MAX_MESSAGE: usize = 256;

/// What `serde_json` says, without the place, which is said before it.
fn message(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.truncate(text.strip_suffix(&place).map_or(text.len(), str::len));
    text = text.replace("expected a map", "expected an object");
    if text.len() > MAX_MESSAGE {
        let half = MAX_MESSAGE / 2;
        let (start, end) = (text.floor_char_boundary(half), text.ceil_char_boundary(text.len() - half));
        text.replace_range(start..end, " ... ");
    }
    text
}

/// Whether a message has names of fields in it, and no values.
fn names_keys_only(message: &str, path: &Path) -> bool {
    let names = |kind: &str| {
        let name = message.strip_prefix(kind).and_then(|rest| rest.strip_suffix('`'));
        name.is_some_and(|name| !name.contains('`'))
    };
    names("missing field `")
        || names("duplicate field `")
        || path.field().is_none() && message.starts_with("unknown field `")
}

/// The same error, if what it quotes can be shown as it is, and else one with an equal message that can:
/// those who follow the sources of an error show what they find.
fn presentable(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    if !error.is_data() || text.len() <= MAX_MESSAGE && first_odd(&text).is_none() {
        return error;
    }
    let message = shown(message(&error), 2 * MAX_MESSAGE);
    // `serde_json` takes the place out of the text again.
    serde::de::Error::custom(format_args!("{message} at line {} column {}", error.line(), error.column()))
}

/// The end of what an error is about, from the place that `serde_json` says.
///
/// At an error of syntax that is the byte that should not be there, which belongs to nothing. What
/// a visitor refuses after it was read is noticed only behind the comma that follows in an array.
fn blamed(frame: &str, offset: usize, error: &serde_json::Error) -> usize {
    if error.is_syntax() {
        return offset.saturating_sub(1);
    }
    let before = frame.get(..offset).unwrap_or(frame).trim_ascii_end();
    let message = error.to_string();
    let is_ahead = ["invalid type: map,", "invalid type: sequence,"].iter().any(|it| message.starts_with(it));
    if error.is_data() && before.ends_with(',') && !is_ahead { before.len() - 1 } else { offset }
}

impl DecodeError {
    /// Creates an error about a whole frame.
    pub fn new(kind: DecodeErrorKind) -> Self {
        Self { event_type: None, path: String::new(), place: None, kind, read_as: None }
    }

    /// Says which event it is that could not be read.
    #[must_use]
    pub fn with_event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Says which version the frame was read as, if that is an old one.
    pub(super) fn read_as(self, version: ReadAs) -> Self {
        Self { read_as: Some(version).filter(|version| version.is_old()), ..self }
    }

    /// An error about the value that ends at this byte of the frame.
    pub(super) fn at(frame: &str, end: usize, kind: DecodeErrorKind) -> Self {
        let before = frame.get(..end).unwrap_or(frame);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let place = Place { line, column: before.len() - line_start };
        let path = scan::path_at(frame.as_bytes(), end).shown();
        Self { path, place: Some(place), ..Self::new(kind) }
    }

    /// Returns the same error without its [place](Self::place): for a codec that uses another one to read something
    /// else than the received frame.
    #[must_use]
    pub fn without_place(self) -> Self {
        Self { place: None, ..self }
    }

    /// Finds out the place of `serde_json`'s error in the frame, and the path that leads there; takes out
    /// what the error says of a value, if that may be a sensitive one.
    pub(super) fn in_frame(
        frame: &str,
        error: serde_json::Error,
        kind: fn(serde_json::Error) -> DecodeErrorKind,
        sensitive: Sensitive<'_>,
    ) -> Self {
        let line_start: usize =
            frame.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let is_placed = error.line() > 0;
        let end = if is_placed { blamed(frame, line_start + error.column(), &error) } else { 0 };
        let mut path = scan::path_at(frame.as_bytes(), end);
        // At the beginning of a line, `serde_json` says column 0.
        let place = Place { line: error.line(), column: error.column().max(1) };
        let mut error = presentable(error);
        if sensitive.hides(&path) && error.is_data() {
            if !names_keys_only(&message(&error), &path) {
                error = serde::de::Error::custom("a sensitive value is not what its type says");
            }
            // The keys in a sensitive value are part of it.
            path.end_at_field();
        }
        let place = is_placed.then_some(place);
        Self { path: path.shown(), place, ..Self::new(kind(error)) }
    }

    /// Returns the type string, if the frame was read far enough to know it.
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// Returns the path to the field, such as `items[2].price`. It is empty if it is the frame itself.
    ///
    /// Values in a `#[serde(flatten)]` field are read late, and their path is the frame itself. Control characters in
    /// keys of the frame are escaped, and a long path is cut off.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the place in the frame, if there is one.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Returns the version of the event that the frame was read as, if that is older than the newest one: what its
    /// `schema_version` says, and 1 if it has none.
    pub fn version(&self) -> Option<u32> {
        self.read_as.map(|read_as| read_as.version)
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }
}

/// What cannot be read, and why.
impl From<&DecodeError> for EventInvalid {
    fn from(error: &DecodeError) -> Self {
        let path = Some(error.path()).filter(|path| !path.is_empty());
        Self {
            event_type: error.event_type().map(Into::into),
            paths: path.map(Into::into).into_iter().collect(),
            error: error.to_string(),
        }
    }
}

/// What the frame brings is shown with its control characters escaped, and cut off where it is long.
impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event_type {
            Some(event_type) => write!(f, "cannot decode `{}`: ", shown(event_type, EventId::MAX_BYTES))?,
            None => f.write_str("cannot decode the frame: ")?,
        }
        match (self.path.as_str(), self.place) {
            ("", None) => {}
            ("", Some(place)) => write!(f, "at {place}: ")?,
            (path, Some(place)) => write!(f, "at `{path}`, {place}: ")?,
            (path, None) => write!(f, "at `{path}`: ")?,
        }
        Shown(&self.kind).fmt(f)?;
        self.read_as.map_or(Ok(()), |read_as| write!(f, "; {read_as}"))
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}
