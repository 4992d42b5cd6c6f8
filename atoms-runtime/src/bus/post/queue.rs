//! The queue of posted events.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::task::AbortHandle;

use super::delayed::Delays;
use super::lanes::{Lanes, Posted, Slot};
use super::{PostError, PostRefusal, Priority, worker};
use crate::bus::Bus;
use crate::bus::shutdown::Unfinished;
use crate::bus::under_way::UnderWay;

/// The queue of a bus: what was posted, by priority, and which keys have an event under way.
///
/// Room in it is given out by a semaphore for each priority, in order, and taken back when the event's
/// delivery is done. So all that is posted and not done is bounded, whatever the handlers do.
pub(in crate::bus) struct Queue {
    capacity: usize,
    room: [Semaphore; 3],
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
            room: std::array::from_fn(|_| Semaphore::new(capacity)),
            under_way,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, priority: Priority) -> &Semaphore {
        &self.room[priority as usize]
    }

    pub(super) fn try_reserve(&self, priority: Priority) -> Result<(), PostRefusal> {
        match self.room(priority).try_acquire() {
            Ok(room) => {
                room.forget();
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => Err(PostRefusal::Full { capacity: self.capacity }),
            Err(TryAcquireError::Closed) => Err(PostRefusal::Closed),
        }
    }

    pub(super) async fn reserve(&self, priority: Priority) -> Result<(), PostRefusal> {
        self.room(priority).acquire().await.map_err(|_| PostRefusal::Closed)?.forget();
        Ok(())
    }

    /// Puts an event in, for which room was reserved.
    pub(super) fn put(self: &Arc<Self>, bus: &Bus, posted: Posted) -> Result<(), PostError> {
        let mut state = self.ready_for(bus, posted.priority);
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
        let mut state = match self.ready_for(bus, posted.priority) {
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
    fn ready_for(
        self: &Arc<Self>,
        bus: &Bus,
        priority: Priority,
    ) -> Result<MutexGuard<'_, State>, PostRefusal> {
        let mut state = self.lock();
        let started = if state.closed {
            Err(PostRefusal::Closed)
        } else if state.workers.first().is_some_and(|worker| !worker.is_finished()) {
            Ok(())
        } else {
            self.start(bus, &mut state)
        };
        started.map(|()| state).inspect_err(|_| self.room(priority).add_permits(1))
    }

    fn start(self: &Arc<Self>, bus: &Bus, state: &mut State) -> Result<(), PostRefusal> {
        let runtime = Handle::try_current().map_err(|_| PostRefusal::NoRuntime)?;
        state.idle.clear();
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
        cancelled.inspect(|posted| self.room(posted.priority).add_permits(1)).is_some()
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
        let helper = if state.lanes.has_ready() { state.idle.pop() } else { None };
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
        let helper = if state.lanes.has_ready() { state.idle.pop() } else { None };
        drop(state);
        wake(helper);
        self.give_back(done);
    }

    fn give_back(&self, done: &mut Vec<Slot>) {
        for priority in [Priority::Background, Priority::Normal, Priority::High] {
            let room = done.iter().filter(|slot| slot.priority == priority).count();
            if room > 0 {
                self.room(priority).add_permits(room);
            }
        }
        self.under_way.remove(done.len());
        done.clear();
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
