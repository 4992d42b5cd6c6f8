//! The version of a frame: finding it, telling of one that nobody here knows, writing it.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{DecodeError, DecodeErrorKind};
use crate::event::{EventType, Metadata};

/// The key in the metadata.
const KEY: &str = "schema_version";

/// The longest version that a message shows, in bytes.
const MAX_SHOWN: usize = 64;

/// What of a frame says its version.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Option<SchemaVersion<'a>>,
}

/// The last `schema_version` in the metadata, which is the one that [`Metadata`] has.
struct SchemaVersion<'a>(Option<&'a RawValue>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum MetadataKey {
    SchemaVersion,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for SchemaVersion<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FindVersion)
    }
}

struct FindVersion;

impl<'de> Visitor<'de> for FindVersion {
    type Value = SchemaVersion<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key()? {
            match key {
                MetadataKey::SchemaVersion => found = map.next_value()?,
                MetadataKey::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(SchemaVersion(found))
    }
}

/// The version that a frame is read as.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadAs {
    pub(super) version: u32,
    newest: u32,
    /// Whether the frame says it.
    is_said: bool,
}

impl ReadAs {
    pub(super) fn is_old(self) -> bool {
        self.version < self.newest
    }
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, newest, is_said } = self;
        if *is_said {
            write!(f, "the frame was read as version {version}, as its `{KEY}` says")?;
        } else {
            write!(f, "the frame has no `{KEY}` in its metadata, so it was read as version {version}")?;
        }
        write!(f, "; the newest one is {newest}")
    }
}

/// The version of a frame, which is one that the program knows.
///
/// In a frame that is broken elsewhere it is the newest one: reading it as that tells what is wrong.
pub(super) fn of_frame(frame: &str, newest: &EventType) -> Result<ReadAs, DecodeError> {
    let read_as = |version, is_said| Ok(ReadAs { version, newest: newest.version(), is_said });
    let Ok(Head { metadata }) = serde_json::from_str::<Head<'_>>(frame) else {
        return read_as(newest.version(), false);
    };
    let Some(found) = metadata.and_then(|SchemaVersion(found)| found) else { return read_as(1, false) };
    let version = serde_json::from_str(found.get()).ok().and_then(|value| read(&value, newest.version()));
    if let Some(version) = version.filter(|version| *version <= newest.version()) {
        return read_as(version, true);
    }
    let end = found.get().as_ptr().addr() - frame.as_ptr().addr() + found.get().len();
    let kind = DecodeErrorKind::Version { found: shown(found.get()), newest: newest.version() };
    Err(DecodeError::at(frame, end, kind).with_event_type(newest.name()))
}

/// The version that an event of this newest version is in. Where there is only one, what is no version at
/// all is not ours: others use the key in their own way.
fn read(value: &Value, newest: u32) -> Option<u32> {
    parse(value).or((newest == 1).then_some(1))
}

/// A version is a whole number from 1, as text or as a number.
fn parse(value: &Value) -> Option<u32> {
    let version = match value {
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        _ => None,
    };
    version.filter(|version| *version > 0)
}

fn shown(json: &str) -> String {
    if json.len() <= MAX_SHOWN {
        return json.into();
    }
    format!("{} ...", &json[..json.floor_char_boundary(MAX_SHOWN)])
}

/// What a [`DecodeErrorKind::Version`] says.
pub(super) fn describe(found: &str, newest: u32) -> String {
    let number = found.trim_matches('"');
    if number.bytes().all(|byte| byte.is_ascii_digit()) && number.bytes().any(|byte| byte != b'0') {
        format!("the frame is of version {number}, and the newest one that this program knows is {newest}")
    } else {
        format!(
            "{found} is not a version, which is a whole number from 1; \
             the newest one that this program knows is {newest}"
        )
    }
}

/// Whether a frame with this metadata is of the expected version.
pub(super) fn check(metadata: Option<&Metadata>, expected: u32) -> Result<(), String> {
    let found = metadata.and_then(|metadata| metadata.get(KEY)).filter(|found| !found.is_null());
    if found.map_or(Some(1), |found| read(found, expected)) == Some(expected) {
        return Ok(());
    }
    let found = found.map_or_else(|| "1".into(), |found| shown(&found.to_string()));
    Err(format!("the frame is of version {found}, and version {expected} was expected"))
}

/// Metadata as it is written: of an event with versions with that of its struct, whatever it says itself.
pub(super) struct Written<'a> {
    metadata: &'a Metadata,
    version: u32,
}

impl<'a> Written<'a> {
    pub(super) fn new(metadata: &'a Metadata, version: u32) -> Self {
        Self { metadata, version }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.version == 1 && self.others().next().is_none()
    }

    fn others(&self) -> impl Iterator<Item = (&str, &Value)> {
        let is_other = |value| self.version == 1 && parse(value).is_none();
        self.metadata.iter().filter(move |(key, value)| *key != KEY || is_other(value))
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.metadata.check_size().map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        self.others().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        if self.version > 1 {
            map.serialize_entry(KEY, &format_args!("{}", self.version))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_is_a_whole_number_from_1_as_text_or_as_a_number() {
        for (value, version) in [
            (json!("1"), Some(1)),
            (json!("12"), Some(12)),
            (json!(2), Some(2)),
            (json!(u32::MAX), Some(u32::MAX)),
            (json!(u64::from(u32::MAX) + 1), None),
            (json!("4294967296"), None),
            (json!("0"), None),
            (json!(0), None),
            (json!(-1), None),
            (json!(2.0), None),
            (json!("2.1"), None),
            (json!("+2"), None),
            (json!(" 2"), None),
            (json!(""), None),
            (json!(true), None),
            (json!({}), None),
        ] {
            assert_eq!(parse(&value), version, "{value}");
        }
    }

    #[test]
    fn a_version_of_any_length_is_shown_in_part() {
        let long = format!("\"{}\"", "é".repeat(500));
        assert!(shown(&long).len() < MAX_SHOWN + 8, "{}", shown(&long));
        assert_eq!(shown("\"x\""), "\"x\"");
    }
}
