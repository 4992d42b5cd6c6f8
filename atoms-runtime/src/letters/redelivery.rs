//! The dead letters of a bus, wherever they are kept, and those that are being redelivered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

use super::letter::{DeadLetter, DeadLetterCause};
use super::store::LetterStore;
use crate::catalog::Registry;
use crate::event::AnyEvent;
use crate::log_limit::LogLimit;
use crate::store::{StoreError, StoredEvents};
use crate::text::Shown;

/// A store that fails, fails for each letter.
static NOT_KEPT: LogLimit = LogLimit::new(10, "more dead letters were not kept");

/// How many letters may wait for a store that is slow: those of emits, which do not wait for it.
const MAX_UNWRITTEN: usize = 1_024;

/// The dead letters of a bus.
pub(crate) struct Letters {
    pub(crate) store: Arc<dyn LetterStore>,
    redelivered: Mutex<Redelivered>,
    unwritten: AtomicUsize,
}

/// The letters that are being redelivered: they stay in the store, so that nothing is lost with the process, and are
/// not shown meanwhile.
#[derive(Debug, Default)]
struct Redelivered {
    next: u64,
    /// The number of the redelivery, and whether the letter was found.
    letters: HashMap<u64, (u64, bool)>,
}

impl Letters {
    pub(crate) fn new(store: Arc<dyn LetterStore>) -> Self {
        Self { store, redelivered: Mutex::default(), unwritten: AtomicUsize::new(0) }
    }

    pub(crate) fn start(&self, events: StoredEvents) {
        self.store.start(events);
    }

    fn lock(&self) -> MutexGuard<'_, Redelivered> {
        self.redelivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_redelivered(&self, id: u64) -> bool {
        self.lock().letters.contains_key(&id)
    }

    /// How many letters of the store are not shown.
    pub(crate) fn hidden(&self) -> usize {
        self.lock().letters.values().filter(|(_, is_found)| *is_found).count()
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("redelivered", &*self.lock()).finish_non_exhaustive()
    }
}

impl Letters {
    /// Makes a letter of an event. One that was delivered again, and had one of these, goes on as the same letter.
    pub(crate) fn letter<'a>(
        &self,
        registry: &Registry,
        event: AnyEvent,
        mut cause: DeadLetterCause,
        earlier: impl IntoIterator<Item = &'a DeadLetter>,
    ) -> Arc<DeadLetter> {
        // One that nobody got, and then somebody failed for, is another letter.
        let is_same = |earlier: &&DeadLetter| match (earlier.recipient(), cause.recipient()) {
            (Some(was), Some(is)) => was.is_now(is, registry),
            (was, is) => was == is,
        };
        let earlier = earlier.into_iter().filter(is_same).last();
        cause.follow(earlier.map_or(&[], DeadLetter::attempts));
        let id = earlier.map_or_else(|| self.store.next_id(), DeadLetter::id);
        Arc::new(DeadLetter::new(id, event, cause))
    }

    /// Keeps a letter. What `count` returns is held for as long as the letter waits for the store.
    pub(crate) fn keep<C: Send + 'static>(
        self: &Arc<Self>,
        letter: Arc<DeadLetter>,
        count: impl FnOnce() -> C,
    ) {
        let id = letter.id;
        self.write(letter, count);
        // It is shown again, and its redelivery does not take it out.
        self.lock().letters.remove(&id);
    }

    /// Keeps and removes letters, and waits for that.
    pub(crate) async fn settle(&self, kept: &[Arc<DeadLetter>], settled: &[u64]) -> Result<(), StoreError> {
        for letter in kept {
            self.store.put(Arc::clone(letter)).await?;
        }
        for id in settled {
            self.store.take(*id).await?;
        }
        Ok(())
    }

    /// Writes a letter to the store, which an emit does not wait for: shutting the bus down does.
    fn write<C: Send + 'static>(self: &Arc<Self>, letter: Arc<DeadLetter>, count: impl FnOnce() -> C) {
        let store = Arc::clone(&self.store);
        let written = Arc::clone(&letter);
        let mut writing = Box::pin(async move { store.put(written).await });
        match writing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => not_kept(&letter, &error),
            Poll::Pending => {
                let is_full = self.unwritten.fetch_add(1, Ordering::SeqCst) >= MAX_UNWRITTEN;
                let (Ok(runtime), false) = (Handle::try_current(), is_full) else {
                    self.unwritten.fetch_sub(1, Ordering::SeqCst);
                    let why =
                        if is_full { "too many wait for the store" } else { "there is no tokio runtime" };
                    return not_kept(&letter, &why);
                };
                let (counted, letters) = (count(), Arc::clone(self));
                runtime.spawn(async move {
                    if let Err(error) = writing.await {
                        not_kept(&letter, &error);
                    }
                    letters.unwritten.fetch_sub(1, Ordering::SeqCst);
                    drop(counted);
                });
            }
        }
    }
}

#[cold]
fn not_kept(letter: &DeadLetter, why: &dyn fmt::Display) {
    if NOT_KEPT.allows() {
        tracing::error!(letter = %Shown(letter), error = %Shown(why), "a dead letter was not kept");
    }
}

/// A letter that is being redelivered. Until it is done, the letter stays as it was.
pub(crate) struct Redelivery {
    letters: Arc<Letters>,
    pub(crate) letter: Arc<DeadLetter>,
    number: u64,
    /// Whether a task goes on with it, which also ends it.
    is_handed_over: AtomicBool,
}

/// A number under which nobody else redelivers a letter.
pub(crate) struct Claim<'a> {
    letters: &'a Arc<Letters>,
    id: u64,
    number: u64,
}

impl<'a> Claim<'a> {
    /// `None` if the letter is being redelivered.
    pub(crate) fn of(letters: &'a Arc<Letters>, id: u64) -> Option<Self> {
        let mut redelivered = letters.lock();
        redelivered.next += 1;
        let number = redelivered.next;
        match redelivered.letters.entry(id) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                place.insert((number, false));
                Some(Self { letters, id, number })
            }
        }
    }

    /// The letter was found.
    pub(crate) fn found(self, letter: Arc<DeadLetter>) -> Redelivery {
        self.letters.lock().letters.insert(self.id, (self.number, true));
        let (letters, number) = (Arc::clone(self.letters), self.number);
        std::mem::forget(self);
        Redelivery { letters, letter, number, is_handed_over: false.into() }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.letters.lock().letters.remove(&self.id);
    }
}

impl Redelivery {
    pub(crate) fn letter(&self) -> &Arc<DeadLetter> {
        &self.letter
    }

    /// A task goes on with it, and will call [`done`](Self::done).
    pub(crate) fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Relaxed)
    }

    fn is_open(&self) -> bool {
        let redelivered = self.letters.lock();
        redelivered.letters.get(&self.letter.id).is_some_and(|(number, _)| *number == self.number)
    }

    /// The delivery has come to an end: takes the letter out, unless it was put back.
    pub(crate) async fn done(&self) -> Result<(), StoreError> {
        if self.is_open() {
            self.letters.store.take(self.letter.id).await?;
        }
        Ok(())
    }
}

impl Drop for Redelivery {
    fn drop(&mut self) {
        let mut redelivered = self.letters.lock();
        if redelivered.letters.get(&self.letter.id).is_some_and(|(number, _)| *number == self.number) {
            redelivered.letters.remove(&self.letter.id);
        }
    }
}
