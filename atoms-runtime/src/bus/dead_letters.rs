//! What failed for good on a bus, for those who look after it.

use std::sync::Arc;

use crate::engine::first_poll::FirstPoll;
use crate::engine::{Bus, Receipt};
use crate::event::{AnyEvent, Event};
use crate::handler::{HandlerInfo, Refusal};
use crate::letters::{Claim, DeadLetter, DeadLetterCause, LetterRecipient, Letters, RedeliverError};
use crate::store::StoreError;

/// How many letters are read from a store at once.
const PAGE: usize = 256;

/// What failed for good on a bus: the events that a handler failed for, after all attempts, or that
/// were not delivered to anybody.
///
/// They are kept in memory, and end with the bus, unless [`BusBuilder::letter_store`] says otherwise: 1,024 of them
/// ([`BusBuilder::dead_letter_capacity`]), and 64 MiB ([`BusBuilder::dead_letter_bytes`]), by default. Beyond that the one with the lowest number makes room, which is
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
/// let letter = &bus.dead_letters().list().await?[0];
/// assert_eq!(letter.attempts()[0].error(), "the disk is full");
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
    ///
    /// This does not wait for the store. What a store that is not in memory does not take is in the log.
    pub fn keep(self, event: AnyEvent, refusal: Refusal) -> u64 {
        self.bus.0.add_letter(event, DeadLetterCause::Refused(refusal), None).id()
    }

    /// How many there are.
    pub async fn len(self) -> Result<usize, StoreError> {
        Ok(self.letters().store.count().await?.saturating_sub(self.letters().hidden()))
    }

    /// Whether there are none.
    pub async fn is_empty(self) -> Result<bool, StoreError> {
        Ok(self.len().await? == 0)
    }

    /// How many had to make room for others: since the bus was started, if they are in memory.
    pub async fn dropped(self) -> Result<u64, StoreError> {
        self.letters().store.dropped().await
    }

    /// All of them, by their numbers.
    pub async fn list(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let (mut all, mut above) = (Vec::new(), 0);
        loop {
            let page = self.letters().store.list(above, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            above = last.id();
            all.extend(page.into_iter().filter(|letter| !self.letters().is_redelivered(letter.id())));
        }
    }

    /// Those with numbers above this one, by their numbers, and no more than `limit`: a page, where there may be too
    /// many for a [`list`](Self::list).
    pub async fn page(self, above: u64, limit: usize) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut page = self.letters().store.list(above, limit).await?;
        page.retain(|letter| !self.letters().is_redelivered(letter.id()));
        Ok(page)
    }

    /// Those of one event, by their numbers.
    pub async fn of<E: Event>(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut letters = self.list().await?;
        letters.retain(|letter| letter.event.is::<E>());
        Ok(letters)
    }

    /// The one with this number.
    pub async fn get(self, id: u64) -> Result<Option<Arc<DeadLetter>>, StoreError> {
        if self.letters().is_redelivered(id) {
            return Ok(None);
        }
        self.letters().store.get(id).await
    }

    /// Takes one out, which is then forgotten.
    pub async fn discard(self, id: u64) -> Result<Option<Arc<DeadLetter>>, StoreError> {
        if self.letters().is_redelivered(id) {
            return Ok(None);
        }
        self.letters().store.take(id).await
    }

    /// Takes all out, by their numbers.
    pub async fn discard_all(self) -> Result<Vec<Arc<DeadLetter>>, StoreError> {
        let mut taken = Vec::new();
        for letter in self.list().await? {
            taken.extend(self.discard(letter.id()).await?);
        }
        Ok(taken)
    }

    /// Delivers the event again, to the handler that failed and to no other; one that was not delivered
    /// to anybody goes to all handlers and subscribers. Layers stand around it again for each delivery, and for
    /// an event that was not delivered to anybody as for one that is emitted: a veto refuses it again.
    ///
    /// The handler is found by its identity ([`HandlerInfo::id`]), also by one that it had before.
    ///
    /// The letter is not among the dead letters while this runs. If the handler fails again, it comes back with
    /// its number and all its attempts; if the future is dropped before it is done, or this is an error, it
    /// comes back as it was, though the handler may have been done with it.
    pub async fn redeliver(self, id: u64) -> Result<Receipt, RedeliverError> {
        let claim = Claim::of(&self.bus.0.dead_letters, id).ok_or(RedeliverError::NotFound(id))?;
        let letter = self.letters().store.get(id).await?.ok_or(RedeliverError::NotFound(id))?;
        let redelivery = Arc::new(claim.found(letter));
        let first_poll = FirstPoll::of(&self.bus.0);
        if self.bus.is_closed() {
            return Err(RedeliverError::Refused(Refusal::Closed));
        }
        let handler = self.handler_of(redelivery.letter())?;
        let receipt = self.bus.0.deliver_again(&redelivery, handler, first_poll).await?;
        if handler.is_some() && receipt.deliveries().next().is_none() {
            return Err(RedeliverError::Declined(id));
        }
        if !redelivery.is_handed_over() {
            redelivery.done().await?;
        }
        Ok(receipt)
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
