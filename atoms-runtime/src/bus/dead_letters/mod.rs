//! What failed for good, kept until somebody looks after it.

mod letter;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use letter::{DeadLetter, DeadLetterCause};

use super::failure::{Recipient, Refusal};
use super::receipt::Receipt;
use super::{Bus, Shared};
use crate::event::{AnyEvent, Event, Shown, Timestamp};

/// How many attempts of a letter that is redelivered again and again are kept, the latest ones.
const MAX_ATTEMPTS: usize = 64;

/// The store of a bus.
#[derive(Debug)]
pub(super) struct Letters {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Arc<DeadLetter>>,
    next: u64,
    dropped: u64,
}

impl Letters {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an event, in place of the oldest one if there is no room. One that was redelivered goes on
    /// as the same letter.
    pub(super) fn add(
        &self,
        event: AnyEvent,
        mut cause: DeadLetterCause,
        earlier: Option<&DeadLetter>,
    ) -> Arc<DeadLetter> {
        // One that nobody got, and then somebody failed for, is another letter.
        let earlier = earlier.filter(|earlier| earlier.recipient() == cause.recipient());
        if let (DeadLetterCause::Failed { attempts, .. }, Some(earlier)) = (&mut cause, earlier) {
            let kept =
                earlier.attempts().len().saturating_sub(MAX_ATTEMPTS - attempts.len().min(MAX_ATTEMPTS));
            attempts.splice(..0, earlier.attempts()[kept..].iter().cloned());
        }
        let mut state = self.lock();
        state.next += 1;
        let id = earlier.map_or(state.next, DeadLetter::id);
        let letter = Arc::new(DeadLetter { id, event, cause, at: Timestamp::now() });
        self.put(state, Arc::clone(&letter));
        letter
    }

    /// Puts a letter where its time belongs, if it is not there already.
    fn put(&self, mut state: MutexGuard<'_, State>, letter: Arc<DeadLetter>) {
        if state.letters.iter().any(|other| other.id == letter.id) {
            return;
        }
        let place = state.letters.partition_point(|earlier| earlier.at <= letter.at);
        state.letters.insert(place, letter);
        let lost = if state.letters.len() > self.capacity { state.letters.pop_front() } else { None };
        state.dropped += u64::from(lost.is_some());
        drop(state);
        if let Some(lost) = lost {
            tracing::warn!(letter = %Shown(&lost), "a dead letter made room for another one");
        }
    }

    fn take(&self, id: u64) -> Option<Arc<DeadLetter>> {
        let mut state = self.lock();
        let at = state.letters.iter().position(|letter| letter.id == id)?;
        state.letters.remove(at)
    }
}

/// What failed for good on a bus: the events that a handler failed for, after all attempts, or that
/// were not delivered to anybody.
///
/// They are kept in memory, 1,024 by default ([`BusBuilder::dead_letter_capacity`]); beyond that the
/// oldest one makes room, which is logged and counted. For each one, `atoms.delivery.failed` is emitted
/// ([`DeliveryFailed`]).
///
/// ```
/// # use atoms_runtime::{Bus, State, event, handler};
/// # use std::sync::atomic::{AtomicBool, Ordering};
/// #[event(type = "shop.order.created", crate = atoms_runtime)]
/// struct OrderCreated;
///
/// #[handler(crate = atoms_runtime)]
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
/// assert_eq!(letter.attempts()[0].error().to_string(), "the disk is full");
///
/// disk_is_full.store(false, Ordering::Relaxed);
/// bus.dead_letters().redeliver(letter.id()).await?.into_result()?;
/// assert!(bus.dead_letters().is_empty());
/// # Ok(())
/// # }
/// ```
///
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
        self.letters().add(event, DeadLetterCause::Refused(refusal), None).id()
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

    /// All of them, the oldest first.
    pub fn list(self) -> Vec<Arc<DeadLetter>> {
        self.letters().lock().letters.iter().cloned().collect()
    }

    /// Those of one event, the oldest first.
    pub fn of<E: Event>(self) -> Vec<Arc<DeadLetter>> {
        let mut letters = self.list();
        letters.retain(|letter| letter.event.is::<E>());
        letters
    }

    /// The one with this number.
    pub fn get(self, id: u64) -> Option<Arc<DeadLetter>> {
        self.letters().lock().letters.iter().find(|letter| letter.id == id).cloned()
    }

    /// Takes one out, which is then forgotten.
    pub fn discard(self, id: u64) -> Option<Arc<DeadLetter>> {
        self.letters().take(id)
    }

    /// Takes all out, the oldest first.
    pub fn discard_all(self) -> Vec<Arc<DeadLetter>> {
        std::mem::take(&mut self.letters().lock().letters).into()
    }

    /// Delivers the event again, to the handler that failed and to no other; one that was not delivered
    /// to anybody goes to all handlers and subscribers. Interceptors are asked for the delivery only.
    ///
    /// It is not among the dead letters while this runs. If the handler fails again, it comes back with
    /// its number and all its attempts; if the future is dropped before it is done, or this is an error, it
    /// comes back as it was, though the handler may have been done with it.
    pub async fn redeliver(self, id: u64) -> Result<Receipt, RedeliverError> {
        if self.bus.is_closed() {
            return Err(RedeliverError::Refused(Refusal::Closed));
        }
        let letter = self.letters().take(id).ok_or(RedeliverError::NotFound(id))?;
        let unfinished = PutBack::new(Arc::clone(&self.bus.0), Arc::clone(&letter));
        let handler = match letter.recipient() {
            None => None,
            Some(Recipient::Handler(info)) => Some(info),
            Some(Recipient::Subscriber(_)) => return Err(RedeliverError::Subscriber(id)),
        };
        let receipt = self.bus.0.deliver_again(&letter, handler).await?;
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
