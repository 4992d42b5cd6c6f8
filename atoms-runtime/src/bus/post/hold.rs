//! What the handler of a posted event emits and posts: held until the handler is done.

use std::collections::VecDeque;
use std::ptr;
use std::sync::{Arc, OnceLock};

use super::Priority;
use super::delays::Due;
use super::lanes::Posted;
use super::room::Room;
use crate::bus::worklist::{Queued, Worklist};
use crate::bus::{Bus, Shared, scope};
use crate::event::Head;

scoped_tls::scoped_thread_local! {
    static CURRENT: Hold
}

/// What one handler of a posted event emits and posts. It is posted when the handler is done, and thrown away if that
/// fails, or at each attempt that does.
pub(in crate::bus) struct Hold {
    /// The address of the bus.
    bus: usize,
    /// The address of the event's envelope. What is posted in the handler of another event, which this handler
    /// emits and waits for, is not held.
    head: usize,
    /// Made when something is emitted or posted.
    worklist: OnceLock<Arc<Worklist>>,
}

/// A posted event for which room is reserved, and when it is due if that is later.
pub(in crate::bus) struct HeldPost {
    pub(super) posted: Posted,
    pub(super) due: Option<Due>,
}

/// What was emitted is due at once.
impl From<Posted> for HeldPost {
    fn from(posted: Posted) -> Self {
        Self { posted, due: None }
    }
}

impl Hold {
    #[inline]
    pub(super) fn new(bus: &Arc<Shared>, head: &Head) -> Self {
        let (bus, head) = (Arc::as_ptr(bus).addr(), ptr::from_ref(head).addr());
        Self { bus, head, worklist: OnceLock::new() }
    }

    /// Runs the handler.
    #[inline]
    pub(super) fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
        CURRENT.set(self, run)
    }

    /// Where what is posted on this bus is held, if a handler of a posted event runs on this thread.
    pub(super) fn current(bus: &Bus) -> Option<Arc<Worklist>> {
        if !CURRENT.is_set() {
            return None;
        }
        CURRENT.with(|hold| {
            let mut is_of = hold.bus == Arc::as_ptr(&bus.0).addr();
            scope::with_current(|head| is_of &= hold.head == ptr::from_ref(head).addr());
            is_of.then(|| Arc::clone(hold.worklist(&bus.0)))
        })
    }

    pub(in crate::bus) fn worklist(&self, bus: &Arc<Shared>) -> &Arc<Worklist> {
        self.worklist.get_or_init(|| Arc::new(Worklist::held(bus)))
    }

    /// An attempt has failed: what it emitted and posted is thrown away.
    pub(in crate::bus) fn discard(&self, bus: &Shared) {
        if let Some(worklist) = self.worklist.get() {
            give_back(bus, worklist.take_held().1);
        }
    }

    /// The handler is done: what it emitted and posted is posted.
    #[inline]
    pub(super) fn release(self, bus: &Shared, priority: Priority) {
        if let Some(worklist) = self.worklist.get() {
            release(bus, worklist, priority);
        }
    }
}

#[cold]
fn release(bus: &Shared, worklist: &Worklist, priority: Priority) {
    worklist.take_lost();
    let (emitted, posts) = worklist.close_held();
    bus.queue.0.put_held(followed(bus, emitted, priority), posts);
}

/// What was emitted, as what is posted.
fn followed(bus: &Shared, emitted: VecDeque<Queued>, priority: Priority) -> Vec<Posted> {
    let posted = emitted.into_iter().map(|Queued { event, refusal, .. }| {
        let key = bus.queue.0.lane(&event);
        // What the bus has to tell at the end of a chain is delivered, too.
        let ignores_hops = refusal.is_none() && event.hops() > bus.hop_limit;
        Posted { event, key, priority, room: Room::Followed, bytes: 0, ignores_hops, done: None }
    });
    posted.collect()
}

fn give_back(bus: &Shared, posts: Vec<HeldPost>) {
    bus.queue.0.rooms.give_back_all(posts.iter().map(|held| (held.posted.room, held.posted.bytes)));
}

/// The handler was cancelled.
impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(worklist) = self.worklist.take() {
            worklist.discard_held(give_back);
        }
    }
}
