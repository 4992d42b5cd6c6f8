//! Writing an envelope: its keys go first into the object that the event's own `Serialize` fills.

use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use super::checked::{Checked, CheckedMap, Notes};
use super::versions::Written;
use crate::event::{Envelope, Event, Head};

impl<E: Event> Serialize for Envelope<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_noting(serializer, &Notes::default())
    }
}

impl<E: Event> Envelope<E> {
    /// Serializes, and notes what may not be read back.
    pub(crate) fn serialize_noting<S: Serializer>(
        &self,
        serializer: S,
        notes: &Notes,
    ) -> Result<S::Ok, S::Error> {
        self.event().serialize(Flat {
            inner: serializer,
            event_type: E::TYPE,
            version: E::VERSION,
            head: self.head(),
            notes,
        })
    }
}

/// The serializer that an event sees: it takes structs only.
struct Flat<'h, S> {
    inner: S,
    event_type: &'static str,
    version: u32,
    head: &'h Head,
    notes: &'h Notes,
}

impl<'h, S: Serializer> Flat<'h, S> {
    fn begin(self) -> Result<S::SerializeMap, S::Error> {
        let mut map = self.inner.serialize_map(None)?;
        map.serialize_entry("type", self.event_type)?;
        map.serialize_entry("id", self.head.id())?;
        map.serialize_entry("timestamp", &self.head.timestamp())?;
        let metadata = Written::new(self.head.metadata(), self.version);
        if !metadata.is_empty() {
            map.serialize_entry("metadata", &metadata)?;
        }
        Ok(map)
    }

    fn refuse<T>(self) -> Result<T, S::Error> {
        Err(S::Error::custom("an event must serialize as a struct"))
    }
}

/// The members of an event without anything flattened.
struct Members<'n, M> {
    map: M,
    notes: &'n Notes,
}

impl<M: SerializeMap> SerializeStruct for Members<'_, M> {
    type Ok = M::Ok;
    type Error = M::Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.map.serialize_entry(key, &Checked::new(value, self.notes))
    }

    fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

macro_rules! refused {
    ($($method:ident($($arg:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $arg),*) -> Result<$ok, S::Error> { self.refuse() })*
    };
}

type No<S> = Impossible<<S as Serializer>::Ok, <S as Serializer>::Error>;

impl<'h, S: Serializer> Serializer for Flat<'h, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = No<S>;
    type SerializeTuple = No<S>;
    type SerializeTupleStruct = No<S>;
    type SerializeTupleVariant = No<S>;
    type SerializeMap = CheckedMap<'h, S::SerializeMap>;
    type SerializeStruct = Members<'h, S::SerializeMap>;
    type SerializeStructVariant = No<S>;

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, S::Error> {
        let notes = self.notes;
        Ok(Members { map: self.begin()?, notes })
    }

    /// An event with something flattened.
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let notes = self.notes;
        Ok(CheckedMap::of_event(self.begin()?, notes))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<S::Ok, S::Error> {
        self.begin()?.end()
    }

    refused! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.refuse()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refuse()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refuse()
    }
}
