//! Where dead letters are kept.

use std::sync::Arc;

use super::letter::DeadLetter;
use crate::event::EventId;
use crate::store::{StoreFuture, StoredEvents};

/// Keeps the [dead letters](crate::Bus::dead_letters) of a bus: [`MemoryLetters`](crate::MemoryLetters), if
/// [`BusBuilder::letter_store`](crate::BusBuilder::letter_store) is not told otherwise.
///
/// A letter has a number, under which it is put, replaced and taken. A store is bounded: when it is full, the letters
/// with the lowest numbers are dropped for others. The effect of a method is durable when its future is ready. If the
/// future is dropped before, the effect may or may not have happened.
///
/// [`testing::letters`](crate::testing::letters) checks an implementation.
pub trait LetterStore: Send + Sync + 'static {
    /// Tells the store how events are written and read. Each bus calls this once, before all other methods.
    fn start(&self, _events: StoredEvents) {}

    /// Returns a new number, which is greater than that of any letter that this store has or had. It must not wait.
    fn next_id(&self) -> u64;

    /// Keeps a letter. It replaces the one with its number, if there is one.
    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()>;

    /// Returns the letter with this number.
    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>>;

    /// Returns at most `limit` letters with numbers above this one, sorted by number.
    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>>;

    /// Returns the letters of one event, sorted by number. It is asked for when a posted event is delivered again.
    fn of_event(&self, event: EventId) -> StoreFuture<'_, Vec<Arc<DeadLetter>>>;

    /// Removes a letter, and returns it.
    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>>;

    /// Returns how many letters there are.
    fn count(&self) -> StoreFuture<'_, usize>;

    /// Returns how many letters were dropped to make room for others.
    fn dropped(&self) -> StoreFuture<'_, u64>;
}
