//! The queue of posted events.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use super::clock::Clock;
use super::crews::Crews;
use super::delays::{Delays, Due, Waiting, When};
use super::hold::HeldPost;
use super::lanes::{LaneKey, Lanes, Posted, Slot};
use super::named::{DelayedEvent, DelayedFilter};
use super::room::{RoomKind, Rooms};
use super::{PostError, PostRefusal, QueueDepths};
use crate::engine::Bus;
use crate::engine::under_way::UnderWay;
use crate::engine::unfinished::Unfinished;
use crate::event::AnyEvent;

/// The queue of a bus: what was posted, by priority, and which keys have an event under way.
///
/// What is in it belongs to no runtime: a crew in each runtime that posts, or waits until the bus is idle, takes
/// from it, and gives back what it has not done when its runtime ends.
///
/// Room in it is given out in order, and taken back when the event's delivery is done. So all that is posted
/// and not done is bounded, whatever the handlers do.
pub(crate) struct Queue {
    pub(crate) rooms: Rooms,
    pub(super) clock: Clock,
    lanes: RandomState,
    /// Counts what was posted and is not done, without what is not due.
    pub(crate) under_way: Arc<UnderWay>,
    /// As `closed` of the state, for those who ask without the lock.
    pub(super) is_closing: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) lanes: Lanes,
    pub(super) delays: Delays,
    pub(super) crews: Crews,
    pub(super) closed: bool,
    /// Whether what is given back is not to be started again.
    pub(super) ended: bool,
    /// What was not due when this was closed.
    pub(super) undelivered: Vec<DelayedEvent>,
}

/// Who is to be woken.
type Wakers = (Option<Waker>, Vec<Waker>);

impl Queue {
    fn new(capacity: usize, bytes: usize, under_way: Arc<UnderWay>) -> Self {
        let (rooms, clock, lanes) = (Rooms::new(capacity, bytes), Clock::new(), RandomState::default());
        Self { rooms, clock, lanes, under_way, is_closing: AtomicBool::new(false), state: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane of an event that has a key. Two keys in one lane would wait for each other, and nothing else: the
    /// number is of 64 bits, and of this queue alone, so that nobody finds two such keys.
    pub(crate) fn lane(&self, event: &AnyEvent) -> Option<LaneKey> {
        event.key_hash(&self.lanes).map(LaneKey::from)
    }

    /// Puts an event in, for which room was reserved.
    pub(crate) fn put(self: &Arc<Self>, bus: &Bus, posted: Posted) -> Result<(), PostError> {
        let (mut state, here) = self.ready_for(bus, &posted)?;
        state.lanes.admit(posted);
        let idle = state.crews.has_idle().then(|| state.crews.pop_idle(here));
        self.under_way.add(1);
        drop(state);
        if let Some(idle) = idle {
            wake(idle);
        }
        Ok(())
    }

    /// As [`put`](Self::put), of an event that is due later.
    pub(crate) fn put_delayed(
        self: &Arc<Self>,
        bus: &Bus,
        waiting: Waiting,
        due: Due,
    ) -> Result<(), PostError> {
        if waiting.posted.slot.room.is(RoomKind::HandedBack) {
            return self.hand_back(&waiting, due);
        }
        let (mut state, _) = self.ready_for(bus, &waiting.posted)?;
        state.delays.put(waiting, due);
        let timers = state.crews.timers();
        drop(state);
        timers.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// When an event is due, and its number among those that are due later.
    pub(crate) fn due(&self, when: When) -> Due {
        self.lock().delays.due(when, self.clock.both())
    }

    /// Puts in what a handler of a posted event emitted and posted, which was accepted before.
    pub(crate) fn put_held(&self, emitted: Vec<Posted>, posts: Vec<HeldPost>) {
        let (mut state, mut cancelled) = (self.lock(), Vec::new());
        let (is_closed, is_ended) = (state.closed, state.ended);
        for HeldPost { posted, due, name } in emitted.into_iter().map(HeldPost::from).chain(posts) {
            match due {
                Some(due) if is_closed => {
                    let waiting = Waiting { posted, name };
                    state.undelivered.push(waiting.listed(due.by_wall(self.clock.both())));
                    cancelled.push(waiting.posted);
                }
                Some(due) => state.delays.put(Waiting { posted, name }, due),
                None if is_ended => cancelled.push(posted),
                None => {
                    self.under_way.add(1);
                    state.lanes.admit(posted);
                }
            }
        }
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        let (idle, timers) = (state.crews.pop_idle(here), state.crews.timers());
        drop(state);
        wake(idle);
        timers.into_iter().for_each(Waker::wake);
        // What was posted during a shutdown keeps its room, since it is kept.
        let given_back = cancelled.iter().filter(|it| !it.slot.room.is(RoomKind::HandedBack));
        self.rooms.give_back_all(given_back.map(|it| (it.slot.room, it.slot.bytes)));
        cancelled.iter().for_each(|posted| drop(posted.cancelled()));
    }

    /// Sees to it that there is a crew; gives the reserved room back if there cannot be one.
    fn ready_for(
        self: &Arc<Self>,
        bus: &Bus,
        posted: &Posted,
    ) -> Result<(MutexGuard<'_, State>, Option<Id>), PostError> {
        let hired = self.hire(bus, self.lock());
        let refused = match hired {
            Ok((state, _)) if state.closed => PostRefusal::Closed,
            Ok(ready) => return Ok(ready),
            Err(reason) => reason,
        };
        self.rooms.give_back(posted.slot.room, posted.slot.bytes);
        Err(PostError::new(refused, posted.event.clone()))
    }

    pub(crate) fn depths(&self) -> QueueDepths {
        QueueDepths { followed: self.lock().lanes.followed(), ..self.rooms.depths() }
    }

    /// Those of the events that are not due yet that the filter selects, sorted by when they are.
    pub(crate) fn delayed(&self, filter: &DelayedFilter, limit: usize) -> Vec<DelayedEvent> {
        let state = self.lock();
        let selected = state.delays.selected(filter, self.clock.both()).into_iter().take(limit);
        selected.map(|(time, _, waiting)| waiting.listed(time)).collect()
    }

    /// Cancels them; how many.
    pub(crate) fn cancel_all(&self, filter: &DelayedFilter) -> usize {
        let mut state = self.lock();
        let selected = state.delays.selected(filter, self.clock.both());
        let selected: Vec<_> = selected.into_iter().map(|(_, due, _)| due).collect();
        let cancelled: Vec<_> = selected.into_iter().filter_map(|due| state.delays.take(due)).collect();
        drop(state);
        self.rooms.give_back_all(cancelled.iter().map(|it| (it.slot.room, it.slot.bytes)));
        cancelled.len()
    }

    pub(crate) fn is_delayed(&self, due: Due) -> bool {
        self.lock().delays.has(due)
    }

    pub(crate) fn cancel(&self, due: Due) -> bool {
        let cancelled = self.lock().delays.take(due);
        cancelled.inspect(|it| self.rooms.give_back(it.slot.room, it.slot.bytes)).is_some()
    }

    /// Hands what is due over to the workers of a runtime; for how long to sleep then. `cx` is woken when that
    /// changes.
    pub(crate) fn hand_over_due(&self, runtime: Option<Id>, cx: &Context<'_>) -> Option<Duration> {
        let mut state = self.lock();
        let now = self.clock.both();
        while let Some(posted) = state.delays.pop_due(now) {
            self.under_way.add(1);
            state.lanes.admit(posted);
        }
        let idle = if state.lanes.has_ready() { state.crews.pop_idle(runtime) } else { Wakers::default() };
        let wait = state.delays.wait(now);
        if let Some(crew) = state.crews.get_mut(runtime) {
            crew.timer = Some(cx.waker().clone());
        }
        drop(state);
        wake(idle);
        wait
    }

    /// Frees the slots of what is done, and puts the next events to start into `batch`; without any, `cx`
    /// is woken when there is one. Returns whether the worker should let others take its thread's tasks, itself
    /// among them, before it starts these: what it starts may block the thread.
    pub(crate) fn next_batch(
        &self,
        runtime: Option<Id>,
        batch: &mut Vec<Posted>,
        done: &mut Vec<Slot>,
        was_idle: bool,
        cx: &Context<'_>,
    ) -> bool {
        let mut state = self.lock();
        state.lanes.free_keys(done);
        let State { lanes, crews, delays, .. } = &mut *state;
        let (mut helper, mut should_yield) = (None, false);
        if let Some(crew) = crews.get_mut(runtime) {
            lanes.take_share(crew.workers, batch);
            if lanes.has_ready() {
                helper = crew.idle.pop();
            }
            if batch.is_empty() && !crew.idle.iter().any(|waker| waker.will_wake(cx.waker())) {
                crew.idle.push(cx.waker().clone());
            }
            should_yield = crew.has_threads && (helper.is_some() || was_idle && !delays.is_empty());
        }
        drop(state);
        helper.into_iter().for_each(Waker::wake);
        self.give_back(done);
        should_yield
    }

    /// Whether the bus is shutting down.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Takes back an event that was taken and not started.
    pub(crate) fn put_back(&self, posted: Posted) {
        if self.lock().ended {
            posted.cancelled();
        }
        self.take_back(posted);
    }

    /// Takes back an event that was started and is not done.
    pub(crate) fn take_back(&self, posted: Posted) {
        let mut state = self.lock();
        if state.ended {
            drop(state);
            self.free(&mut vec![posted.slot]);
        } else {
            state.lanes.take_back(posted);
        }
    }

    /// Frees the slots of what is done.
    pub(crate) fn free(&self, done: &mut Vec<Slot>) {
        let mut state = self.lock();
        state.lanes.free_keys(done);
        let idle = if state.lanes.has_ready() { state.crews.wake_all() } else { Vec::new() };
        drop(state);
        idle.into_iter().for_each(Waker::wake);
        self.give_back(done);
    }

    fn give_back(&self, done: &mut Vec<Slot>) {
        self.rooms.give_back_all(done.iter().map(|slot| (slot.room, slot.bytes)));
        self.under_way.remove(done.len());
        done.clear();
    }

    /// Ends the workers, with what they run, and gives back what was not started.
    pub(crate) fn abort(&self) -> Vec<Unfinished> {
        let mut state = self.lock();
        state.ended = true;
        let left = state.lanes.take_all();
        let tasks = state.crews.take_tasks();
        drop(state);
        tasks.iter().for_each(AbortHandle::abort);
        let unfinished = left.iter().map(Posted::cancelled).collect();
        self.under_way.remove(left.len());
        unfinished
    }
}

impl State {
    /// Whether there is nothing to do, and nobody who may have something to give back.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.delays.is_empty() && self.crews.is_empty()
    }
}

fn wake((own, others): Wakers) {
    own.into_iter().chain(others).for_each(Waker::wake);
}

/// The queue, as the bus owns it: what is in it ends with the bus.
pub(crate) struct OwnedQueue(pub(crate) Arc<Queue>);

impl OwnedQueue {
    pub(crate) fn new(capacity: usize, bytes: usize, under_way: Arc<UnderWay>) -> Self {
        Self(Arc::new(Queue::new(capacity, bytes, under_way)))
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
        f.debug_struct("Queue").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::super::Post;
    use super::*;
    use crate::event::RawEvent;

    #[tokio::test]
    async fn what_got_room_before_the_queue_closed_is_too_late_after() {
        let bus = Bus::builder().without_discovery().start().unwrap();
        let event = || AnyEvent::from(RawEvent::new("test.late", *b"{}", None, None, None));
        let late = Post::new(&bus, event()).reserved().unwrap();
        Post::new(&bus, event()).reserved().unwrap().put().unwrap();
        bus.0.queue.0.close();
        assert_eq!(late.put().unwrap_err().reason(), PostRefusal::Closed);
    }
}
