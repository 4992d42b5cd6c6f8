//! The queue of posted events.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::task::AbortHandle;

use super::delayed::Delays;
use super::lanes::{Lanes, Posted, Room, Slot};
use super::{PostError, PostRefusal, worker};
use crate::bus::Bus;
use crate::bus::shutdown::Unfinished;
use crate::bus::under_way::UnderWay;

/// How many events of handlers are taken beyond the room that there is.
const OF_HANDLERS: usize = 65_536;

/// The queue of a bus: what was posted, by priority, and which keys have an event under way.
///
/// Room in it is given out by a semaphore for each priority, in order, and taken back when the event's
/// delivery is done. So all that is posted and not done is bounded, whatever the handlers do.
pub(in crate::bus) struct Queue {
    capacity: usize,
    room: [Semaphore; Room::ALL.len()],
    /// Counts what was posted and is not done, without what is not due.
    under_way: Arc<UnderWay>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lanes: Lanes,
    delays: Delays,
    idle: Vec<Waker>,
    workers: Vec<AbortHandle>,
    closed: bool,
}

impl Queue {
    fn new(capacity: usize, under_way: Arc<UnderWay>) -> Self {
        let capacity = capacity.min(Semaphore::MAX_PERMITS);
        Self {
            capacity,
            room: Room::ALL.map(|room| Semaphore::new(places(room, capacity))),
            under_way,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, room: Room) -> &Semaphore {
        &self.room[room.index()]
    }

    pub(super) fn try_reserve(&self, room: Room) -> Result<(), PostRefusal> {
        match self.room(room).try_acquire() {
            Ok(room) => {
                room.forget();
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => {
                Err(PostRefusal::Full { capacity: places(room, self.capacity) })
            }
            Err(TryAcquireError::Closed) => Err(PostRefusal::Closed),
        }
    }

    pub(super) async fn reserve(&self, room: Room) -> Result<(), PostRefusal> {
        self.room(room).acquire().await.map_err(|_| PostRefusal::Closed)?.forget();
        Ok(())
    }

    /// Puts an event in, for which room was reserved.
    pub(super) fn put(self: &Arc<Self>, bus: &Bus, posted: Posted) -> Result<(), PostError> {
        let mut state = self.ready_for(bus, posted.room);
        let worker = match &mut state {
            Ok(state) => {
                state.lanes.admit(posted);
                state.idle.pop()
            }
            Err(reason) => return Err(PostError { reason: *reason, event: posted.event }),
        };
        self.under_way.add(1);
        drop(state);
        wake(worker);
        Ok(())
    }

    /// As [`put`](Self::put), of an event that is due later; its number among those.
    pub(super) fn put_delayed(
        self: &Arc<Self>,
        bus: &Bus,
        posted: Posted,
        delay: Duration,
    ) -> Result<u64, PostError> {
        let mut state = match self.ready_for(bus, posted.room) {
            Ok(state) => state,
            Err(reason) => return Err(PostError { reason, event: posted.event }),
        };
        let number = state.delays.put(posted, delay);
        // One of them sees to what is delayed.
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        idle.into_iter().for_each(Waker::wake);
        Ok(number)
    }

    /// Sees to it that there are workers; gives the reserved room back if there cannot be any.
    fn ready_for(self: &Arc<Self>, bus: &Bus, room: Room) -> Result<MutexGuard<'_, State>, PostRefusal> {
        let mut state = self.lock();
        let started = if state.closed { Err(PostRefusal::Closed) } else { self.start(bus, &mut state) };
        started.map(|()| state).inspect_err(|_| self.room(room).add_permits(1))
    }

    /// Sees to it that there are workers, if they are gone with the runtime that they were started in, and
    /// anything waits for them.
    pub(in crate::bus) fn revive(self: &Arc<Self>, bus: &Bus) {
        let mut state = self.lock();
        if !state.workers.is_empty() {
            // Outside of a runtime there is nobody who could wait for them.
            let _started = self.start(bus, &mut state);
        }
    }

    fn start(self: &Arc<Self>, bus: &Bus, state: &mut State) -> Result<(), PostRefusal> {
        if !state.workers.is_empty() && !state.workers.iter().all(AbortHandle::is_finished) {
            return Ok(());
        }
        let runtime = Handle::try_current().map_err(|_| PostRefusal::NoRuntime)?;
        state.idle.clear();
        state.delays.restart();
        let workers = (0..runtime.metrics().num_workers()).map(|number| {
            let worker = worker::work(Arc::clone(self), Arc::downgrade(&bus.0), number == 0);
            runtime.spawn(worker).abort_handle()
        });
        state.workers = workers.collect();
        Ok(())
    }

    pub(super) fn is_delayed(&self, number: u64) -> bool {
        self.lock().delays.has(number)
    }

    pub(super) fn cancel(&self, number: u64) -> bool {
        let cancelled = self.lock().delays.take(number);
        cancelled.inspect(|posted| self.room(posted.room).add_permits(1)).is_some()
    }

    /// Frees the slots of what is done, and puts the next events to start into `batch`; without any, `cx`
    /// is woken when there is one.
    pub(super) fn next_batch(
        &self,
        batch: &mut Vec<Posted>,
        done: &mut Vec<Slot>,
        sees_delays: bool,
        cx: &mut Context<'_>,
    ) {
        let mut state = self.lock();
        state.lanes.free_keys(done);
        while sees_delays && let Some(posted) = state.delays.poll_due(cx) {
            self.under_way.add(1);
            state.lanes.admit(posted);
        }
        let workers = state.workers.len();
        state.lanes.take_share(workers, batch);
        let helper = state.helper();
        if batch.is_empty() && !state.idle.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.idle.push(cx.waker().clone());
        }
        drop(state);
        wake(helper);
        self.give_back(done);
    }

    /// Frees the slots of what is done.
    pub(super) fn free(&self, done: &mut Vec<Slot>) {
        let mut state = self.lock();
        state.lanes.free_keys(done);
        let helper = state.helper();
        drop(state);
        wake(helper);
        self.give_back(done);
    }

    fn give_back(&self, done: &mut Vec<Slot>) {
        for room in Room::ALL {
            let places = done.iter().filter(|slot| slot.room == room).count();
            if places > 0 {
                self.room(room).add_permits(places);
            }
        }
        self.under_way.remove(done.len());
        done.clear();
    }

    /// Says that a worker is awake, whoever woke it: who looks for an idle one must not find it.
    pub(super) fn wakes(&self, cx: &Context<'_>) {
        self.lock().idle.retain(|waker| !waker.will_wake(cx.waker()));
    }

    /// Takes nothing more, and gives back what is not due yet.
    pub(in crate::bus) fn close(&self) -> Vec<Unfinished> {
        self.room.iter().for_each(Semaphore::close);
        let mut state = self.lock();
        // Who has reserved room already is too late as well.
        state.closed = true;
        let delayed = state.delays.take_all();
        drop(state);
        delayed.iter().map(Posted::cancelled).collect()
    }

    /// Ends the workers, with what they run, and gives back what was not started.
    pub(in crate::bus) fn abort(&self) -> Vec<Unfinished> {
        let mut state = self.lock();
        let left = state.lanes.take_all();
        let workers = std::mem::take(&mut state.workers);
        state.idle.clear();
        drop(state);
        workers.iter().for_each(AbortHandle::abort);
        let unfinished = left.iter().map(Posted::cancelled).collect();
        self.under_way.remove(left.len());
        unfinished
    }
}

impl State {
    /// An idle worker, if there is work for it.
    fn helper(&mut self) -> Option<Waker> {
        if self.lanes.has_ready() { self.idle.pop() } else { None }
    }
}

/// How many places a room has.
fn places(room: Room, capacity: usize) -> usize {
    if room == Room::OfHandlers { OF_HANDLERS } else { capacity }
}

fn wake(worker: Option<Waker>) {
    if let Some(worker) = worker {
        worker.wake();
    }
}

/// The queue, as the bus owns it: what is in it ends with the bus.
pub(in crate::bus) struct OwnedQueue(pub(in crate::bus) Arc<Queue>);

impl OwnedQueue {
    pub(in crate::bus) fn new(capacity: usize, under_way: Arc<UnderWay>) -> Self {
        Self(Arc::new(Queue::new(capacity, under_way)))
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        self.0.close();
        self.0.abort();
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("capacity", &self.capacity)
            .field("under_way", &self.under_way)
            .finish_non_exhaustive()
    }
}
