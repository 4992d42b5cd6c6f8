//! What failed for good, kept until somebody looks after it.

mod letter;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use letter::MAX_ATTEMPTS;
pub use letter::{Attempt, AttemptKind, DeadLetter, DeadLetterCause, LetterRecipient};

use super::failure::Refusal;
use super::first_poll::FirstPoll;
use super::receipt::Receipt;
use super::{Bus, Shared};
use crate::event::{AnyEvent, Event, Shown};
use crate::log_limit::LogLimit;
use crate::registry::Registry;

/// Once the store is full, each failure pushes a letter out.
static MADE_ROOM: LogLimit = LogLimit::new(1, "more dead letters made room for others");

/// The store of a bus.
#[derive(Debug)]
pub(super) struct Letters {
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

impl Letters {
    pub(super) fn new(capacity: usize, bytes: usize) -> Self {
        Self { capacity, bytes, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an event, in place of the oldest ones if there is no room. One that was redelivered goes on
    /// as the same letter.
    pub(super) fn add(
        &self,
        event: AnyEvent,
        mut cause: DeadLetterCause,
        earlier: Option<&Arc<DeadLetter>>,
        registry: &Registry,
    ) -> Arc<DeadLetter> {
        // One that nobody got, and then somebody failed for, is another letter.
        let is_same = |earlier: &&Arc<DeadLetter>| match (earlier.recipient(), cause.recipient()) {
            (Some(was), Some(is)) => was.is_now(is, registry),
            (was, is) => was == is,
        };
        let earlier = earlier.filter(is_same).map(|earlier| &**earlier);
        cause.follow(earlier.map_or(&[], DeadLetter::attempts));
        let mut state = self.lock();
        let id = earlier.map_or_else(|| state.number(), DeadLetter::id);
        let letter = Arc::new(DeadLetter::new(id, event, cause));
        self.put(state, Arc::clone(&letter));
        letter
    }

    /// Puts a letter where its number belongs, if it is not there already.
    fn put(&self, mut state: MutexGuard<'_, State>, letter: Arc<DeadLetter>) {
        let Entry::Vacant(place) = state.letters.entry(letter.id) else { return };
        let size = letter.size;
        place.insert(letter);
        state.bytes += size;
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

    fn take(&self, id: u64) -> Option<Arc<DeadLetter>> {
        self.lock().take(id)
    }
}

impl State {
    /// The number of a new letter.
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

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

/// What failed for good on a bus: the events that a handler failed for, after all attempts, or that
/// were not delivered to anybody.
///
/// They are kept in memory, and end with the bus: 1,024 of them ([`BusBuilder::dead_letter_capacity`]), and 64 MiB
/// ([`BusBuilder::dead_letter_bytes`]), by default. Beyond that the one with the lowest number makes room, which is
/// logged and counted; one that is larger than all room is kept alone. For each one, `atoms.delivery.failed` is
/// emitted ([`DeliveryFailed`]).
///
/// ```
/// # use atoms::{Bus, State, event, handler};
/// # use std::sync::atomic::{AtomicBool, Ordering};
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn store(_: &OrderCreated, disk_is_full: State<AtomicBool>) -> Result<(), &'static str> {
///     if disk_is_full.load(Ordering::Relaxed) { Err("the disk is full") } else { Ok(()) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let disk_is_full = std::sync::Arc::new(AtomicBool::new(true));
/// let bus = Bus::builder().shared_state(disk_is_full.clone()).start()?;
/// assert!(!bus.emit(OrderCreated).await.is_ok());
///
/// let letter = &bus.dead_letters().list()[0];
/// assert_eq!(letter.attempts()[0].error(), "the disk is full");
///
/// disk_is_full.store(false, Ordering::Relaxed);
/// bus.dead_letters().redeliver(letter.id()).await?.into_result()?;
/// assert!(bus.dead_letters().is_empty());
/// # Ok(())
/// # }
/// ```
///
/// [`BusBuilder::dead_letter_bytes`]: crate::BusBuilder::dead_letter_bytes
/// [`BusBuilder::dead_letter_capacity`]: crate::BusBuilder::dead_letter_capacity
/// [`DeliveryFailed`]: crate::DeliveryFailed
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters<'a> {
    bus: &'a Bus,
}

impl Bus {
    /// What failed for good on this bus.
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters { bus: self }
    }
}

impl<'a> DeadLetters<'a> {
    fn letters(self) -> &'a Letters {
        &self.bus.0.dead_letters
    }

    /// Keeps an event that was not delivered to anybody, for this reason; returns its letter's number. What takes
    /// events to a bus, or from it, keeps here what it could not deliver.
    pub fn keep(self, event: AnyEvent, refusal: Refusal) -> u64 {
        let registry = &self.bus.0.registry;
        self.letters().add(event, DeadLetterCause::Refused(refusal), None, registry).id()
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.letters().lock().letters.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many had to make room for others since the bus was started.
    pub fn dropped(self) -> u64 {
        self.letters().lock().dropped
    }

    /// All of them, by their numbers.
    pub fn list(self) -> Vec<Arc<DeadLetter>> {
        self.letters().lock().letters.values().cloned().collect()
    }

    /// Those of one event, by their numbers.
    pub fn of<E: Event>(self) -> Vec<Arc<DeadLetter>> {
        let mut letters = self.list();
        letters.retain(|letter| letter.event.is::<E>());
        letters
    }

    /// The one with this number.
    pub fn get(self, id: u64) -> Option<Arc<DeadLetter>> {
        self.letters().lock().letters.get(&id).cloned()
    }

    /// Takes one out, which is then forgotten.
    pub fn discard(self, id: u64) -> Option<Arc<DeadLetter>> {
        self.letters().take(id)
    }

    /// Takes all out, by their numbers.
    pub fn discard_all(self) -> Vec<Arc<DeadLetter>> {
        let mut state = self.letters().lock();
        state.bytes = 0;
        std::mem::take(&mut state.letters).into_values().collect()
    }

    /// Delivers the event again, to the handler that failed and to no other; one that was not delivered
    /// to anybody goes to all handlers and subscribers. Interceptors are asked again for each delivery, and for
    /// an event that was not delivered to anybody as for one that is emitted: a veto refuses it again.
    ///
    /// It is not among the dead letters while this runs. If the handler fails again, it comes back with
    /// its number and all its attempts; if the future is dropped before it is done, or this is an error, it
    /// comes back as it was, though the handler may have been done with it.
    pub async fn redeliver(self, id: u64) -> Result<Receipt, RedeliverError> {
        let first_poll = FirstPoll::of(&self.bus.0);
        if self.bus.is_closed() {
            return Err(RedeliverError::Refused(Refusal::Closed));
        }
        let letter = self.letters().take(id).ok_or(RedeliverError::NotFound(id))?;
        let unfinished = PutBack::new(Arc::clone(&self.bus.0), Arc::clone(&letter));
        let handler = match letter.recipient() {
            None => None,
            Some(LetterRecipient::Handler(handler)) => match self.bus.registry().handler(handler) {
                Some(info) => Some(info),
                None => return Err(RedeliverError::NoHandler { letter: id, handler: handler.clone() }),
            },
            Some(LetterRecipient::Subscriber(_)) => return Err(RedeliverError::Subscriber(id)),
        };
        let receipt = self.bus.0.deliver_again(&letter, handler, first_poll).await?;
        if handler.is_some() && receipt.deliveries().next().is_none() {
            return Err(RedeliverError::Declined(id));
        }
        unfinished.done();
        Ok(receipt)
    }
}

/// Puts a letter back if its redelivery did not come to an end.
pub(super) struct PutBack {
    bus: Arc<Shared>,
    letter: Option<Arc<DeadLetter>>,
}

impl PutBack {
    pub(super) fn new(bus: Arc<Shared>, letter: Arc<DeadLetter>) -> Self {
        Self { bus, letter: Some(letter) }
    }

    /// The redelivery has come to an end.
    pub(super) fn done(mut self) {
        self.letter = None;
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        if let Some(letter) = self.letter.take() {
            let letters = &self.bus.dead_letters;
            letters.put(letters.lock(), letter);
        }
    }
}

/// Why a dead letter could not be redelivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedeliverError {
    /// There is no dead letter with this number.
    #[error("there is no dead letter {0}")]
    NotFound(u64),
    /// The handler that failed is not on this bus.
    #[error(
        "dead letter {letter} is of the handler `{handler}`, which is not on this bus: if it was renamed or moved, \
         write `#[handler(was = \"{handler}\")]` on it; otherwise discard the letter"
    )]
    NoHandler {
        /// The number of the letter.
        letter: u64,
        /// The identity of the handler.
        handler: String,
    },
    /// It was a subscriber that failed, and a subscriber cannot be called on its own.
    #[error("dead letter {0} is a subscriber's, and only handlers can be called again")]
    Subscriber(u64),
    /// The handler does not take the event any more, as its `when` decides.
    #[error("the handler of dead letter {0} does not take the event any more, as its `when` decides")]
    Declined(u64),
    /// The bus was shut down, or it was redelivered in handlers of its own consequences for too long.
    #[error("it was not redelivered: {0}")]
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RawEvent;

    fn letter(letters: &Letters) -> Arc<DeadLetter> {
        let event = AnyEvent::from(RawEvent::new("test.lost", *b"{}", None, None, None));
        letters.add(event, DeadLetterCause::Refused(Refusal::Closed), None, &Registry::default())
    }

    fn ids(letters: &Letters) -> Vec<u64> {
        letters.lock().letters.keys().copied().collect()
    }

    #[test]
    fn as_many_letters_are_kept_as_there_is_room_for() {
        let size = letter(&Letters::new(1, 1)).size;
        for (bytes, kept) in
            [(2 * size, &[2, 3][..]), (2 * size - 1, &[3]), (3 * size, &[1, 2, 3]), (1, &[3])]
        {
            let letters = Letters::new(3, bytes);
            (0..3).for_each(|_| drop(letter(&letters)));
            assert_eq!(ids(&letters), kept, "of {size} bytes each, in {bytes}");
            assert_eq!(letters.lock().dropped, 3 - kept.len() as u64);
        }
    }
}
