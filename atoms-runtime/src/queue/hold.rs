//! What the handler of a posted event emits and posts: held until the handler is done.

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::Priority;
use super::backlog::{Acknowledgement, NewPost, Taken, Ticket};
use super::delays::Due;
use super::lanes::{LaneKey, Posted, Slot};
use super::named::DelayName;
use super::room::{Room, RoomKind};
use crate::engine::posts::{self, Hold as _};
use crate::engine::worklist::{Queued, Worklist};
use crate::engine::{Bus, Engine, scope};
use crate::event::{AnyEvent, Head};
use crate::handler::Delivery;
use crate::letters::DeadLetter;

scoped_tls::scoped_thread_local! {
    static CURRENT: Hold
}

/// What one handler of a posted event emits and posts. It is posted when the handler is done, and thrown away if that
/// fails, or at each attempt that does.
pub(crate) struct Hold {
    /// The address of the bus.
    bus: usize,
    /// The address of the event's envelope. What is posted in the handler of another event, which this handler
    /// emits and waits for, is not held.
    head: usize,
    /// The key of the event, if it has one: no other event of it is handled meanwhile.
    key: Option<LaneKey>,
    /// Made when something is emitted or posted.
    worklist: OnceLock<Arc<Worklist>>,
    /// What acknowledges the handler, if its event was taken from a backlog.
    taken: Option<Box<TakenBy>>,
}

/// A handler, or several under the identities that one had, for which an event was taken from a backlog.
pub(crate) struct TakenBy {
    pub(crate) ticket: Ticket,
    pub(crate) handlers: Vec<String>,
    pub(crate) priority: Priority,
    /// The dead letters that these handlers have of the event already, since it is delivered again.
    pub(crate) earlier: Vec<Arc<DeadLetter>>,
    /// Whether the delivery has acknowledged itself.
    pub(crate) is_acknowledged: AtomicBool,
}

impl TakenBy {
    pub(crate) fn new(taken: &Taken, handlers: Vec<String>, earlier: Vec<Arc<DeadLetter>>) -> Self {
        let (ticket, priority) = (taken.ticket, taken.priority);
        Self { ticket, handlers, priority, earlier, is_acknowledged: false.into() }
    }
}

/// A posted event for which room is reserved, and when it is due if that is later.
pub(crate) struct HeldPost {
    pub(crate) posted: Posted,
    pub(crate) due: Option<Due>,
    pub(crate) name: Option<Box<DelayName>>,
}

impl HeldPost {
    /// What it takes of the queue.
    pub(crate) fn taken(&self) -> (Room, u32) {
        (self.posted.slot.room, self.posted.slot.bytes)
    }
}

/// What was emitted is due at once.
impl From<Posted> for HeldPost {
    fn from(posted: Posted) -> Self {
        Self { posted, due: None, name: None }
    }
}

impl Hold {
    #[inline]
    pub(crate) fn new(bus: &Arc<Engine>, head: &Head, key: Option<LaneKey>) -> Self {
        let (bus, head) = (Arc::as_ptr(bus).addr(), ptr::from_ref(head).addr());
        Self { bus, head, key, worklist: OnceLock::new(), taken: None }
    }

    /// Holds nothing: it says that a dead letter of this key is delivered again.
    pub(crate) fn of_key(bus: &Arc<Engine>, key: LaneKey) -> Self {
        Self { bus: Arc::as_ptr(bus).addr(), head: 0, key: Some(key), worklist: OnceLock::new(), taken: None }
    }

    pub(crate) fn taken(mut self, taken: TakenBy) -> Self {
        self.taken = Some(Box::new(taken));
        self
    }

    /// Runs the handler.
    #[inline]
    pub(crate) fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
        CURRENT.set(self, run)
    }

    /// Where what is posted on this bus is held, if a handler of a posted event runs on this thread. What is posted on
    /// a bus with another backlog, in the handler of an event that is in the queue, is stored at once.
    pub(crate) fn current(bus: &Bus) -> Option<Arc<Worklist>> {
        if !CURRENT.is_set() {
            return None;
        }
        CURRENT.with(|hold| {
            let is_elsewhere = bus.0.stored().is_some() && hold.taken.is_none();
            let mut is_of = hold.bus == Arc::as_ptr(&bus.0).addr() && !is_elsewhere;
            scope::with_current(|head| is_of &= hold.head == ptr::from_ref(head).addr());
            is_of.then(|| Arc::clone(hold.worklist(&bus.0)))
        })
    }

    /// The key of the posted event, or of the dead letter, whose handler runs on this thread, if it is of this bus and has one.
    pub(crate) fn current_key(bus: &Arc<Engine>) -> Option<LaneKey> {
        if !CURRENT.is_set() {
            return None;
        }
        CURRENT.with(|hold| if hold.bus == Arc::as_ptr(bus).addr() { hold.key } else { None })
    }

    /// What acknowledges the handler with what it has emitted and posted up to now, which is not held any more.
    pub(crate) fn acknowledgement(&self, bus: &Engine) -> Option<Acknowledgement> {
        let taken = self.taken.as_ref()?;
        taken.is_acknowledged.store(true, Ordering::Relaxed);
        let posts = self.take_posts(bus, taken.priority);
        let letters = self.worklist.get().map(|worklist| worklist.take_letters()).unwrap_or_default();
        let earlier = taken.earlier.iter().map(|letter| letter.id());
        let settled = earlier.filter(|id| letters.iter().all(|letter| letter.id() != *id)).collect();
        let (ticket, handlers) = (taken.ticket, taken.handlers.clone());
        Some(Acknowledgement { ticket, handlers, posts, letters, settled })
    }

    /// The handler is done: what is to be acknowledged, unless the delivery has done so itself.
    pub(crate) fn into_acknowledgement(self, bus: &Engine) -> Option<Acknowledgement> {
        let is_acknowledged = self.taken.as_ref()?.is_acknowledged.load(Ordering::Relaxed);
        if let Some(worklist) = self.worklist.get() {
            worklist.take_lost();
        }
        if let Some(worklist) = self.worklist.get() {
            worklist.close_to_new();
        }
        let done = self.acknowledgement(bus);
        done.filter(|done| !is_acknowledged || !done.posts.is_empty() || !done.letters.is_empty())
    }

    fn take_posts(&self, bus: &Engine, priority: Priority) -> Vec<NewPost> {
        let Some(worklist) = self.worklist.get() else { return Vec::new() };
        let (emitted, posts) = worklist.take_held();
        let emitted = emitted.into_iter().map(|queued| bus.new_post(queued.event, priority, None));
        let posts = posts.into_iter().map(|HeldPost { posted, due, name }| {
            let due = due.and_then(Due::wall);
            let post = bus.new_post(posted.event, posted.slot.room.priority(), due);
            NewPost { name: name.map(|name| *name), ..post }
        });
        emitted.chain(posts).collect()
    }

    /// The handler is done: what it emitted, as events for which nobody waits.
    pub(crate) fn into_emitted(self) -> Vec<AnyEvent> {
        let Some(worklist) = self.worklist.get() else { return Vec::new() };
        worklist.take_lost();
        worklist.close_held().0.into_iter().map(|queued| queued.event.unnested()).collect()
    }

    /// The handler is done: what it emitted and posted is posted.
    #[inline]
    pub(crate) fn release(self, bus: &Engine, priority: Priority) {
        if let Some(worklist) = self.worklist.get() {
            release(bus, worklist, priority);
        }
    }
}

impl posts::Hold for Hold {
    #[inline]
    fn worklist(&self, bus: &Arc<Engine>) -> &Arc<Worklist> {
        self.worklist.get_or_init(|| Arc::new(Worklist::held(bus, self.taken.is_some())))
    }

    fn discard(&self, bus: &Engine) {
        if let Some(taken) = &self.taken {
            taken.is_acknowledged.store(false, Ordering::Relaxed);
        }
        if let Some(worklist) = self.worklist.get() {
            give_back(bus, worklist.take_held().1);
        }
    }

    fn earlier_letters(&self) -> &[Arc<DeadLetter>] {
        self.taken.as_ref().map_or(&[], |taken| &taken.earlier)
    }

    fn keep_letter(&self, bus: &Arc<Engine>, letter: &Arc<DeadLetter>) -> bool {
        self.taken.is_some() && self.worklist(bus).keep_letter(letter)
    }
}

#[cold]
fn release(bus: &Engine, worklist: &Worklist, priority: Priority) {
    worklist.take_lost();
    let (emitted, posts) = worklist.close_held();
    bus.queue.0.put_held(followed(bus, emitted, priority), posts);
}

/// What was emitted, as what is posted.
fn followed(bus: &Engine, emitted: VecDeque<Queued>, priority: Priority) -> Vec<Posted> {
    let posted = emitted.into_iter().map(|Queued { event, .. }| {
        let slot =
            Slot { key: bus.queue.0.lane(&event), room: Room::new(RoomKind::Followed, priority), bytes: 0 };
        Posted { event, slot, done: None }
    });
    posted.collect()
}

fn give_back(bus: &Engine, posts: Vec<HeldPost>) {
    bus.queue.0.rooms.give_back_all(posts.iter().map(HeldPost::taken));
}

impl Delivery<'_> {
    /// Returns the acknowledgement of this delivery, with what its handler has emitted and posted so far, or `None` if
    /// its event was not taken from a [`Backlog`](crate::Backlog).
    ///
    /// It is for a layer around handlers which acknowledges the delivery in a transaction of its own, when the handler
    /// has returned. The bus does not acknowledge the delivery again, unless it fails afterwards.
    pub fn acknowledgement(&self) -> Option<Acknowledgement> {
        let bus: &Arc<Engine> = self.caller().bus().downcast_ref()?;
        let hold: &Hold = self.caller().hold()?.downcast_ref()?;
        hold.acknowledgement(bus)
    }
}

/// The handler was cancelled.
impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(worklist) = self.worklist.take() {
            worklist.discard_held(give_back);
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;
    use crate::event::RawEvent;
    use crate::queue::{MemoryBacklog, PostRefusal};

    #[tokio::test]
    async fn what_is_thrown_away_of_a_backlog_gives_no_room_of_the_queue_back() {
        let builder = Bus::builder().without_discovery().queue_capacity(1);
        let bus = builder.backlog(Arc::new(MemoryBacklog::default())).start().unwrap();
        let event = || AnyEvent::from(RawEvent::new("test.held", *b"{}", None, None, None));
        let (delivered, ticket) = (event(), Ticket { id: 1, times: 1 });
        let is_acknowledged = AtomicBool::new(false);
        let taken = TakenBy {
            ticket,
            handlers: Vec::new(),
            priority: Priority::default(),
            earlier: Vec::new(),
            is_acknowledged,
        };
        let hold = Hold::new(&bus.0, delivered.head(), None).taken(taken);
        hold.enter(|| bus.post_any(event()).try_send()).unwrap();
        hold.discard(&bus.0);
        let (rooms, room) = (&bus.0.queue.0.rooms, Room::new(RoomKind::OfPriority, Priority::default()));
        rooms.try_reserve(room, 1).unwrap();
        assert_eq!(rooms.try_reserve(room, 1), Err(PostRefusal::Full { capacity: 1 }));
    }
}
