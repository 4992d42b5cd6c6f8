//! The identity of an event.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::text::first_odd;

/// The identity of one event: text of 1 to [`EventId::MAX_BYTES`] bytes.
///
/// Ids come from other programs, and are shown in logs. So an id contains no control characters, no separators of lines
/// or paragraphs (U+2028, U+2029), and no characters that change the direction of writing.
///
/// Ids that this crate makes are [UUIDv7](https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7): unique, and
/// sorted by the time of their creation. Ids from other programs are kept as they are.
///
/// ```
/// use atoms::EventId;
///
/// let id: EventId = "evt-1".parse()?;
/// assert_eq!(id.to_string(), "evt-1");
/// assert_ne!(EventId::generate(), EventId::generate());
/// # Ok::<(), atoms::EventIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Repr);

/// A UUID in its canonical spelling takes no allocation; equal texts have equal representations.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Uuid(Uuid),
    Text(Box<str>),
}

/// The error of a text that is not an [`EventId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventIdError {
    /// The text is empty.
    #[error("an event id must not be empty")]
    Empty,
    /// The text is longer than [`EventId::MAX_BYTES`].
    #[error("an event id must have at most {max} bytes, and this one has {0}", max = EventId::MAX_BYTES)]
    TooLong(usize),
    /// The text has a character in it that a log would not show as it is: a control character, a separator of
    /// lines or paragraphs, or one that changes the direction of writing.
    #[error("an event id must have no control characters, and this one has U+{code:04X} at byte {at}", code = u32::from(*.letter))]
    Control {
        /// The first such character.
        letter: char,
        /// Its place in the text, in bytes from 0.
        at: usize,
    },
}

impl EventId {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Creates a new UUIDv7.
    pub fn generate() -> Self {
        Self(Repr::Uuid(Uuid::now_v7()))
    }

    /// Whether a text may be an id.
    pub(crate) fn check(text: &str) -> Result<(), EventIdError> {
        match text.len() {
            0 => return Err(EventIdError::Empty),
            1..=Self::MAX_BYTES => {}
            longer => return Err(EventIdError::TooLong(longer)),
        }
        match first_odd(text) {
            Some((at, letter)) => Err(EventIdError::Control { letter, at }),
            None => Ok(()),
        }
    }

    /// How many bytes it takes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Repr::Uuid(_) => 0,
            Repr::Text(text) => text.len(),
        }
    }

    /// Whether this is its text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.with_str(|id| id == text)
    }

    fn with_str<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        match &self.0 {
            Repr::Uuid(uuid) => f(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
            Repr::Text(text) => f(text),
        }
    }
}

fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        // Most are one, and have nothing in them that needs a further look.
        if is_canonical_uuid(text)
            && let Ok(uuid) = Uuid::try_parse(text)
        {
            return Ok(Self(Repr::Uuid(uuid)));
        }
        Self::check(text)?;
        Ok(Self(Repr::Text(text.into())))
    }
}

impl From<Uuid> for EventId {
    fn from(uuid: Uuid) -> Self {
        Self(Repr::Uuid(uuid))
    }
}

impl PartialEq<str> for EventId {
    fn eq(&self, other: &str) -> bool {
        self.with_str(|text| text == other)
    }
}

impl PartialEq<&str> for EventId {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_str(|text| f.pad(text))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_str(|text| fmt::Debug::fmt(text, f))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_str(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = EventId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<EventId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(IdVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_to_the_letter() {
        for text in ["x", "018F0000-0000-7000-8000-00000000000A", "é".repeat(64).as_str()] {
            assert_eq!(text.parse::<EventId>().unwrap().to_string(), text);
        }
        let made = EventId::generate();
        assert_eq!(made.to_string().parse::<EventId>().unwrap(), made);
    }

    #[test]
    fn the_length_is_limited() {
        assert_eq!("".parse::<EventId>(), Err(EventIdError::Empty));
        assert_eq!("x".repeat(129).parse::<EventId>(), Err(EventIdError::TooLong(129)));
    }

    #[test]
    fn what_a_log_would_not_show_as_it_is_is_no_part_of_an_id() {
        for letter in
            ['\0', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']
        {
            let text = format!("é{letter}x");
            assert_eq!(text.parse::<EventId>(), Err(EventIdError::Control { letter, at: 2 }), "{text:?}");
        }
        for text in ["a b", "a/b:c#d", "naïve", "编号-7", "😀"] {
            assert!(text.parse::<EventId>().is_ok(), "{text}");
        }
    }
}
