//! A serializer that refuses what JSON would not bring back: numbers that are not finite, which
//! `serde_json` writes as null, and a key that is there twice.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};

use super::flat_read::HeadKey;
use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// What was met on the way through an event that may not be read back.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    has_flattened: Cell<bool>,
    /// Whether the key of a map is written; those of structs are text.
    is_in_key: Cell<bool>,
    reads_back: Cell<bool>,
}

impl Notes {
    /// Something is flattened, which is read through serde's own model of a value. That has neither numbers
    /// of 128 bits, nor keys that are numbers.
    fn flattened(&self) {
        self.has_flattened.set(true);
    }

    /// A number is written, as a key or as a value.
    #[inline]
    pub(super) fn number(&self) {
        if self.is_in_key.get() && self.has_flattened.get() {
            self.read_back();
        }
    }

    /// Only reading the frame tells whether it can be read.
    pub(super) fn read_back(&self) {
        self.reads_back.set(true);
    }

    pub(super) fn reads_back(&self) -> bool {
        self.reads_back.get()
    }
}

/// A value that is written through the check, or a serializer that checks.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'n, T> {
    inner: T,
    notes: &'n Notes,
}

impl<'n, T> Checked<'n, T> {
    #[inline]
    pub(crate) fn new(inner: T, notes: &'n Notes) -> Self {
        Self { inner, notes }
    }
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, &T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.serialize(Checked::new(serializer, self.notes))
    }
}

#[cold]
fn not_finite<E: Error>(number: f64) -> E {
    E::custom(format_args!("JSON has no {number}; use an `Option`, or write the number as text"))
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $type:ty),*) -> $ok:ty;)*) => {
        $(
            #[inline]
            fn $method(self, $($arg: $type),*) -> Result<$ok, S::Error> {
                self.inner.$method($($arg),*)
            }
        )*
    };
}

macro_rules! forward_compound {
    ($($method:ident($($arg:ident: $type:ty),*) -> $ok:ty;)*) => {
        $(
            #[inline]
            fn $method(self, $($arg: $type),*) -> Result<$ok, S::Error> {
                let inner = self.inner.$method($($arg),*)?;
                Ok(Checked::new(inner, self.notes))
            }
        )*
    };
}

impl<'n, S: Serializer> Serializer for Checked<'n, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Checked<'n, S::SerializeSeq>;
    type SerializeTuple = Checked<'n, S::SerializeTuple>;
    type SerializeTupleStruct = Checked<'n, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Checked<'n, S::SerializeTupleVariant>;
    type SerializeMap = CheckedMap<'n, S::SerializeMap>;
    type SerializeStruct = Checked<'n, S::SerializeStruct>;
    type SerializeStructVariant = Checked<'n, S::SerializeStructVariant>;

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    #[inline]
    fn serialize_f32(self, number: f32) -> Result<S::Ok, S::Error> {
        if number.is_finite() { self.inner.serialize_f32(number) } else { Err(not_finite(number.into())) }
    }

    #[inline]
    fn serialize_f64(self, number: f64) -> Result<S::Ok, S::Error> {
        if number.is_finite() { self.inner.serialize_f64(number) } else { Err(not_finite(number)) }
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Checked::new(value, self.notes))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &Checked::new(value, self.notes))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(name, index, variant, &Checked::new(value, self.notes))
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(CheckedMap::new(self.inner.serialize_map(length)?, length, self.notes))
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    forward! {
        serialize_bool(value: bool) -> S::Ok;
        serialize_i8(value: i8) -> S::Ok;
        serialize_i16(value: i16) -> S::Ok;
        serialize_i32(value: i32) -> S::Ok;
        serialize_i64(value: i64) -> S::Ok;
        serialize_i128(value: i128) -> S::Ok;
        serialize_u8(value: u8) -> S::Ok;
        serialize_u16(value: u16) -> S::Ok;
        serialize_u32(value: u32) -> S::Ok;
        serialize_u64(value: u64) -> S::Ok;
        serialize_u128(value: u128) -> S::Ok;
        serialize_char(value: char) -> S::Ok;
        serialize_str(value: &str) -> S::Ok;
        serialize_bytes(value: &[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(name: &'static str) -> S::Ok;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> S::Ok;
    }

    forward_compound! {
        serialize_seq(length: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(length: usize) -> Self::SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> Self::SerializeTupleVariant;
        serialize_struct(name: &'static str, length: usize) -> Self::SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> Self::SerializeStructVariant;
    }
}

macro_rules! compound {
    ($($trait:ident: $method:ident($($key:ident)?);)*) => {
        $(
            impl<C: $trait> $trait for Checked<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($key: &'static str,)?
                    value: &T,
                ) -> Result<(), C::Error> {
                    self.inner.$method($($key,)? &Checked::new(value, self.notes))
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )*
    };
}

compound! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(key);
    SerializeStructVariant: serialize_field(key);
}

/// The members of an object.
pub(crate) struct CheckedMap<'n, M> {
    inner: M,
    notes: &'n Notes,
    /// The keys that are there already. Of a map whose length is known each key is there once; a struct with
    /// something flattened has its keys from several places.
    keys: Option<BTreeSet<String>>,
}

impl<'n, M> CheckedMap<'n, M> {
    #[inline]
    fn new(inner: M, length: Option<usize>, notes: &'n Notes) -> Self {
        match length {
            Some(_) => Self { inner, notes, keys: None },
            None => Self::flattened(inner, notes, []),
        }
    }

    /// Of an event with something flattened, whose envelope was written.
    pub(super) fn of_event(inner: M, notes: &'n Notes) -> Self {
        Self::flattened(inner, notes, HeadKey::NAMES)
    }

    fn flattened<const N: usize>(inner: M, notes: &'n Notes, keys: [&str; N]) -> Self {
        notes.flattened();
        Self { inner, notes, keys: Some(keys.into_iter().map(Into::into).collect()) }
    }
}

impl<M: SerializeMap> CheckedMap<'_, M> {
    /// A key that was written already tells the place of an error.
    fn check_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), M::Error> {
        let Some(keys) = &mut self.keys else { return Ok(()) };
        let mut text = String::new();
        if write!(text, "{}", AsText(key)).is_ok() && !keys.insert(text) {
            let message = "the key is there already; rename the field, or take the key out of the map";
            return Err(M::Error::custom(message));
        }
        Ok(())
    }
}

impl<M: SerializeMap> SerializeMap for CheckedMap<'_, M> {
    type Ok = M::Ok;
    type Error = M::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), M::Error> {
        self.notes.is_in_key.set(true);
        self.inner.serialize_key(key)?;
        self.notes.is_in_key.set(false);
        self.check_key(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), M::Error> {
        self.inner.serialize_value(&Checked::new(value, self.notes))
    }

    #[inline]
    fn end(self) -> Result<M::Ok, M::Error> {
        self.inner.end()
    }
}

/// A key as text.
struct AsText<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Display for AsText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}
