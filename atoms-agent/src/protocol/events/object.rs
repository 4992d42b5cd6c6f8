//! JSON objects that keep their text, so that numbers, order and spelling do not change.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use atoms_runtime::{LogLimit, Shown};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A node can write any number of such values.
static NULLED: LogLimit = LogLimit::new(1, "more values were replaced by null");

/// A JSON object with any members. Values keep their text, so that large integers, floats and spellings are written as
/// they were read.
///
/// ```
/// use atoms::agent::events::Object;
///
/// let object = Object::new().with("user_turns", 3);
/// assert_eq!(object.get::<u32>("user_turns"), Some(3));
/// assert_eq!(object.to_string(), r#"{"user_turns":3}"#);
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(BTreeMap<String, Box<RawValue>>);

impl Object {
    /// Creates an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the same object with one more member. A value that serde cannot write as JSON becomes null.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let raw = serde_json::value::to_raw_value(&value).unwrap_or_else(|error| {
            if NULLED.allows() {
                tracing::error!(error = %Shown(error), "a value that cannot be written as JSON was replaced by null");
            }
            RawValue::NULL.to_owned()
        });
        self.0.insert(key.into(), raw);
        self
    }

    /// Returns the member of this name, if there is one and it is of this type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.0.get(key)?.get()).ok()
    }

    /// Returns each member: its name, and its value as JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), &**value))
    }

    /// Returns whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read_member<'de, A: MapAccess<'de>>(
        &mut self,
        key: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.0.insert(key, map.next_value()?);
        Ok(())
    }
}

impl<K: Into<String>, V: Serialize> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        members.into_iter().fold(Self::new(), |object, (key, value)| object.with(key, value))
    }
}

impl PartialEq for Object {
    /// Two objects are equal if their members have the same texts.
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(text).eq(other.iter().map(text))
    }
}

fn text<'a>((key, value): (&'a str, &'a RawValue)) -> (&'a str, &'a str) {
    (key, value.get())
}

/// As JSON.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A struct that keeps the members which it does not declare.
///
/// On reading, `#[serde(flatten)]` would send them through serde's own model of a value, which has
/// no room for large integers.
pub(super) trait Open: Default {
    /// Reads the member of this name, whose value comes next in `map`.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error>;
}

/// Reads an object member by member.
pub(super) fn read_open<'de, T: Open, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
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
