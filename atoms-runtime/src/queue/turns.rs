//! The turns of dead letters that are delivered again, among the posted events of their keys.
//!
//! A dead letter is delivered by whoever asks for that, and not by a worker. So what is in line is its turn: in memory as
//! such, and in another backlog as an event without handlers, whose worker waits until the turn is over.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use tokio::sync::oneshot;

use super::backlog::{Acknowledgement, NewPost, Taken};
use super::hold::Hold;
use super::lanes::LaneKey;
use super::state::Queue;
use super::stored::Stored;
use crate::engine::{Bus, Engine};
use crate::event::{AnyEvent, EventId, EventKey, RawEvent};
use crate::store::StoreError;

/// The type of the events that stand for turns in a backlog. A turn that an earlier process has left is over.
const TYPE: &str = "atoms.redelivery.turn";

/// The turn of a key. The next event of the key waits until this is dropped.
pub(crate) struct Turn {
    /// So that handlers do not wait for the turn in which they are called.
    hold: Hold,
    _place: Place,
}

impl Turn {
    /// Drives the delivery whose turn it is.
    pub(crate) async fn around<F: Future>(&self, delivering: F) -> F::Output {
        let mut delivering = pin!(delivering);
        poll_fn(|cx| self.hold.enter(|| delivering.as_mut().poll(cx))).await
    }
}

enum Place {
    Queue(#[expect(dead_code, reason = "it is there to be dropped")] InQueue),
    Stored(#[expect(dead_code, reason = "it is there to be dropped")] StoredTurn),
}

/// A place in line in the queue.
struct InQueue {
    queue: Arc<Queue>,
    key: LaneKey,
    comes: oneshot::Receiver<()>,
    has_come: bool,
}

impl Drop for InQueue {
    fn drop(&mut self) {
        // From now on it is passed over; it may have come meanwhile.
        self.comes.close();
        if self.has_come || self.comes.try_recv().is_ok() {
            self.queue.end_turn(self.key);
        }
    }
}

/// The turn that a worker of a backlog gives, which it waits for until this is dropped.
pub(super) type StoredTurn = oneshot::Sender<()>;

/// Those who wait for their turns in a backlog, by the ids of the events that stand for these.
#[derive(Default)]
pub(super) struct StoredTurns(Mutex<HashMap<EventId, oneshot::Sender<StoredTurn>>>);

impl StoredTurns {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<EventId, oneshot::Sender<StoredTurn>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// No turn comes any more.
    pub(super) fn close(&self) {
        self.change(std::mem::take);
    }
}

/// Somebody who waits, until this is dropped.
struct WaitsStored<'a>(&'a StoredTurns, EventId);

impl Drop for WaitsStored<'_> {
    fn drop(&mut self) {
        self.0.change(|turns| turns.remove(&self.1));
    }
}

/// Why there is no turn.
pub(crate) enum NoTurn {
    /// The bus was shut down.
    Closed,
    /// It could not be stored.
    NotStored(StoreError),
}

impl Engine {
    /// Waits for the turn of an event that is delivered again, if it has a key, as if it were posted now. A handler of an
    /// event of that key has the turn already.
    pub(crate) async fn turn_of(self: &Arc<Self>, event: &AnyEvent) -> Result<Option<Turn>, NoTurn> {
        let Some(key) = event.key() else { return Ok(None) };
        let Some(lane) = self.queue.0.lane(event) else { return Ok(None) };
        if Hold::current_key(self) == Some(lane) {
            return Ok(None);
        }
        let bus = &Bus::from(Arc::clone(self));
        let place = match self.stored() {
            Some(stored) => Place::Stored(stored.turn(bus, key).await?),
            None => Place::Queue(self.queue.0.turn(bus, lane).await?),
        };
        Ok(Some(Turn { hold: Hold::of_key(self, lane), _place: place }))
    }
}

impl Queue {
    /// Puts the turn of something else in line for a key.
    fn await_turn(self: &Arc<Self>, bus: &Bus, key: LaneKey, turn: oneshot::Sender<()>) {
        let mut state = self.lock();
        // It is told that there is none, where it is dropped.
        if !state.ended && state.lanes.await_turn(key, turn) {
            // Somebody has to work on what is before it.
            drop(self.hire(bus, state));
        }
    }

    /// The turn of something else is over.
    fn end_turn(&self, key: LaneKey) {
        let mut state = self.lock();
        state.lanes.free_key(key);
        let idle = if state.lanes.has_ready() { state.crews.wake_all() } else { Vec::new() };
        drop(state);
        idle.into_iter().for_each(Waker::wake);
    }

    async fn turn(self: &Arc<Self>, bus: &Bus, key: LaneKey) -> Result<InQueue, NoTurn> {
        let (turn, comes) = oneshot::channel();
        let mut place = InQueue { queue: Arc::clone(self), key, comes, has_come: false };
        self.await_turn(bus, key, turn);
        (&mut place.comes).await.map_err(|_| NoTurn::Closed)?;
        place.has_come = true;
        Ok(place)
    }
}

impl Stored {
    async fn turn(self: &Arc<Self>, bus: &Bus, key: EventKey) -> Result<StoredTurn, NoTurn> {
        let (id, frame) = (EventId::generate(), format!(r#"{{"type":"{TYPE}"}}"#));
        let (given, comes) = oneshot::channel();
        self.turns.change(|turns| turns.insert(id.clone(), given));
        let waits = WaitsStored(&self.turns, id.clone());
        let raw = RawEvent::new(TYPE, frame.into_bytes(), Some(id), None, None);
        let post = NewPost::new(AnyEvent::from(raw).with_key(Some(key)), [""; 0]);
        let stored = self.post(bus, post, false).await;
        stored.map_err(|error| error.store.map_or(NoTurn::Closed, NoTurn::NotStored))?;
        let turn = comes.await.map_err(|_| NoTurn::Closed);
        drop(waits);
        turn
    }

    /// Whether the event stands for a turn.
    pub(super) fn is_turn(taken: &Taken) -> bool {
        taken.handlers.is_empty() && taken.event.event_type() == TYPE
    }

    /// Gives the turn to whoever waits for it, until it is over.
    pub(super) async fn give_turn(&self, taken: &Taken) {
        if let Some(waits) = self.turns.change(|turns| turns.remove(taken.event.id())) {
            let (turn, over) = oneshot::channel();
            if waits.send(turn).is_ok() {
                let _it_is_over = over.await;
            }
        }
        self.acknowledge_anyway(Acknowledgement::new(taken.ticket, Vec::new())).await;
    }
}
