//! JSON that is kept as its text, so that nothing in it changes: no number, no order, no spelling.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A JSON object, whatever is in it.
pub(crate) type Object = BTreeMap<String, Box<RawValue>>;

/// An integer of any size.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Integer(Box<RawValue>);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9')) {
            Ok(Self(raw))
        } else {
            Err(D::Error::invalid_type(kind(&raw), &"an integer"))
        }
    }
}

/// What a value is, in the words of `serde`.
fn kind(raw: &RawValue) -> Unexpected<'_> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Unexpected::Map,
        Some(b'[') => Unexpected::Seq,
        Some(b'"') => Unexpected::Other("string"),
        Some(b't' | b'f') => Unexpected::Other("boolean"),
        Some(b'n') => Unexpected::Other("null"),
        _ => Unexpected::Other("number"),
    }
}

/// An object that keeps the fields that its struct does not declare.
///
/// On reading, `#[serde(flatten)]` would send them through `serde`'s own model of a value, which has
/// no room for large integers.
pub(crate) trait Open: Default {
    /// Reads the field of this name, whose value comes next in `map`.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error>;
}

/// Reads an object field by field.
pub(crate) fn read_open<'de, T: Open, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(OpenVisitor(PhantomData))
}

struct OpenVisitor<T>(PhantomData<T>);

impl<'de, T: Open> Visitor<'de> for OpenVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut open = T::default();
        while let Some(key) = map.next_key()? {
            open.read(key, &mut map)?;
        }
        Ok(open)
    }
}
