//! `#[handler(post)]`: what the handler of an emitted event emits is held until the handler is done, as if its event had
//! been posted, and is posted then.
//!
//! It is an option of the handler, and not of the event that it emits: whoever reads the handler sees that it waits for a
//! queue, and where the events go is decided before the first one is emitted. An event alone does not know whether its
//! emitter may wait.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::backlog::NewPost;
use super::hold::{HeldPost, Hold};
use super::lanes::{Posted, Slot};
use super::room::{Room, RoomKind};
use super::stored::Stored;
use super::timer::new_sleep;
use super::{PostError, PostRefusal, Priority};
use crate::engine::runner::{HandlerFuture, NotDone, Outcome, RunAsync, call, decorate};
use crate::engine::step::Step;
use crate::engine::{Bus, Engine};
use crate::event::AnyEvent;
use crate::handler::{FailureKind, HandlerInfo, Recipient};
use crate::letters::{Attempt, DeadLetterCause};
use crate::store::StoreErrorKind;

/// How long the events of a handler wait for room. What takes the room may wait for this very emit, in a task which is
/// not known to belong to it.
const ROOM_WAIT: Duration = Duration::from_secs(30);

/// A handler whose events are posted.
pub(super) struct Posting {
    inner: Arc<dyn RunAsync>,
}

impl Posting {
    pub(super) fn new(inner: Arc<dyn RunAsync>) -> Self {
        Self { inner }
    }

    async fn run(&self, step: &Step<'_>) -> Outcome {
        if step.is_held() {
            return call(&*self.inner, step).await;
        }
        let hold = Hold::new(step.bus, step.event.head(), None);
        call(&*self.inner, &step.held(&hold)).await?;
        let events = hold.into_emitted();
        // Where a handler waits for this emit, it may be what takes the room.
        let may_wait = step.event.head().nested() == 0;
        let unposted = Unposted { step, handler: (self.inner.handler())() };
        let posted = post(step.bus, events, may_wait).await;
        std::mem::forget(unposted);
        posted.map_err(|error| NotDone::failed(FailureKind::Error(error.into())))
    }
}

impl RunAsync for Posting {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(self.run(step))));
    }

    decorate!();
}

/// Keeps the event of a handler that is done, if the emit is dropped before the events that it emitted are posted.
struct Unposted<'a> {
    step: &'a Step<'a>,
    handler: &'static HandlerInfo,
}

impl Drop for Unposted<'_> {
    fn drop(&mut self) {
        let Self { step, handler } = self;
        // A dead letter that is delivered again stays, a panic has one, and so has a detached handler. A bus that is shut down
        // keeps nothing more.
        let is_kept = step.letter().is_some() || handler.is_detached() || std::thread::panicking();
        if !is_kept && !step.bus.is_closed() {
            let dropped = "its emit was dropped before the events that it emitted were posted";
            let attempts = vec![Attempt::new(&FailureKind::Error(dropped.into()))];
            step.bury_late(DeadLetterCause::failed(Recipient::Handler(handler), attempts));
        }
    }
}

/// Waits for room, at most for [`ROOM_WAIT`] where there are timers; `None` if there is no room by then.
async fn in_time<T>(room: impl Future<Output = T>) -> Option<T> {
    let Ok(sleep) = new_sleep(ROOM_WAIT) else { return Some(room.await) };
    match select(pin!(room), pin!(sleep)).await {
        Either::Left((got, _)) => Some(got),
        Either::Right(_) => None,
    }
}

async fn post(bus: &Arc<Engine>, events: Vec<AnyEvent>, may_wait: bool) -> Result<(), PostError> {
    let bus = &Bus::from(Arc::clone(bus));
    match bus.0.stored() {
        _ if events.is_empty() => Ok(()),
        Some(stored) => store(bus, stored, events, may_wait).await,
        None => {
            let posts = reserve(&bus.0, events, may_wait).await?;
            enqueue(bus, posts)
        }
    }
}

/// Reserves room for all events, or for none. Only the first one waits for it: all others might wait for what those
/// before them take.
async fn reserve(bus: &Engine, events: Vec<AnyEvent>, may_wait: bool) -> Result<Vec<HeldPost>, PostError> {
    let queue = &bus.queue.0;
    let mut reserved: Vec<HeldPost> = Vec::with_capacity(events.len());
    for event in events {
        let (room, bytes) =
            (Room::new(RoomKind::OfPriority, Priority::Normal), queue.rooms.share(event.size()));
        let mut slot = Slot { key: queue.lane(&event), room, bytes };
        let is_full = |got: &Result<(), PostRefusal>| got.is_err_and(PostRefusal::is_full);
        let mut got = queue.rooms.try_reserve(room, bytes);
        if is_full(&got) && may_wait && reserved.is_empty() {
            got = in_time(queue.rooms.reserve(room, bytes)).await.unwrap_or(got);
        }
        if is_full(&got) {
            slot.room = room.of(RoomKind::OfHandlers);
            got = queue.rooms.try_reserve(slot.room, bytes);
        }
        match got {
            Ok(()) => {}
            // What follows from an event that was emitted before a shutdown is delivered.
            Err(PostRefusal::Closed) => slot.room = room.of(RoomKind::Followed),
            Err(reason) => {
                queue.rooms.give_back_all(reserved.iter().map(HeldPost::taken));
                return Err(PostError::new(reason, event));
            }
        }
        reserved.push(Posted { event, slot, done: None }.into());
    }
    Ok(reserved)
}

fn enqueue(bus: &Bus, posts: Vec<HeldPost>) -> Result<(), PostError> {
    let queue = &bus.0.queue.0;
    if let Err(reason) = queue.hire(bus, queue.lock()).map(drop) {
        queue.rooms.give_back_all(posts.iter().map(HeldPost::taken));
        return posts.into_iter().next().map_or(Ok(()), |it| Err(PostError::new(reason, it.posted.event)));
    }
    queue.put_held(Vec::new(), posts);
    // A queue that is closed and empty hires nobody, and now it is not empty. If the runtime is gone, another one delivers.
    drop(queue.hire(bus, queue.lock()));
    Ok(())
}

/// Stores all events in one commit, when there is room for all of them.
async fn store(
    bus: &Bus,
    stored: &Arc<Stored>,
    events: Vec<AnyEvent>,
    may_wait: bool,
) -> Result<(), PostError> {
    let new_post = |event: &AnyEvent| bus.0.new_post(event.clone(), Priority::Normal, None);
    let posts: Vec<NewPost> = events.iter().map(new_post).collect();
    let mut got = stored.backlog.post(posts.clone()).await;
    if may_wait && got.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::Full) {
        got = in_time(stored.post_all(bus, &posts)).await.unwrap_or(got);
    }
    let Err(error) = got else {
        stored.posted(bus);
        return Ok(());
    };
    let first = events.into_iter().next().expect("`post` has looked");
    Err(PostError { store: Some(error), ..PostError::new(PostRefusal::Store, first) })
}
