//! How many bytes of memory an event takes, so that what keeps events can bound them.

use std::fmt::{self, Display};
use std::mem::size_of;

use serde::Serialize;
use serde::ser::{self, Serializer};

use crate::caught::caught;

/// What a number, an enum's tag or a missing value takes, as part of something larger.
const SCALAR: usize = 8;

/// What a `String` or a `Vec` takes beside its contents.
const CONTAINER: usize = 24;

/// What a map takes as soon as it has an entry: the first node of a `BTreeMap`, which has room for
/// [`NODE_ENTRIES`] entries of a `String` and a JSON value.
const NODE: usize = 640;

const NODE_ENTRIES: usize = 11;

/// What each entry takes beyond those of the first node.
const ENTRY: usize = 96;

/// Returns about how many bytes of memory `value` takes, with what it owns on the heap. Limits in bytes count that.
///
/// Values that its `Serialize` skips are not counted, nor are those after an error or a panic of it.
///
/// ```
/// assert!((10_000..10_100).contains(&atoms::memory_size(&"x".repeat(10_000))));
/// ```
#[inline]
pub fn memory_size<T: Serialize>(value: &T) -> usize {
    if std::mem::needs_drop::<T>() { size_of::<T>().max(count(value)) } else { size_of::<T>() }
}

fn count<T: Serialize>(value: &T) -> usize {
    let mut size = Size(0);
    // What was counted before a panic, or an error, is kept. Whoever encodes the value is told of either.
    let _ = caught(|| value.serialize(&mut size).is_ok());
    size.0
}

/// Counts the bytes of what is serialized into it.
struct Size(usize);

/// An error of a `Serialize` of the user's, which ends the count.
#[derive(Debug, thiserror::Error)]
#[error("the rest was not counted")]
struct NotCounted;

type Counted = Result<(), NotCounted>;

impl ser::Error for NotCounted {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Counts the text that is formatted into it.
struct TextSize(usize);

impl fmt::Write for TextSize {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

impl Size {
    fn add(&mut self, bytes: usize) -> Counted {
        self.0 = self.0.saturating_add(bytes);
        Ok(())
    }

    fn begin(&mut self, bytes: usize) -> Result<Parts<'_>, NotCounted> {
        self.add(bytes)?;
        Ok(Parts { size: self, entries: 0 })
    }
}

macro_rules! scalars {
    ($($method:ident($($arg:ty),*);)*) => {
        $(
            #[inline]
            fn $method(self, $(_: $arg),*) -> Counted {
                self.add(SCALAR)
            }
        )*
    };
}

impl<'s> Serializer for &'s mut Size {
    type Ok = ();
    type Error = NotCounted;
    type SerializeSeq = Parts<'s>;
    type SerializeTuple = Parts<'s>;
    type SerializeTupleStruct = Parts<'s>;
    type SerializeTupleVariant = Parts<'s>;
    type SerializeMap = Parts<'s>;
    type SerializeStruct = Parts<'s>;
    type SerializeStructVariant = Parts<'s>;

    scalars! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_i128(self, _: i128) -> Counted {
        self.add(size_of::<i128>())
    }

    fn serialize_u128(self, _: u128) -> Counted {
        self.add(size_of::<u128>())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Counted {
        self.add(CONTAINER + text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Counted {
        self.add(CONTAINER + bytes.len())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Counted {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Counted {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Counted {
        self.add(SCALAR)?;
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'s>, NotCounted> {
        self.begin(CONTAINER)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'s>, NotCounted> {
        self.begin(0)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'s>, NotCounted> {
        self.begin(0)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'s>, NotCounted> {
        self.begin(SCALAR)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'s>, NotCounted> {
        self.begin(CONTAINER)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'s>, NotCounted> {
        self.begin(0)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'s>, NotCounted> {
        self.begin(SCALAR)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Counted {
        let mut text = TextSize(CONTAINER);
        fmt::write(&mut text, format_args!("{value}")).map_err(|_| NotCounted)?;
        self.add(text.0)
    }
}

/// Counts the parts of what has some.
struct Parts<'s> {
    size: &'s mut Size,
    /// How many keys of a map there were.
    entries: usize,
}

macro_rules! parts {
    ($($of:ident::$method:ident$(($key:ty))?;)*) => {
        $(
            impl ser::$of for Parts<'_> {
                type Ok = ();
                type Error = NotCounted;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Counted {
                    value.serialize(&mut *self.size)
                }

                #[inline]
                fn end(self) -> Counted {
                    Ok(())
                }
            }
        )*
    };
}

parts! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
    SerializeStruct::serialize_field(&'static str);
    SerializeStructVariant::serialize_field(&'static str);
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = NotCounted;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Counted {
        self.entries += 1;
        match self.entries {
            1 => self.size.add(NODE)?,
            2..=NODE_ENTRIES => {}
            _ => self.size.add(ENTRY)?,
        }
        key.serialize(&mut *self.size)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Counted {
        value.serialize(&mut *self.size)
    }

    fn end(self) -> Counted {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_owns_nothing_takes_its_own_size() {
        assert_eq!(memory_size(&[0_u64; 16]), 128);
        assert_eq!(memory_size(&()), 0);
    }

    #[test]
    fn texts_and_lists_take_what_is_in_them() {
        let texts = vec!["x".repeat(1_000); 3];
        assert!((3_000..3_200).contains(&memory_size(&texts)), "{}", memory_size(&texts));
        assert_eq!(memory_size(&vec![0_u64; 1_000]), 8_024);
    }

    #[test]
    fn small_values_of_json_take_more_than_their_text() {
        let value: Value = vec![json!({ "a": 0 }); 1_000].into();
        assert!(memory_size(&value) > 1_000 * NODE, "{}", memory_size(&value));
        let map: BTreeMap<u32, u32> = (0..1_000).map(|n| (n, n)).collect();
        assert!((16_000..160_000).contains(&memory_size(&map)), "{}", memory_size(&map));
    }

    struct Broken;

    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("it cannot be written")
        }
    }

    #[derive(Serialize)]
    struct Half {
        text: String,
        broken: Broken,
    }

    #[test]
    fn what_panics_is_counted_up_to_there() {
        let half = Half { text: "x".repeat(1_000), broken: Broken };
        assert_eq!(memory_size(&half), 1_024);
    }
}
