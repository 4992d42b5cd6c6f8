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

/// The key of an event with this value in its `key` field.
pub fn key_of<T: Key + ?Sized>(field: &T) -> u64 {
    field.number()
}

#[cfg(test)]
mod tests {
    use super::key_of;

    #[test]
    fn equal_values_have_equal_keys() {
        assert_eq!(key_of("o-1"), key_of(&String::from("o-1")));
        assert_eq!(key_of(&Some(5_u64)), key_of(&Some(5_u64)));
        assert_ne!(key_of("o-1"), key_of("o-2"));
        assert_ne!(key_of(&5_u64), key_of(&6_u64));
    }
}
