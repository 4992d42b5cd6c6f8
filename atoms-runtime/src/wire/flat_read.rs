//! Reading an envelope: the keys of the envelope are taken out of the object on its way to the
//! event's own `Deserialize`, so that both are read in one pass.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer, StringDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::versions;
use crate::event::{Envelope, Event, EventId, Head, Metadata, Timestamp};

/// An envelope is read from a frame of its event's own version; a [`Codec`](crate::Codec) reads older ones.
impl<'de, E: Event> Deserialize<'de> for Envelope<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut head = HeadFields::new(E::TYPE, E::VERSION, E::DENY_UNKNOWN_FIELDS);
        let event = E::deserialize(Flat { inner: deserializer, head: &mut head })?;
        Ok(Envelope::from_head(head.finish()?, event))
    }
}

/// What has been read of the envelope so far.
struct HeadFields {
    expected_type: &'static str,
    expected_version: u32,
    deny_unknown_fields: bool,
    has_type: bool,
    /// A null is there, and says nothing.
    id: Option<Option<EventId>>,
    timestamp: Option<Timestamp>,
    metadata: Option<Option<Metadata>>,
}

/// A key of the envelope.
#[derive(Clone, Copy)]
pub(super) enum HeadKey {
    Type,
    Id,
    Timestamp,
    Metadata,
}

impl HeadKey {
    pub(super) const NAMES: [&str; 4] = ["type", "id", "timestamp", "metadata"];

    pub(super) fn of(key: &str) -> Option<Self> {
        match key {
            "type" => Some(Self::Type),
            "id" => Some(Self::Id),
            "timestamp" => Some(Self::Timestamp),
            "metadata" => Some(Self::Metadata),
            _ => None,
        }
    }
}

impl HeadFields {
    fn new(expected_type: &'static str, expected_version: u32, deny_unknown_fields: bool) -> Self {
        Self {
            expected_type,
            expected_version,
            deny_unknown_fields,
            has_type: false,
            id: None,
            timestamp: None,
            metadata: None,
        }
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, key: HeadKey, map: &mut A) -> Result<(), A::Error> {
        match key {
            HeadKey::Type if self.has_type => return Err(A::Error::duplicate_field("type")),
            HeadKey::Type => {
                map.next_value_seed(TypeIs(self.expected_type))?;
                self.has_type = true;
            }
            HeadKey::Id => set(&mut self.id, "id", map)?,
            HeadKey::Timestamp => set(&mut self.timestamp, "timestamp", map)?,
            HeadKey::Metadata => set(&mut self.metadata, "metadata", map)?,
        }
        Ok(())
    }

    fn finish<E: de::Error>(self) -> Result<Head, E> {
        if !self.has_type {
            return Err(E::missing_field("type"));
        }
        let metadata = self.metadata.flatten();
        versions::check(metadata.as_ref(), self.expected_version).map_err(E::custom)?;
        Ok(Head::from_parts(self.id.flatten(), self.timestamp, metadata))
    }
}

fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

/// A type string that must be this one.
struct TypeIs(&'static str);

impl<'de> DeserializeSeed<'de> for TypeIs {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for TypeIs {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the type `{}`", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text == self.0 { Ok(()) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }
}

/// The deserializer that an event sees: its struct, without the envelope.
struct Flat<'h, D> {
    inner: D,
    head: &'h mut HeadFields,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Flat<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(FlatVisitor { visitor, head: self.head })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(NoFields { head: self.head })?;
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct FlatVisitor<'h, V> {
    visitor: V,
    head: &'h mut HeadFields,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for FlatVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(WithoutHead { map, head: self.head })
    }
}

/// The visitor of an event without fields.
struct NoFields<'h> {
    head: &'h mut HeadFields,
}

impl<'de> Visitor<'de> for NoFields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let deny = self.head.deny_unknown_fields;
        let mut map = WithoutHead { map, head: self.head };
        while let Some(key) = map.next_key::<String>()? {
            if deny {
                return Err(A::Error::unknown_field(&key, &[]));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The members of an object without those of the envelope, which are put aside in passing.
struct WithoutHead<'h, A> {
    map: A,
    head: &'h mut HeadFields,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutHead<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            match self.map.next_key_seed(KeySeed(&mut seed))? {
                None => return Ok(None),
                Some(MemberKey::Payload(key)) => return Ok(Some(key)),
                Some(MemberKey::Head(key)) => self.head.read(key, &mut self.map)?,
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum MemberKey<T> {
    Head(HeadKey),
    Payload(T),
}

/// Reads a key; the event's own seed is used up only if the key is not one of the envelope.
struct KeySeed<'s, K>(&'s mut Option<K>);

impl<K> KeySeed<'_, K> {
    fn payload<'de, D>(&mut self, key: D) -> Result<MemberKey<K::Value>, D::Error>
    where
        K: DeserializeSeed<'de>,
        D: Deserializer<'de>,
    {
        match self.0.take() {
            Some(seed) => seed.deserialize(key).map(MemberKey::Payload),
            None => Err(D::Error::custom("a key was read twice")),
        }
    }
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = MemberKey<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for KeySeed<'_, K> {
    type Value = MemberKey<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(mut self, key: &'de str) -> Result<Self::Value, E> {
        match HeadKey::of(key) {
            Some(head) => Ok(MemberKey::Head(head)),
            None => self.payload(BorrowedStrDeserializer::new(key)),
        }
    }

    fn visit_str<E: de::Error>(mut self, key: &str) -> Result<Self::Value, E> {
        match HeadKey::of(key) {
            Some(head) => Ok(MemberKey::Head(head)),
            None => self.payload(StrDeserializer::new(key)),
        }
    }

    fn visit_string<E: de::Error>(mut self, key: String) -> Result<Self::Value, E> {
        match HeadKey::of(&key) {
            Some(head) => Ok(MemberKey::Head(head)),
            None => self.payload(StringDeserializer::new(key)),
        }
    }
}
