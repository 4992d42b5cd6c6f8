//! The key of an event, as `#[event(key)]` on a field says it.

use std::fmt;
use std::hash::Hash;
use std::io;

use serde::Serialize;

/// What the field of an event must be that is its [key](EventKey): any type that implements [`Hash`] and
/// [`Serialize`].
///
/// The key is the JSON that the value serializes as. `Hash` ensures that equal values have the same key: neither a
/// floating point number nor a `HashMap` implements it. A type that implements `Hash` by hand must serialize equal
/// values alike.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be the key of an event",
    label = "cannot be a key",
    note = "derive `Hash` for the type, if it is yours; a floating point number, or a type that holds one, cannot be a key"
)]
pub trait KeyField: Hash + Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Hash + Serialize + ?Sized> KeyField for T {}

/// The key of an event: posted events of one key are handled in the order in which they were posted.
///
/// Its bytes are the JSON of the field with `#[event(key)]`. They are the same for the same value in every process and
/// on every machine, so that a store can keep them. Events of different types have the same key if their fields have
/// the same JSON: those of a `u32` and a `u64`, or of a `String` and a struct `OrderId(String)`.
///
/// ```
/// use atoms::prelude::*;
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     #[event(key)]
///     order_id: String,
/// }
///
/// let key = OrderCreated { order_id: "o-1".into() }.key().unwrap();
/// assert_eq!(key.as_bytes(), br#""o-1""#);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventKey(Bytes);

/// Keys are mostly short.
const INLINE: usize = 30;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Bytes {
    /// So many bytes; the others are zero.
    Inline(u8, [u8; INLINE]),
    Heap(Box<[u8]>),
}

impl EventKey {
    /// Returns the key of an event for this value, or `None` if the value serializes as nothing, as `None` does: the
    /// event then has no key.
    ///
    /// All values that cannot be serialized have the same key.
    #[inline]
    pub fn of<T: KeyField + ?Sized>(value: &T) -> Option<Self> {
        let mut bytes = Writer { inline: [0; INLINE], len: 0, heap: Vec::new() };
        match serde_json::to_writer(&mut bytes, value) {
            Ok(()) if bytes.is_null() => None,
            Ok(()) => Some(bytes.finish()),
            Err(_) => Some(Self::from_bytes(b"!")),
        }
    }

    /// Returns the key with these bytes, as [`as_bytes`](Self::as_bytes) gave them to a store.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut inline = [0; INLINE];
        match inline.get_mut(..bytes.len()) {
            Some(start) => {
                start.copy_from_slice(bytes);
                Self(Bytes::Inline(bytes.len() as u8, inline))
            }
            None => Self(Bytes::Heap(bytes.into())),
        }
    }

    /// Returns the canonical bytes of the key.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Bytes::Heap(bytes) => bytes,
        }
    }
}

/// The value is not shown: its field may be `sensitive`.
impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventKey").finish_non_exhaustive()
    }
}

struct Writer {
    inline: [u8; INLINE],
    len: usize,
    /// All that was written, if it is too long.
    heap: Vec<u8>,
}

impl Writer {
    #[inline]
    fn is_null(&self) -> bool {
        self.heap.is_empty() && self.len == 4 && self.inline[..4] == *b"null"
    }

    #[inline]
    fn finish(self) -> EventKey {
        EventKey(if self.heap.is_empty() {
            Bytes::Inline(self.len as u8, self.inline)
        } else {
            Bytes::Heap(self.heap.into())
        })
    }
}

impl io::Write for Writer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.inline.get_mut(self.len..self.len + bytes.len()) {
            Some(room) if self.heap.is_empty() => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            _ => {
                if self.heap.is_empty() {
                    self.heap.extend_from_slice(&self.inline[..self.len]);
                }
                self.heap.extend_from_slice(bytes);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes the value of an event's `key` field. Only here is it asked whether that can be a key, so that rustc tells of
/// one that cannot where its type stands, and once.
#[inline]
pub fn key_field<T: KeyField + ?Sized>(value: &T) -> Option<EventKey> {
    EventKey::of(value)
}

#[cfg(test)]
mod tests {
    use super::EventKey;

    fn bytes(key: Option<EventKey>) -> String {
        String::from_utf8(key.unwrap().as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_bytes_are_the_same_in_every_process() {
        assert_eq!(bytes(EventKey::of("o-1")), r#""o-1""#);
        assert_eq!(bytes(EventKey::of(&5_u64)), "5");
        assert_eq!(bytes(EventKey::of(&u128::MAX)), u128::MAX.to_string());
        assert_eq!(bytes(EventKey::of(&("a", [1_u8, 2], 'x', true))), r#"["a",[1,2],"x",true]"#);
        for length in 0..70 {
            let text = "ä".repeat(length);
            assert_eq!(bytes(EventKey::of(&text)), format!("\"{text}\""));
        }
    }

    #[test]
    fn equal_values_have_equal_keys() {
        for length in 0..70 {
            let text = "x".repeat(length);
            let key = EventKey::of(&text).unwrap();
            assert_eq!(Some(&key), EventKey::of(&*text).as_ref());
            assert_eq!(key, EventKey::from_bytes(key.as_bytes()));
            assert_ne!(Some(key), EventKey::of(&(text + "x")));
        }
        assert_eq!(EventKey::of(&5_u64), EventKey::of(&5_u8));
        assert_ne!(EventKey::of(&5_u64), EventKey::of("5"));
    }

    #[test]
    fn a_value_that_may_be_missing_has_its_own_key_or_none() {
        assert_eq!(EventKey::of(&Some(5_u64)), EventKey::of(&5_u64));
        assert_eq!(EventKey::of(&None::<u64>), None);
    }

    #[derive(Hash)]
    struct Unwritable;

    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }

    #[test]
    fn what_cannot_be_serialized_shares_a_key() {
        let key = EventKey::of(&Unwritable);
        assert!(key.is_some());
        assert_eq!(key, EventKey::of(&("other", Unwritable)));
        assert!(!format!("{key:?}").contains('!'));
    }
}
