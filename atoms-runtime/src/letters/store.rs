//! Where dead letters are kept.

use std::sync::Arc;

use super::letter::DeadLetter;
use crate::store::{StoreFuture, StoredEvents};

/// Keeps the [dead letters](crate::Bus::dead_letters) of a bus: [`MemoryLetters`](crate::MemoryLetters), if
/// [`BusBuilder::letter_store`](crate::BusBuilder::letter_store) is not told otherwise.
///
/// A letter has a number, under which it is put, replaced and taken. A store is bounded: when it is full, the letters
/// with the lowest numbers make room for others. What a method did is durable when its future is ready. One whose
/// future was dropped before may be done or not.
///
/// [`testing::letters`](crate::testing::letters) checks an implementation.
pub trait LetterStore: Send + Sync + 'static {
    /// Says how events are written and read back. It is called once, before all else, by each bus.
    fn start(&self, _events: StoredEvents) {}

    /// Returns a number that no letter of this store has or had, and that is above all of them. It must not wait.
    fn next_id(&self) -> u64;

    /// Keeps a letter, in place of the one with its number if there is one.
    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()>;

    /// Returns the letter with this number.
    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>>;

    /// Returns the letters with numbers above this one, by their numbers, and no more than `limit`.
    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>>;

    /// Takes a letter out; returns it.
    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>>;

    /// Returns how many letters there are.
    fn count(&self) -> StoreFuture<'_, usize>;

    /// Returns how many letters had to make room for others.
    fn dropped(&self) -> StoreFuture<'_, u64>;
}
