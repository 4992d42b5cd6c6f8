//! The events that handlers emitted while one root event is being delivered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use futures_util::task::AtomicWaker;

use super::Engine;
use super::limits::{Limits, Load};
use super::posts::HeldPost;
use super::receipt::LostEvents;
use crate::event::{AnyEvent, EventType};
use crate::handler::Refusal;
use crate::letters::{DeadLetter, DeadLetterCause};
use crate::log_limit::LogLimit;
use crate::text::Shown;

/// Which part of what may be under way may wait before an emitter that is awaited waits as well.
const ROOM: usize = 64;

/// How many of the events that one root event's list did not take become dead letters: more would push out
/// those of others.
const MAX_LETTERS: u64 = 64;

/// A task that a handler has spawned can emit any number of events.
static LOST: LogLimit = LogLimit::new(1, "more emitted events were lost");

/// An event that waits to be delivered.
pub(crate) struct Queued {
    pub(crate) event: AnyEvent,
    /// The event that it follows from, if layers want to know.
    pub(crate) cause: Option<AnyEvent>,
    /// The place of the emitting event's receipt.
    pub(crate) parent: usize,
    /// Why it will not be delivered, if the chain that led to it is too long.
    pub(crate) refusal: Option<Refusal>,
    /// The bytes that it takes.
    pub(crate) size: usize,
}

/// The events that handlers emitted while one root event is being delivered.
///
/// The root's future takes them from here; emitters put them in, from whatever task.
pub(crate) struct Worklist {
    /// An emitter in somebody's task must not keep the bus.
    bus: Weak<Engine>,
    limits: Limits,
    /// Whether what is in it waits until its handler is done, so that none may wait for room.
    is_held: bool,
    /// Whether its dead letters are held, too: they are kept with what acknowledges its handler.
    holds_letters: bool,
    state: Mutex<State>,
    root: AtomicWaker,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    waiting: Load,
    /// Taken from the queue and not done yet.
    running: Load,
    waiting_for_room: Vec<Waker>,
    /// What was not put in because too much was under way.
    lost: Vec<LostEvents>,
    /// How many events were not put in, for whatever reason.
    refused: u64,
    closed: bool,
    /// What the handler of a posted event posts.
    posts: Vec<HeldPost>,
    /// Its dead letters, and those of what it emitted.
    letters: Vec<Arc<DeadLetter>>,
}

/// Why a post is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotHeld {
    /// The handler is done.
    Closed,
    /// The handler may emit and post so much, and no more.
    Full,
}

impl Limits {
    fn are_reached(self, waiting: Load, running: Load) -> bool {
        waiting.events + running.events >= self.events || waiting.bytes + running.bytes >= self.bytes
    }

    fn leave_room(self, waiting: Load) -> bool {
        waiting.events < self.events.div_ceil(ROOM) && waiting.bytes < self.bytes.div_ceil(ROOM)
    }
}

impl Queued {
    pub(crate) fn new(event: AnyEvent, parent: usize, refusal: Option<Refusal>) -> Self {
        let size = event.size();
        Self { event, cause: None, parent, refusal, size }
    }

    /// The same, with the event that it follows from.
    pub(crate) fn of(self, cause: Option<AnyEvent>) -> Self {
        Self { cause, ..self }
    }
}

impl Worklist {
    pub(crate) fn new(bus: &Arc<Engine>) -> Self {
        Self {
            bus: Arc::downgrade(bus),
            limits: bus.follow_up_limits,
            is_held: false,
            holds_letters: false,
            state: Mutex::default(),
            root: AtomicWaker::new(),
        }
    }

    /// Of one handler of a posted event.
    pub(crate) fn held(bus: &Arc<Engine>, holds_letters: bool) -> Self {
        Self { is_held: true, holds_letters, ..Self::new(bus) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event at the end. One that is not taken becomes a dead letter, if not too many are
    /// already.
    pub(crate) fn push(&self, queued: Queued) -> Result<(), Refusal> {
        let mut state = self.lock();
        let Limits { events, bytes } = self.limits;
        let refusal = if state.closed {
            Refusal::TooLate
        } else if self.limits.are_reached(state.waiting, state.running) {
            state.lose(queued.event.known_type());
            Refusal::WorklistFull { events, bytes }
        } else {
            state.waiting.add(queued.size);
            state.queue.push_back(queued);
            drop(state);
            self.root.wake();
            return Ok(());
        };
        state.refused += 1;
        let refused = state.refused;
        drop(state);
        self.refuse(queued.event, refusal.clone(), refused);
        Err(refusal)
    }

    #[cold]
    fn refuse(&self, event: AnyEvent, refusal: Refusal, refused: u64) {
        // What a full list did not take is told of at the root's end, and what comes too late is told of here.
        if refusal == Refusal::TooLate && LOST.allows() {
            let (r#type, id) = (event.event_type(), event.id());
            tracing::error!(r#type, %id, "an event is lost: {}", Shown(&refusal));
        }
        let Some(bus) = self.bus.upgrade() else { return };
        if refused <= MAX_LETTERS {
            let letter = bus.letter(event, DeadLetterCause::Refused(refusal), None);
            if !self.keep_letter(&letter) {
                bus.keep_letter(letter);
            }
        }
    }

    /// What was lost because too much was under way; each time it is told once.
    pub(crate) fn take_lost(&self) -> Vec<LostEvents> {
        let lost = std::mem::take(&mut self.lock().lost);
        for LostEvents { event_type, count, .. } in &lost {
            let r#type = event_type.name();
            tracing::error!(r#type, count, "events are lost: too much followed from one root event");
        }
        lost
    }

    /// Takes the next event, which counts as running until [`done`](Self::done).
    pub(crate) fn pop(&self) -> Option<Queued> {
        let mut state = self.lock();
        let next = state.queue.pop_front()?;
        state.waiting.remove(next.size);
        state.running.add(next.size);
        let has_room = self.limits.leave_room(state.waiting);
        let waiting = if has_room { std::mem::take(&mut state.waiting_for_room) } else { Vec::new() };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Some(next)
    }

    /// An event of this size is done.
    pub(crate) fn done(&self, size: usize) {
        self.lock().running.remove(size);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// Closes the list, if nothing is in it.
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut state = self.lock();
        state.closed |= state.queue.is_empty();
        state.closed
    }

    /// Closes the list, and returns what was in it.
    pub(crate) fn close(&self) -> VecDeque<Queued> {
        let mut state = self.lock();
        state.closed = true;
        state.waiting = Load::default();
        let waiting = std::mem::take(&mut state.waiting_for_room);
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        queue
    }

    /// Holds a post; gives it back if the handler is done. One for which no room was reserved has a size, and counts
    /// to what the handler emits.
    pub(crate) fn hold(&self, post: HeldPost, size: Option<usize>) -> Result<(), (HeldPost, NotHeld)> {
        let mut state = self.lock();
        if state.closed {
            return Err((post, NotHeld::Closed));
        }
        if let Some(size) = size {
            if self.limits.are_reached(state.waiting, state.running) {
                return Err((post, NotHeld::Full));
            }
            state.waiting.add(size);
        }
        state.posts.push(post);
        Ok(())
    }

    /// Takes the first post of which this is true.
    pub(crate) fn unhold(&self, is: impl Fn(&HeldPost) -> bool) -> Option<HeldPost> {
        let mut state = self.lock();
        let place = state.posts.iter().position(is)?;
        Some(state.posts.remove(place))
    }

    /// Whether there is a post of which this is true.
    pub(crate) fn holds(&self, is: impl Fn(&HeldPost) -> bool) -> bool {
        self.lock().posts.iter().any(is)
    }

    /// Holds a dead letter, if letters are held and the handler is not done; whether it did.
    pub(crate) fn keep_letter(&self, letter: &Arc<DeadLetter>) -> bool {
        let mut state = self.lock();
        let is_held = self.holds_letters && !state.closed;
        if is_held {
            state.letters.push(Arc::clone(letter));
        }
        is_held
    }

    /// Takes the dead letters that are held. What a failed attempt threw away has left them.
    pub(crate) fn take_letters(&self) -> Vec<Arc<DeadLetter>> {
        std::mem::take(&mut self.lock().letters)
    }

    /// Takes what was emitted and posted.
    pub(crate) fn take_held(&self) -> (VecDeque<Queued>, Vec<HeldPost>) {
        let mut state = self.lock();
        (state.waiting, state.lost) = (Load::default(), Vec::new());
        (std::mem::take(&mut state.queue), std::mem::take(&mut state.posts))
    }

    /// Closes the list; what is in it stays.
    pub(crate) fn close_to_new(&self) {
        self.lock().closed = true;
    }

    /// Closes the list, and takes what was emitted and posted.
    pub(crate) fn close_held(&self) -> (VecDeque<Queued>, Vec<HeldPost>) {
        self.close_to_new();
        self.take_held()
    }

    /// Closes the list, and throws away what is held.
    pub(crate) fn discard_held(&self, give_back: impl FnOnce(&Engine, Vec<HeldPost>)) {
        let (emitted, posts) = self.close_held();
        if let Some(bus) = self.bus.upgrade() {
            give_back(&bus, posts);
        }
        drop(emitted);
    }

    /// Wakes `waker` whenever something is put in.
    pub(crate) fn register(&self, waker: &Waker) {
        self.root.register(waker);
    }

    pub(crate) fn poll_room(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if self.is_held || state.closed || self.limits.leave_room(state.waiting) {
            return Poll::Ready(());
        }
        if !state.waiting_for_room.iter().any(|waiting| waiting.will_wake(waker)) {
            state.waiting_for_room.push(waker.clone());
        }
        Poll::Pending
    }
}

impl State {
    /// Counts an event that was not put in. Only raw events have no type, and no handler emits them.
    fn lose(&mut self, event_type: Option<&'static EventType>) {
        let Some(event_type) = event_type else { return };
        match self.lost.iter_mut().find(|lost| lost.event_type == event_type) {
            Some(lost) => lost.count += 1,
            None => self.lost.push(LostEvents { event_type, count: 1 }),
        }
    }
}

impl std::fmt::Debug for Worklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Worklist")
            .field("waiting", &state.waiting)
            .field("running", &state.running)
            .finish_non_exhaustive()
    }
}
