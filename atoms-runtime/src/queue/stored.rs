//! Delivering the events of a backlog that is not the queue of the bus.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::backlog::{Acknowledgement, Backlog, BacklogRoom, NewPost, Taken, Ticket};
use super::clock::Clock;
use super::delays::When;
use super::stored_worker::work;
use super::turns::StoredTurns;
use super::{PostError, PostRefusal, Priority};
use crate::engine::under_way::UnderWay;
use crate::engine::{Bus, Engine};
use crate::event::{AnyEvent, Timestamp};
use crate::letters::{DeadLetter, Letters};
use crate::log_limit::LogLimit;
use crate::store::{StoreError, StoreErrorKind};

/// The first and the longest wait after which a store that failed is tried again.
pub(super) const RETRY: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];

/// A store that fails, fails each time.
static FAILED: LogLimit = LogLimit::new(1, "more failures of the backlog");

/// What delivers the events of a backlog: some workers in each runtime that posts, or waits until the bus is idle.
pub(crate) struct Stored {
    pub(crate) backlog: Arc<dyn Backlog>,
    letters: Arc<Letters>,
    /// Whether the backlog keeps the letters in the commit in which it acknowledges.
    keeps_letters: bool,
    clock: Clock,
    pub(super) under_way: Arc<UnderWay>,
    /// Whether there may be something to take, which counts as under way.
    may_have_more: AtomicBool,
    pub(super) is_closing: AtomicBool,
    pub(super) changed: Notify,
    pub(super) turns: StoredTurns,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    crews: Vec<Crew>,
    /// What is to be given back, where that could not be done at once.
    given_back: Vec<Ticket>,
    has_ended: bool,
}

struct Crew {
    runtime: Option<Id>,
    workers: usize,
    tasks: Vec<AbortHandle>,
}

/// One worker, until this is dropped: its runtime has ended, or its bus.
pub(super) struct Member {
    pub(super) stored: Arc<Stored>,
    runtime: Option<Id>,
}

impl Stored {
    pub(crate) fn new(
        backlog: Arc<dyn Backlog>,
        letters: Arc<Letters>,
        under_way: Arc<UnderWay>,
    ) -> Arc<Self> {
        let keeps_letters = backlog.keeps_letters_in(&*letters.store);
        let stored = Self {
            backlog,
            letters,
            keeps_letters,
            clock: Clock::new(),
            under_way,
            may_have_more: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            changed: Notify::new(),
            turns: StoredTurns::default(),
            state: Mutex::default(),
        };
        // An earlier process may have left something.
        stored.mark();
        Arc::new(stored)
    }

    /// Says how events are written, and delivers what an earlier process has left, if this is in a runtime.
    pub(crate) fn start(self: &Arc<Self>, bus: &Bus) {
        self.backlog.start(bus.0.stored_events());
        self.hire(bus);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there may be something to take, unless nothing is taken any more.
    fn mark(&self) {
        if !self.may_have_more.swap(true, Ordering::SeqCst) {
            self.under_way.add(1);
        }
        if self.is_closing.load(Ordering::SeqCst) && self.unmark() {
            self.under_way.remove(1);
        }
    }

    /// Takes the mark back, if there is one; whether there was.
    fn unmark(&self) -> bool {
        self.may_have_more.swap(false, Ordering::SeqCst)
    }

    /// When an event is due, by the clock of the system.
    pub(crate) fn due(&self, when: When) -> Timestamp {
        match when {
            When::At(time) => time,
            When::After(delay) => self.clock.after(delay),
        }
    }

    /// Stores an event, and waits for room. During a shutdown, an event is stored only if a handler posts it for later.
    pub(crate) async fn post(
        self: &Arc<Self>,
        bus: &Bus,
        post: NewPost,
        is_of_handler: bool,
    ) -> Result<(), PostError> {
        let is_taken_late = is_of_handler && post.due.is_some();
        let (room, size) = (BacklogRoom::of(post.priority, post.due), post.size());
        let refused = |reason, store| PostError { store, ..PostError::new(reason, post.event.clone()) };
        loop {
            // A shutdown wakes those who wait for room.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if bus.is_closed() && !is_taken_late {
                return Err(refused(PostRefusal::Closed, None));
            }
            let stored = match self.backlog.post(vec![post.clone()]).await {
                Err(error) if error.kind() == StoreErrorKind::Full => {
                    if bus.is_closed() {
                        return Err(refused(PostRefusal::Closed, None));
                    }
                    match select(self.backlog.room(room, size), changed).await {
                        Either::Left((room, _)) => room,
                        Either::Right(_) => Ok(()),
                    }
                }
                stored => {
                    stored.map_err(|error| refused(PostRefusal::Store, Some(error)))?;
                    self.posted(bus);
                    return Ok(());
                }
            };
            stored.map_err(|error| refused(PostRefusal::Store, Some(error)))?;
        }
    }

    /// Stores all these events in one commit, and waits for room for all of them. A backlog says of one event only whether
    /// there is room for it: this tries again when something is done here, and now and then for what is done elsewhere.
    pub(super) async fn post_all(&self, bus: &Bus, posts: &[NewPost]) -> Result<Vec<u64>, StoreError> {
        let mut wait = RETRY[0];
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.backlog.post(posts.to_vec()).await {
                Err(error) if error.kind() == StoreErrorKind::Full && !bus.is_closed() => {}
                stored => return stored,
            }
            select(changed, pin!(sleep(wait))).await;
            wait = (2 * wait).min(RETRY[1]);
        }
    }

    /// Something was stored: somebody takes it.
    pub(crate) fn posted(self: &Arc<Self>, bus: &Bus) {
        self.mark();
        // It may be done already: somebody has to see that there is no more to take.
        self.changed.notify_waiters();
        self.hire(bus);
    }

    /// Sees to it that there are workers in this runtime; whether there are any.
    pub(crate) fn hire(self: &Arc<Self>, bus: &Bus) -> bool {
        let mut state = self.lock();
        let Ok(runtime) = Handle::try_current() else { return !state.crews.is_empty() };
        let here = Some(runtime.id());
        let is_ending = state.has_ended || self.is_closing.load(Ordering::SeqCst);
        if is_ending || state.crews.iter().any(|crew| crew.runtime == here) {
            return true;
        }
        let workers = runtime.metrics().num_workers();
        state.crews.push(Crew { runtime: here, workers, tasks: Vec::new() });
        // What is spawned into a runtime that ends is dropped at once, and takes the lock.
        drop(state);
        let member = || Member { stored: Arc::clone(self), runtime: here };
        let spawn = |_| runtime.spawn(work(member(), Arc::downgrade(&bus.0))).abort_handle();
        let tasks: Vec<_> = (0..workers).map(spawn).collect();
        let mut state = self.lock();
        let has_ended = state.has_ended;
        match state.crews.iter_mut().find(|crew| crew.runtime == here) {
            Some(crew) if !has_ended => crew.tasks = tasks,
            _ => tasks.iter().for_each(AbortHandle::abort),
        }
        true
    }

    /// Sees to it that somebody delivers what is ready, for one who waits for it: outside of any runtime, himself.
    pub(crate) fn see_to(self: &Arc<Self>, bus: &Bus) -> Option<impl Future<Output = ()> + Send + use<>> {
        // When it is closed, nothing is taken any more, and each delivery has its worker.
        if self.is_closing.load(Ordering::SeqCst) || self.hire(bus) {
            return None;
        }
        self.lock().crews.push(Crew { runtime: None, workers: 1, tasks: Vec::new() });
        Some(work(Member { stored: Arc::clone(self), runtime: None }, Arc::downgrade(&bus.0)))
    }

    /// Takes nothing more: what waits stays in the backlog.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.turns.close();
        if self.unmark() {
            self.under_way.remove(1);
        }
        self.changed.notify_waiters();
    }

    /// Ends the workers, with what they run, which is given back.
    pub(crate) fn abort(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        let tasks: Vec<_> = state.crews.iter_mut().flat_map(|crew| std::mem::take(&mut crew.tasks)).collect();
        drop(state);
        tasks.iter().for_each(AbortHandle::abort);
    }

    /// Waits until the workers of this runtime, which are [closed](Self::close), have ended, and hold nothing of the store.
    pub(crate) async fn ended(&self) {
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if !self.lock().crews.iter().any(|crew| crew.runtime == here) {
                return;
            }
            changed.await;
        }
    }

    /// Takes at most so many events to start.
    pub(super) async fn take(&self, limit: usize) -> Result<Vec<Taken>, StoreError> {
        while let Some(ticket) = self.next_to_give_back() {
            self.backlog.give_back(ticket).await?;
            self.lock().given_back.retain(|other| *other != ticket);
        }
        let marked = Marked::new(self);
        let taken = self.backlog.take(limit).await?;
        self.under_way.add(taken.len());
        marked.end();
        Ok(taken)
    }

    fn next_to_give_back(&self) -> Option<Ticket> {
        self.lock().given_back.first().copied()
    }

    /// Says that these handlers are done; tries again for as long as a store fails. Gives back what cannot be written.
    ///
    /// Letters that the backlog does not keep are kept before: an event that is acknowledged has its letters.
    pub(crate) async fn acknowledge(
        &self,
        mut done: Acknowledgement,
    ) -> Result<(), (StoreError, Acknowledgement)> {
        if !self.keeps_letters {
            let (kept, settled) = (std::mem::take(&mut done.letters), std::mem::take(&mut done.settled));
            let settle = || self.letters.settle(&kept, &settled);
            until_done("keeping the dead letters of a posted event", settle).await;
        }
        let acknowledge = async || match self.backlog.acknowledge(done.clone()).await {
            Err(error) if matches!(error.kind(), StoreErrorKind::Lost | StoreErrorKind::Unwritable) => {
                Ok(Err(error))
            }
            acknowledged => acknowledged.map(Ok),
        };
        match until_done("acknowledging a posted event", acknowledge).await {
            Err(error) if error.kind() == StoreErrorKind::Unwritable => return Err((error, done)),
            Err(error) => failed("acknowledging a posted event", &error),
            Ok(()) => self.acknowledged(),
        }
        Ok(())
    }

    /// As [`acknowledge`](Self::acknowledge), without what cannot be written.
    pub(crate) async fn acknowledge_anyway(&self, done: Acknowledgement) {
        let Err((error, Acknowledgement { ticket, handlers, .. })) = self.acknowledge(done).await else {
            return;
        };
        tracing::error!(%error, "what follows from a posted event cannot be stored, and is lost");
        // Nothing of this has to be written.
        let _ = self.acknowledge(Acknowledgement::new(ticket, handlers)).await;
    }

    /// The dead letters of an event that is delivered again.
    pub(super) async fn letters_of(&self, event: &AnyEvent) -> Vec<Arc<DeadLetter>> {
        let read = || self.letters.store.of_event(event.id().clone());
        until_done("reading the dead letters of a posted event", read).await
    }

    /// A handler is done: the next event of the key may be taken, or what followed.
    pub(crate) fn acknowledged(&self) {
        self.mark();
        self.changed.notify_waiters();
    }

    /// Gives an event back: at once, if the store can, or else by the next worker.
    pub(super) fn give_back(&self, ticket: Ticket) {
        let mut giving = pin!(self.backlog.give_back(ticket));
        let given = giving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if !matches!(given, Poll::Ready(Ok(()))) {
            self.lock().given_back.push(ticket);
        }
        self.mark();
        self.changed.notify_waiters();
        // Whoever waits until nothing is under way sees to it that somebody works.
        self.under_way.tell();
    }
}

/// Does something with a store; tries again for as long as that fails.
async fn until_done<T, F: Future<Output = Result<T, StoreError>>>(what: &str, act: impl Fn() -> F) -> T {
    let mut wait = RETRY[0];
    loop {
        match act().await {
            Ok(done) => return done,
            Err(error) => failed(what, &error),
        }
        sleep(wait).await;
        wait = (2 * wait).min(RETRY[1]);
    }
}

#[cold]
pub(super) fn failed(what: &str, error: &StoreError) {
    if FAILED.allows() {
        tracing::error!(%error, "{what} failed, and is tried again unless it is lost");
    }
}

/// Something that is taken, if there is anything, which counts as under way.
struct Marked<'a> {
    stored: &'a Stored,
    /// Whether there was the mark that there may be something.
    is_marked: bool,
}

impl<'a> Marked<'a> {
    /// It counts also if the mark of another was for what is taken.
    fn new(stored: &'a Stored) -> Self {
        let is_marked = stored.unmark();
        if !is_marked {
            stored.under_way.add(1);
        }
        Self { stored, is_marked }
    }

    fn end(mut self) {
        self.is_marked = false;
    }
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        if self.is_marked {
            // It was not taken: there may still be something.
            self.stored.mark();
        }
        self.stored.under_way.remove(1);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.stored.lock();
        if let Some(crew) = state.crews.iter_mut().find(|crew| crew.runtime == self.runtime) {
            crew.workers -= 1;
        }
        state.crews.retain(|crew| crew.workers > 0);
        drop(state);
        self.stored.changed.notify_waiters();
        self.stored.under_way.tell();
    }
}

impl Engine {
    /// What delivers the events of another backlog than the queue, if the bus has one.
    pub(crate) fn stored(&self) -> Option<&Arc<Stored>> {
        self.stored.as_ref().map(|owned| &owned.0)
    }

    /// The identities of the handlers of an event.
    fn handlers_of(&self, event: &AnyEvent) -> impl Iterator<Item = &'static str> {
        self.tables.of(event.known_type()).outline.handlers.iter().map(|info| info.id())
    }

    /// An event with its handlers, as a backlog stores it.
    pub(crate) fn new_post(&self, event: AnyEvent, priority: Priority, due: Option<Timestamp>) -> NewPost {
        let handlers: Vec<_> = self.handlers_of(&event).collect();
        NewPost { due, ..NewPost::new(event, handlers).with_priority(priority) }
    }
}

/// The backlog, as the bus owns it: its workers end with the bus.
pub(crate) struct OwnedStored(pub(crate) Arc<Stored>);

impl Drop for OwnedStored {
    fn drop(&mut self) {
        self.0.close();
        self.0.abort();
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").finish_non_exhaustive()
    }
}
