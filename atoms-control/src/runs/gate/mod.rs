//! The gate that holds what is paused.

mod paused;
mod pump;
#[cfg(all(test, shuttle))]
mod shuttle_tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atoms_runtime::{AnyEvent, EventId, Veto};
use tokio::sync::oneshot;

use self::paused::Paused;
use self::pump::Pump;
use super::scope::{Place, Scope};
use crate::sync::{AtomicBool, Mutex};
use crate::work::DroppedEvent;

/// How many scopes may be paused at once.
const MOST_PAUSED: usize = 65_536;

/// Holds events while what they belong to is paused, in the order in which they came.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Limits,
    /// Nothing is paused, and nothing is held.
    is_open: AtomicBool,
    state: Mutex<State>,
}

/// How much is held at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    paused: Paused,
    /// By when they came.
    held: BTreeMap<u64, Held>,
    /// Those that are let go, one after the other.
    leaving: BTreeMap<u64, Held>,
    bytes: usize,
    next: u64,
    has_pump: bool,
}

#[derive(Debug)]
struct Held {
    place: Place,
    event_type: String,
    id: EventId,
    bytes: usize,
    tell: oneshot::Sender<Verdict>,
}

/// What becomes of what was held.
#[derive(Debug)]
enum Verdict {
    /// It goes on. When this is dropped, the next one does.
    Go(Turn),
    Dropped(String),
}

/// Dropped when it has begun.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "it tells by being dropped")] oneshot::Sender<()>);

/// How much is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldEvents {
    /// How many events.
    pub events: usize,
    /// About how many bytes of memory they take.
    pub bytes: usize,
}

/// Something cannot be paused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotPaused {
    /// The bus has no gate.
    #[error("the bus cannot be paused: add `.steering(Steering::new())` to `Bus::builder()`")]
    NoSteering,
    /// The run does not go on.
    #[error("{0} does not go on")]
    Ended(Scope),
    /// So much is paused that there is no room for more.
    #[error("{limit} runs and sessions are paused, which is the limit")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl State {
    fn is_paused(&self, place: &Place) -> bool {
        self.paused.holds(place)
    }

    fn is_open(&self) -> bool {
        self.paused.is_empty() && self.held.is_empty() && self.leaving.is_empty() && !self.has_pump
    }

    /// Lets those go that are not paused any more; returns how many.
    fn let_go(&mut self) -> usize {
        let before = self.leaving.len();
        let held = std::mem::take(&mut self.held);
        for (number, held) in held {
            let to = if self.is_paused(&held.place) { &mut self.held } else { &mut self.leaving };
            to.insert(number, held);
        }
        self.leaving.len() - before
    }

    fn remove(&mut self, number: u64) -> Option<Held> {
        let removed = self.held.remove(&number).or_else(|| self.leaving.remove(&number))?;
        self.bytes -= removed.bytes;
        Some(removed)
    }

    fn held(&self) -> HeldEvents {
        HeldEvents { events: self.held.len() + self.leaving.len(), bytes: self.bytes }
    }
}

/// One that is held, until this is dropped.
struct Waiting<'a> {
    gate: &'a Gate,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let removed = self.gate.state.lock().remove(self.number);
        drop(removed);
    }
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, is_open: AtomicBool::new(true), state: Mutex::default() }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Waits while the place is paused. Fails if there is no room, or if it is dropped. The returned turn is dropped when it has
    /// begun.
    pub(super) async fn pass(&self, place: Place, event: &AnyEvent) -> Result<Option<Turn>, Veto> {
        let Some((number, told)) = self.enter(place, event)? else { return Ok(None) };
        let _waiting = Waiting { gate: self, number };
        match told.await {
            Ok(Verdict::Go(turn)) => Ok(Some(turn)),
            Ok(Verdict::Dropped(why)) => Err(Veto::new(why)),
            Err(_) => Err(Veto::new("it was held, and nobody lets it go any more")),
        }
    }

    fn enter(
        &self,
        place: Place,
        event: &AnyEvent,
    ) -> Result<Option<(u64, oneshot::Receiver<Verdict>)>, Veto> {
        let mut state = self.state.lock();
        let is_paused = state.is_paused(&place);
        if !is_paused && state.leaving.is_empty() && !state.has_pump {
            return Ok(None);
        }
        let (bytes, held) = (event.size(), state.held());
        let Limits { events: most, bytes: most_bytes } = self.limits;
        if held.events >= most || held.events > 0 && held.bytes + bytes > most_bytes {
            let HeldEvents { events, bytes } = held;
            return Err(Veto::new(format!(
                "it is paused, and no more can be held: {events} events of {most} are, in {bytes} bytes of {most_bytes}"
            )));
        }
        let (tell, told) = oneshot::channel();
        let (event_type, id) = (event.event_type().to_owned(), event.id().clone());
        let number = state.next;
        state.next += 1;
        state.bytes += bytes;
        let to = if is_paused { &mut state.held } else { &mut state.leaving };
        to.insert(number, Held { place, event_type, id, bytes, tell });
        Ok(Some((number, told)))
    }

    /// Holds what comes for this from now on, and what is on its way out.
    pub(super) fn pause(&self, scope: Scope) -> Result<(), NotPaused> {
        let mut state = self.state.lock();
        if state.paused.len() >= MOST_PAUSED {
            return Err(NotPaused::TooMany { limit: MOST_PAUSED });
        }
        state.paused.insert(scope);
        let leaving = std::mem::take(&mut state.leaving);
        for (number, held) in leaving {
            let to = if state.is_paused(&held.place) { &mut state.held } else { &mut state.leaving };
            to.insert(number, held);
        }
        self.is_open.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Lets what was held for this go, in order, unless it is paused in another way; returns how many, or `None` if this was
    /// not paused.
    pub(super) fn resume(self: &Arc<Self>, scope: &Scope) -> Option<usize> {
        let mut state = self.state.lock();
        if !state.paused.remove(scope) {
            return None;
        }
        let count = state.let_go();
        drop(state);
        self.pump();
        Some(count)
    }

    /// Lets all go, and holds nothing any more.
    pub(super) fn open(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.paused = Paused::default();
        state.let_go();
        drop(state);
        self.pump();
    }

    /// Drops what is held for this, and does not hold for it any more.
    pub(super) fn drop_held(self: &Arc<Self>, scope: &Scope, why: &str) -> Vec<DroppedEvent> {
        let mut state = self.state.lock();
        if *scope == Scope::Bus {
            state.paused = Paused::default();
        } else {
            state.paused.remove(scope);
        }
        let is_dropped = |(number, held): (&u64, &Held)| held.place.is_in(scope).then_some(*number);
        let mut numbers: Vec<_> = state.held.iter().chain(&state.leaving).filter_map(is_dropped).collect();
        numbers.sort_unstable();
        let dropped: Vec<_> = numbers.into_iter().filter_map(|number| state.remove(number)).collect();
        state.let_go();
        drop(state);
        self.pump();
        dropped.into_iter().map(|held| held.dropped(why)).collect()
    }

    pub(super) fn held(&self) -> HeldEvents {
        self.state.lock().held()
    }

    pub(super) fn is_paused(&self, scope: &Scope) -> bool {
        self.state.lock().paused.contains(scope)
    }

    /// Begins to let those go whose turn it is, if nobody does.
    fn pump(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.has_pump {
            return;
        }
        if state.leaving.is_empty() {
            self.is_open.store(state.is_open(), Ordering::SeqCst);
            return;
        }
        state.has_pump = true;
        drop(state);
        Pump::new(Arc::clone(self)).begin();
    }
}

impl Held {
    fn dropped(self, why: &str) -> DroppedEvent {
        // Who waited for it may be gone.
        let _ = self.tell.send(Verdict::Dropped(why.to_owned()));
        DroppedEvent { event_type: self.event_type, id: self.id }
    }
}
