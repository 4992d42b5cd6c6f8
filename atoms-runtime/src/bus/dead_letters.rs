//! The dead letters of a bus.

use std::sync::Arc;

use crate::engine::first_poll::FirstPoll;
use crate::engine::{Bus, Receipt};
use crate::event::{AnyEvent, Event};
use crate::handler::{HandlerInfo, Refusal};
use crate::letters::{Claim, DeadLetter, DeadLetterCause, LetterRecipient, Letters, RedeliverError};
use crate::queue::NoTurn;
use crate::store::StoreError;

/// How many letters are read from a store at once.
const PAGE: usize = 256;

/// The dead letters of a bus: the events that a handler failed to handle after all attempts, and those that were not
/// delivered to anybody.
///
/// By default they are kept in memory and end with the bus: at most 1,024 of them
/// ([`BusBuilder::dead_letter_capacity`]), in 64 MiB ([`BusBuilder::dead_letter_bytes`]). [`BusBuilder::letter_store`]
/// keeps them elsewhere. When there is no room for another one, the one with the lowest number is dropped, logged and
/// counted. A letter that is larger than the limit is kept alone. For each one, `atoms.delivery.failed` is emitted
/// ([`DeliveryFailed`]).
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
/// let letter = bus.dead_letters().list().await?.remove(0);
/// assert!(letter.handler().unwrap().ends_with("store"));
/// assert_eq!(letter.attempts()[0].error(), "the disk is full");
///
/// // As JSON, for those who look after it: a letter is `Serialize`, and the list has each in an `Arc`.
/// let json = serde_json::to_value(&*letter)?;
/// assert_eq!(json["type"], "shop.order.created");
///
/// disk_is_full.store(false, Ordering::Relaxed);
/// bus.dead_letters().redeliver(letter.id()).await?.into_result()?;
/// assert!(bus.dead_letters().is_empty().await?);
/// # Ok(())
/// # }
/// ```
///
/// [`BusBuilder::dead_letter_bytes`]: crate::BusBuilder::dead_letter_bytes
/// [`BusBuilder::letter_store`]: crate::BusBuilder::letter_store
/// [`BusBuilder::dead_letter_capacity`]: crate::BusBuilder::dead_letter_capacity
/// [`DeliveryFailed`]: crate::DeliveryFailed
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters<'a> {
    bus: &'a Bus,
}

impl Bus {
    /// Returns the dead letters of this bus.
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters { bus: self }
    }
}

impl<'a> DeadLetters<'a> {
    fn letters(self) -> &'a Letters {
        &self.bus.0.dead_letters
    }

    /// Keeps an event that was not delivered to anybody, for this reason, and returns the number of its letter. Code
    /// that carries events to a bus, or from it, uses this for the events that it could not deliver.
    ///
    /// This does not wait for the store. If a store does not take the letter, that is logged.
    pub fn keep(self, event: AnyEvent, refusal: Refusal) -> u64 {
        let letter = self.bus.0.letter(event, DeadLetterCause::Refused(refusal), None);
        let id = letter.id();
        self.bus.0.keep_letter(letter);
        id
    }

    /// Returns the number of dead letters.
    pub async fn len(self) -> Result<usize, StoreError> {
        Ok(self.letters().store.count().await?.saturating_sub(self.letters().hidden()))
    }

    /// Returns whether there are no dead letters.
    pub async fn is_empty(self) -> Result<bool, StoreError> {
        Ok(self.len().await? == 0)
    }

    /// Returns how many were dropped to make room for others: since the bus was started, if they are in memory.
    pub async fn dropped(self) -> Result<u64, StoreError> {
        self.letters().store.dropped().await
    }

    /// Returns all dead letters, sorted by number.
    pub async fn list(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let (mut all, mut above) = (Vec::new(), 0);
        loop {
            let page = self.letters().store.list(above, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            above = last.id();
            all.extend(page.into_iter().filter(|letter| !self.letters().is_redelivered(letter.id())));
        }
    }

    /// Returns at most `limit` dead letters with numbers above this one, sorted by number: for when there may be too
    /// many for a [`list`](Self::list).
    pub async fn page(self, above: u64, limit: usize) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut page = self.letters().store.list(above, limit).await?;
        page.retain(|letter| !self.letters().is_redelivered(letter.id()));
        Ok(page)
    }

    /// Returns those of one type of events, sorted by number.
    pub async fn of<E: Event>(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut letters = self.list().await?;
        letters.retain(|letter| letter.event.is::<E>());
        Ok(letters)
    }

    /// Returns the dead letter with this number.
    pub async fn get(self, id: u64) -> Result<Option<Arc<DeadLetter>>, StoreError> {
        if self.letters().is_redelivered(id) {
            return Ok(None);
        }
        self.letters().store.get(id).await
    }

    /// Removes the dead letter with this number, and returns it.
    pub async fn discard(self, id: u64) -> Result<Option<Arc<DeadLetter>>, StoreError> {
        if self.letters().is_redelivered(id) {
            return Ok(None);
        }
        self.letters().store.take(id).await
    }

    /// Removes all dead letters, and returns them sorted by number.
    pub async fn discard_all(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut taken = Vec::new();
        for letter in self.list().await? {
            taken.extend(self.discard(letter.id()).await?);
        }
        Ok(taken)
    }

    /// Delivers the event again, only to the handler that failed. An event that was not delivered to anybody goes to
    /// all handlers and subscribers. The layers around deliveries stand around it again, and for an event that was not
    /// delivered to anybody those around emits, too: a veto refuses it again.
    ///
    /// The event of a letter that has a [key](AnyEvent::key) waits for that as if it were posted now: for the events of the key
    /// that were posted before, and those that are posted later wait for it. In a handler of a posted event of that key, it
    /// is delivered at once. Handlers must not wait for each other's keys. On a bus with another
    /// [backlog](crate::Backlog), its turn is an event there.
    ///
    /// The handler is found by its identity ([`HandlerInfo::id`]), also by one that it had before.
    ///
    /// The letter is not among the dead letters while this runs. If the handler fails again, the letter comes back with
    /// its number and all its attempts. If this fails, or the future is dropped before it is ready, the letter comes
    /// back as it was, even if the handler was done with the event.
    pub async fn redeliver(self, id: u64) -> Result<Receipt, RedeliverError> {
        let claim = Claim::of(&self.bus.0.dead_letters, id).ok_or(RedeliverError::NotFound(id))?;
        let letter = self.letters().store.get(id).await?.ok_or(RedeliverError::NotFound(id))?;
        let redelivery = Arc::new(claim.found(letter));
        self.open()?;
        let handler = self.handler_of(redelivery.letter())?;
        let turn = self.bus.0.turn_of(redelivery.letter().event()).await?;
        let first_poll = FirstPoll::of(&self.bus.0);
        // It may have been shut down meanwhile.
        self.open()?;
        let delivering = self.bus.0.deliver_again(&redelivery, handler, first_poll);
        let receipt = match &turn {
            Some(turn) => turn.around(delivering).await,
            None => delivering.await,
        }?;
        if handler.is_some() && receipt.deliveries().next().is_none() {
            return Err(RedeliverError::Declined(id));
        }
        if !redelivery.is_handed_over() {
            redelivery.done().await?;
        }
        Ok(receipt)
    }

    /// Delivers again, as [`redeliver`](Self::redeliver) does, all letters that `is_chosen` chooses now: one after the other,
    /// sorted by number. Returns what became of each, under its number. One that fails does not stop the others.
    ///
    /// Fails if the store cannot be listed. Nothing is redelivered then.
    ///
    /// ```
    /// # use atoms::{AttemptKind, Bus, DeadLetter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::builder().without_discovery().start()?;
    /// let timed_out = |letter: &DeadLetter| {
    ///     letter.attempts().last().is_some_and(|last| last.kind() == AttemptKind::TimedOut)
    /// };
    /// for (number, redelivered) in bus.dead_letters().redeliver_all(timed_out).await? {
    ///     println!("{number}: {}", if redelivered?.is_ok() { "done" } else { "failed again" });
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn redeliver_all(
        self,
        mut is_chosen: impl FnMut(&DeadLetter) -> bool,
    ) -> Result<Vec<(u64, Result<Receipt, RedeliverError>)>, StoreError> {
        let (mut chosen, mut above) = (Vec::new(), 0);
        loop {
            let page = self.letters().store.list(above, PAGE).await?;
            let Some(last) = page.last() else { break };
            above = last.id();
            let shown = page.iter().filter(|letter| !self.letters().is_redelivered(letter.id()));
            chosen.extend(shown.filter(|letter| is_chosen(letter)).map(|letter| letter.id()));
        }
        let mut redelivered = Vec::with_capacity(chosen.len());
        for id in chosen {
            redelivered.push((id, self.redeliver(id).await));
        }
        Ok(redelivered)
    }

    fn open(self) -> Result<(), RedeliverError> {
        if self.bus.is_closed() { Err(RedeliverError::Refused(Refusal::Closed)) } else { Ok(()) }
    }

    /// The handler that failed; `None` if the event was not delivered to anybody.
    fn handler_of(self, letter: &DeadLetter) -> Result<Option<&'static HandlerInfo>, RedeliverError> {
        match letter.recipient() {
            None => Ok(None),
            Some(LetterRecipient::Handler(id)) => match self.bus.registry().handler(id) {
                Some(info) => Ok(Some(info)),
                None => Err(RedeliverError::NoHandler { letter: letter.id(), handler: id.clone() }),
            },
            Some(LetterRecipient::Subscriber(_)) => Err(RedeliverError::Subscriber(letter.id())),
        }
    }
}

impl From<NoTurn> for RedeliverError {
    fn from(none: NoTurn) -> Self {
        match none {
            NoTurn::Closed => Self::Refused(Refusal::Closed),
            NoTurn::NotStored(error) => Self::Store(error),
        }
    }
}
