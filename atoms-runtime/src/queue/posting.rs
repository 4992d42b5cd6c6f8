//! `#[handler(post)]`: what the handler of an emitted event emits is held until the handler is done, as if its event had
//! been posted, and is posted then.
//!
//! It is an option of the handler, and not of the event that it emits: whoever reads the handler sees that it waits for a
//! queue, and where the events go is decided before the first one is emitted. An event alone does not know whether its
//! emitter may wait.

use std::pin::Pin;
use std::sync::Arc;

use super::hold::{HeldPost, Hold};
use super::lanes::{Posted, Slot};
use super::room::{Room, RoomKind};
use super::stored::Stored;
use super::{PostError, PostRefusal, Priority};
use crate::engine::runner::{HandlerFuture, NotDone, Outcome, RunAsync, call, decorate};
use crate::engine::step::Step;
use crate::engine::{Bus, Engine};
use crate::event::AnyEvent;
use crate::handler::FailureKind;
use crate::store::StoreErrorKind;

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
        let hold = Hold::new(step.bus, step.event.head());
        call(&*self.inner, &step.held(&hold)).await?;
        let events = hold.into_emitted();
        // Where a handler waits for this emit, it may be what takes the room.
        let may_wait = step.event.head().nested() == 0;
        let posted = post(step.bus, events, may_wait).await;
        posted.map_err(|error| NotDone::failed(FailureKind::Error(error.into())))
    }
}

impl RunAsync for Posting {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(self.run(step))));
    }

    decorate!();
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
        let got = match queue.rooms.try_reserve(room, bytes) {
            Err(full) if full.is_full() && may_wait && reserved.is_empty() => {
                queue.rooms.reserve(room, bytes).await
            }
            Err(full) if full.is_full() => {
                slot.room = room.of(RoomKind::OfHandlers);
                queue.rooms.try_reserve(slot.room, bytes)
            }
            got => got,
        };
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

/// Stores all events in one commit. If there is no room for all of them, each waits for its own.
async fn store(
    bus: &Bus,
    stored: &Arc<Stored>,
    events: Vec<AnyEvent>,
    may_wait: bool,
) -> Result<(), PostError> {
    let priority = Priority::Normal;
    let posts = events.iter().map(|event| bus.0.new_post(event.clone(), priority, None)).collect();
    match stored.backlog.post(posts).await {
        Ok(_) => {
            stored.posted(bus);
            Ok(())
        }
        Err(error) if error.kind() == StoreErrorKind::Full && may_wait => {
            for event in events {
                stored.post(bus, event, priority, None).await?;
            }
            Ok(())
        }
        Err(error) => {
            let first = events.into_iter().next().expect("`post` has looked");
            Err(PostError { store: Some(error), ..PostError::new(PostRefusal::Store, first) })
        }
    }
}
