//! Dead letters in memory.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::letter::DeadLetter;
use super::store::LetterStore;
use crate::event::EventId;
use crate::log_limit::LogLimit;
use crate::store::StoreFuture;
use crate::text::Shown;

/// Once the store is full, each failure pushes a letter out.
static MADE_ROOM: LogLimit = LogLimit::new(1, "more dead letters made room for others");

/// Keeps dead letters in memory.
#[derive(Debug)]
pub struct MemoryLetters {
    capacity: usize,
    bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By their numbers.
    letters: BTreeMap<u64, Arc<DeadLetter>>,
    /// How many bytes they take together.
    bytes: usize,
    next: u64,
    dropped: u64,
}

impl MemoryLetters {
    /// Creates a store for this many letters, in this many bytes of memory together. A larger letter is kept alone.
    pub fn new(capacity: usize, bytes: usize) -> Self {
        Self { capacity, bytes, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, letter: Arc<DeadLetter>) {
        let mut state = self.lock();
        state.take(letter.id);
        state.bytes += letter.size;
        state.letters.insert(letter.id, letter);
        let mut lost = Vec::new();
        while state.letters.len() > self.capacity || state.bytes > self.bytes && state.letters.len() > 1 {
            lost.extend(state.pop_first());
        }
        state.dropped += lost.len() as u64;
        drop(state);
        for lost in lost {
            if MADE_ROOM.allows() {
                tracing::warn!(letter = %Shown(&lost), "a dead letter made room for another one");
            }
        }
    }
}

/// Keeps 1,024 letters, in 64 MiB.
impl Default for MemoryLetters {
    fn default() -> Self {
        Self::new(1_024, 64 * 1024 * 1024)
    }
}

impl State {
    fn pop_first(&mut self) -> Option<Arc<DeadLetter>> {
        let id = *self.letters.first_key_value()?.0;
        self.take(id)
    }

    fn take(&mut self, id: u64) -> Option<Arc<DeadLetter>> {
        let letter = self.letters.remove(&id)?;
        self.bytes -= letter.size;
        Some(letter)
    }
}

impl LetterStore for MemoryLetters {
    fn next_id(&self) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        state.next
    }

    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()> {
        self.insert(letter);
        done(())
    }

    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        done(self.lock().letters.get(&id).cloned())
    }

    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        let state = self.lock();
        let later = state.letters.range(above.saturating_add(1)..).map(|(_, letter)| Arc::clone(letter));
        done(later.take(limit).collect())
    }

    fn of_event(&self, event: EventId) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        let state = self.lock();
        done(state.letters.values().filter(|letter| *letter.event().id() == event).cloned().collect())
    }

    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        done(self.lock().take(id))
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        done(self.lock().letters.len())
    }

    fn dropped(&self) -> StoreFuture<'_, u64> {
        done(self.lock().dropped)
    }
}

fn done<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(ready(Ok(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AnyEvent, RawEvent};
    use crate::handler::Refusal;
    use crate::letters::letter::DeadLetterCause;

    fn add(letters: &MemoryLetters) -> usize {
        let event = AnyEvent::from(RawEvent::new("test.lost", *b"{}", None, None, None));
        let letter = DeadLetter::new(letters.next_id(), event, DeadLetterCause::Refused(Refusal::Closed));
        let size = letter.size;
        letters.insert(Arc::new(letter));
        size
    }

    #[test]
    fn as_many_letters_are_kept_as_there_is_room_for() {
        let size = add(&MemoryLetters::new(1, 1));
        for (bytes, kept) in
            [(2 * size, &[2, 3][..]), (2 * size - 1, &[3]), (3 * size, &[1, 2, 3]), (1, &[3])]
        {
            let letters = MemoryLetters::new(3, bytes);
            for _ in 0..3 {
                add(&letters);
            }
            let ids: Vec<_> = letters.lock().letters.keys().copied().collect();
            assert_eq!(ids, kept, "of {size} bytes each, in {bytes}");
            assert_eq!(letters.lock().dropped, 3 - kept.len() as u64);
        }
    }
}
