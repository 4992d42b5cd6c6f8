//! The queue of posted events.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::task::AbortHandle;

use super::delayed::Delays;
use super::{PostError, PostRefusal, Priority, worker};
use crate::bus::Bus;
use crate::bus::shutdown::Unfinished;
use crate::bus::under_way::UnderWay;
use crate::event::AnyEvent;

/// An event on its way through the queue.
pub(in crate::bus) struct Posted {
    pub(super) event: AnyEvent,
    pub(super) key: Option<u64>,
    pub(super) priority: Priority,
}

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
    /// What may be started, by priority.
    ready: [VecDeque<Posted>; 3],
    /// The keys that have an event under way, each with those that wait for it.
    keys: HashMap<u64, VecDeque<Posted>, RandomState>,
    delays: Delays,
    idle: Vec<Waker>,
    workers: Vec<AbortHandle>,
    closed: bool,
}

/// The place of an event in the queue: its room, and its key.
pub(super) struct Slot {
    key: Option<u64>,
    priority: Priority,
}

/// How many events a worker takes at once at most.
const BATCH: usize = 16;

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
                state.admit(posted);
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
        state.free_keys(done);
        while sees_delays && let Some(posted) = state.delays.poll_due(cx) {
            self.under_way.add(1);
            state.admit(posted);
        }
        state.take(batch);
        let helper = if state.has_ready() { state.idle.pop() } else { None };
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
        state.free_keys(done);
        let helper = if state.has_ready() { state.idle.pop() } else { None };
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
        let waiting = state.keys.drain().flat_map(|(_, waiting)| waiting).collect::<Vec<_>>();
        let left: Vec<_> = state.ready.iter_mut().rev().flat_map(std::mem::take).chain(waiting).collect();
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
    /// Lets an event wait for its key, or makes it ready.
    fn admit(&mut self, posted: Posted) {
        if let Some(key) = posted.key {
            match self.keys.entry(key) {
                Entry::Occupied(mut waiting) => {
                    waiting.get_mut().push_back(posted);
                    return;
                }
                Entry::Vacant(free) => free.insert(VecDeque::new()),
            };
        }
        self.make_ready(posted);
    }

    fn make_ready(&mut self, posted: Posted) {
        self.ready[posted.priority as usize].push_back(posted);
    }

    fn has_ready(&self) -> bool {
        self.ready.iter().any(|ready| !ready.is_empty())
    }

    /// Takes a share of what is ready, the most urgent first, and leaves as much to each other worker.
    fn take(&mut self, batch: &mut Vec<Posted>) {
        let ready = self.ready.iter().map(VecDeque::len).sum::<usize>();
        let share = ready.div_ceil(self.workers.len().max(1)).min(BATCH);
        let mut urgent_first = self.ready.iter_mut().rev();
        while batch.len() < share
            && let Some(ready) = urgent_first.next()
        {
            let taken = ready.len().min(share - batch.len());
            batch.extend(ready.drain(..taken));
        }
    }

    /// Lets the next event of each key follow.
    fn free_keys(&mut self, done: &[Slot]) {
        for key in done.iter().filter_map(|slot| slot.key) {
            match self.keys.get_mut(&key).map(VecDeque::pop_front) {
                Some(Some(next)) => self.make_ready(next),
                Some(None) => drop(self.keys.remove(&key)),
                None => {}
            }
        }
    }
}

impl Posted {
    pub(super) fn slot(&self) -> Slot {
        Slot { key: self.key, priority: self.priority }
    }

    pub(super) fn cancelled(&self) -> Unfinished {
        let event = self.event.event_ref();
        tracing::warn!(r#type = event.name(), id = %event.head().id(), "a posted event was cancelled");
        Unfinished::new(event, None)
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
