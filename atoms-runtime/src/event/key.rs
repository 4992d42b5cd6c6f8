//! The key of an event, as `#[event(key)]` on a field says it.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

/// What the field of an event must be that is its key.
#[diagnostic::on_unimplemented(
    message = "the key of an event is hashed, and `{Self}` cannot be",
    label = "cannot be hashed",
    note = "put `#[derive(Hash)]` on `{Self}`; a floating point number, or what has one in it, cannot be a key"
)]
pub trait Key {
    /// The same number for equal values, in every event and in every run of the program.
    fn number(&self) -> u64;
}

#[diagnostic::do_not_recommend]
impl<T: Hash + ?Sized> Key for T {
    fn number(&self) -> u64 {
        FixedState::default().hash_one(self)
    }
}

/// Takes the value of an event's `key` field. Only here is it asked whether that can be a key, so that rustc tells of
/// one that cannot where its type stands, and once.
pub fn key_field<T: Key + ?Sized>(value: &T) -> KeyField<'_, T> {
    KeyField { value, number: value.number() }
}

/// The value of an event's `key` field, and its number. The expansion calls `number` on it, which is that of an
/// [`Option`] if there is one, whatever the type is called there, and otherwise that of [`AnyKey`].
#[derive(Debug)]
pub struct KeyField<'a, T: ?Sized> {
    value: &'a T,
    number: u64,
}

impl<T> KeyField<'_, Option<T>> {
    /// The key of the event; `None` of a field that is `None`, since that event belongs to no other.
    pub fn number(self) -> Option<u64> {
        self.value.is_some().then_some(self.number)
    }
}

/// A field that is always a key.
pub trait AnyKey {
    /// The key of the event.
    fn number(self) -> Option<u64>;
}

impl<T: ?Sized> AnyKey for KeyField<'_, T> {
    fn number(self) -> Option<u64> {
        Some(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::{AnyKey as _, key_field};

    #[test]
    fn equal_values_have_equal_keys() {
        assert_eq!(key_field("o-1").number(), key_field(&String::from("o-1")).number());
        assert_ne!(key_field("o-1").number(), key_field("o-2").number());
        assert_ne!(key_field(&5_u64).number(), key_field(&6_u64).number());
    }

    #[test]
    fn a_value_that_may_be_missing_has_its_own_key_or_none() {
        assert_eq!(key_field(&Some(5_u64)).number(), key_field(&Some(5_u64)).number());
        assert!(key_field(&Some(5_u64)).number().is_some());
        assert_ne!(key_field(&Some(5_u64)).number(), key_field(&Some(6_u64)).number());
        assert_eq!(key_field(&None::<u64>).number(), None);
    }
}
