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

/// The value of an event's `key` field. The expansion calls `number` on it, which is that of an [`Option`] if
/// there is one, whatever the type is called there, and otherwise that of [`AnyKey`].
#[derive(Debug)]
pub struct KeyField<'a, T: ?Sized>(pub &'a T);

impl<T> KeyField<'_, Option<T>> {
    /// The key of the event; `None` of a field that is `None`, since that event belongs to no other.
    pub fn number(self) -> Option<u64>
    where
        T: Key,
    {
        self.0.as_ref().map(Key::number)
    }
}

/// A field that is always a key.
pub trait AnyKey<T: ?Sized> {
    /// The key of the event.
    fn number(self) -> Option<u64>
    where
        T: Key;
}

impl<T: ?Sized> AnyKey<T> for KeyField<'_, T> {
    fn number(self) -> Option<u64>
    where
        T: Key,
    {
        Some(self.0.number())
    }
}

#[cfg(test)]
mod tests {
    use super::{AnyKey as _, KeyField};

    #[test]
    fn equal_values_have_equal_keys() {
        assert_eq!(KeyField("o-1").number(), KeyField(&String::from("o-1")).number());
        assert_ne!(KeyField("o-1").number(), KeyField("o-2").number());
        assert_ne!(KeyField(&5_u64).number(), KeyField(&6_u64).number());
    }

    #[test]
    fn a_value_that_may_be_missing_has_its_own_key_or_none() {
        assert_eq!(KeyField(&Some(5_u64)).number(), KeyField(&5_u64).number());
        assert_ne!(KeyField(&Some(5_u64)).number(), KeyField(&Some(6_u64)).number());
        assert_eq!(KeyField(&None::<u64>).number(), None);
    }
}
