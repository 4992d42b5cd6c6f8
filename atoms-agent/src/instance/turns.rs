//! The turns of a session as runs, on a bus that can be paused.
//!
//! A turn begins with an event that comes while nothing is under way in the session. What comes meanwhile belongs to it. It is
//! over when nothing of it is under way, or with an interrupt. All its flights share the [`Turn`].

use std::collections::HashSet;
use std::fmt;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use atoms_control::{Control, Run, Scope};
use atoms_runtime::{AnyEvent, Bus, Carrying, EventType, HandlerError, LogLimit};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Instance;
use super::flight::Flight;

/// A bus that refuses one run refuses the next one as well.
static NO_RUN: LogLimit = LogLimit::new(1, "more turns of sessions are no runs");

/// The turns of one instance, if they are runs.
pub(crate) struct Turns(Option<Going>);

struct Going {
    session: String,
    current: Mutex<Weak<Turn>>,
}

/// A turn that is a run, and goes on until this is dropped.
pub(crate) struct Turn {
    run: Run,
    /// What its events carry.
    carrying: Carrying,
    is_interrupted: AtomicBool,
    /// What failed first in it.
    failure: Mutex<Option<String>>,
    over: Mutex<Option<oneshot::Sender<Result<(), HandlerError>>>>,
    runtime: Handle,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Turns {
    /// The turns of an instance without a session.
    pub(crate) const NONE: Self = Self(None);

    /// The turns of a session: runs, if the bus can be paused.
    pub(crate) fn of(bus: &Bus, session: &str) -> Self {
        let going = || Going { session: session.to_owned(), current: Mutex::default() };
        Self(bus.runs().is_steered().then(going))
    }

    #[inline]
    pub(crate) fn are_runs(&self) -> bool {
        self.0.is_some()
    }

    /// Begins another turn, with which the current one is interrupted. Returns what `begin` does, and the interrupted one.
    pub(crate) fn interrupt<T>(&self, begin: impl FnOnce() -> T) -> (T, Option<Arc<Turn>>) {
        let Some(going) = &self.0 else { return (begin(), None) };
        let mut current = lock(&going.current);
        let interrupted = std::mem::take(&mut *current).upgrade();
        if let Some(turn) = &interrupted {
            turn.is_interrupted.store(true, Ordering::SeqCst);
        }
        (begin(), interrupted)
    }

    /// Says that the session ends, whatever is under way.
    pub(crate) fn cut(&self) {
        let current = self.0.as_ref().and_then(|going| lock(&going.current).upgrade());
        if let Some(turn) = current {
            turn.fail("the session has ended before its turn was over");
        }
    }

    /// Lets go what is held of the session and of its turn.
    pub(crate) fn let_go(&self, bus: &Bus) {
        let Some(going) = &self.0 else { return };
        let current = lock(&going.current).upgrade();
        let scopes = current.iter().map(|turn| Scope::from(&turn.run));
        for scope in scopes.chain([Scope::Session(going.session.clone())]) {
            // It takes effect when it is polled first. Nobody has to wait until it is told.
            let _ = bus.runs().resume(scope).into_future().now_or_never();
        }
    }
}

impl Turn {
    fn begin(instance: &Arc<Instance>, session: &str, trigger: Option<&EventType>) -> Option<Arc<Self>> {
        let name = trigger.map_or("an event of an unknown type", EventType::name);
        let (tell, over) = oneshot::channel();
        let (own, number) = (Arc::downgrade(instance), instance.turn());
        let running = instance.bus.runs().in_session(session);
        let running = match instance.init.carrying().get() {
            Some(principal) => running.for_principal(principal),
            None => running,
        };
        let running = running.start(name, async move |run: Run| until_over(run, over, own, number).await);
        let run = match running.detach() {
            Ok(run) => run,
            Err(error) => {
                if NO_RUN.allows() {
                    tracing::warn!(session, %error, "a turn of a session could not be made a run");
                }
                return None;
            }
        };
        Some(Arc::new(Self {
            carrying: run.carrying().or(instance.init.carrying()),
            run,
            is_interrupted: AtomicBool::new(false),
            failure: Mutex::default(),
            over: Mutex::new(Some(tell)),
            runtime: Handle::current(),
        }))
    }

    /// The values that its events carry.
    pub(crate) fn carrying(&self) -> &Carrying {
        &self.carrying
    }

    /// Says that something failed in it. The first failure counts.
    pub(crate) fn fail(&self, message: &str) {
        lock(&self.failure).get_or_insert_with(|| message.to_owned());
    }

    /// Whether it was cancelled, and not only interrupted.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.run.is_cancelled() && !self.is_interrupted.load(Ordering::SeqCst)
    }

    /// Lists an event that is not delivered, since the turn was cancelled.
    pub(crate) fn note_dropped(&self, event: &AnyEvent) {
        self.run.note_dropped(event);
    }

    /// Cancels it, since it was interrupted. Runs that were started in it are stopped, and its handlers are not.
    pub(crate) fn interrupted(&self) {
        const REASON: &str = "it was interrupted";
        let Some(bus) = self.run.bus() else { return };
        let _in_runtime = self.runtime.enter();
        // Each takes effect when it is polled first, and goes on by itself.
        for part in self.run.parts() {
            let _ = bus.runs().cancel(&part).reason(REASON).into_future().now_or_never();
        }
        let _ = bus.runs().cancel(&self.run).reason(REASON).cooperative().into_future().now_or_never();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let failure = lock(&self.failure).take();
        if let Some(over) = lock(&self.over).take() {
            // The run may have been stopped.
            let _ = over.send(failure.map_or(Ok(()), |failure| Err(failure.into())));
        }
    }
}

/// The work of the run of a turn: it waits until nothing of it is under way.
async fn until_over(
    run: Run,
    mut over: oneshot::Receiver<Result<(), HandlerError>>,
    instance: Weak<Instance>,
    number: u32,
) -> Result<(), HandlerError> {
    let ended = tokio::select! {
        biased;
        ended = &mut over => ended,
        () = run.cancelled() => {
            if let Some(instance) = instance.upgrade() {
                instance.drop_turn(&run, number);
            }
            over.await
        }
    };
    while let Some(part) = run.parts().into_iter().next() {
        part.ended().await;
    }
    ended?
}

impl Instance {
    /// The turn that an event of this type belongs to, if turns are runs: the current one, or a new one.
    pub(crate) fn join(self: &Arc<Self>, trigger: Option<&EventType>) -> Option<Arc<Turn>> {
        let going = self.turns.0.as_ref()?;
        let mut current = lock(&going.current);
        if let Some(turn) = current.upgrade().filter(|turn| !turn.run.is_cancelled()) {
            return Some(turn);
        }
        let turn = Turn::begin(self, &going.session, trigger)?;
        *current = Arc::downgrade(&turn);
        Some(turn)
    }

    /// The turn in which an event is handled now, and the event as one of that turn if it was of another one, since what
    /// survives an interrupt belongs to the next turn.
    pub(crate) fn now_in(self: &Arc<Self>, flight: &Flight) -> (Option<Arc<Turn>>, Option<AnyEvent>) {
        let Some(own) = &flight.in_turn else { return (None, None) };
        if !own.is_interrupted.load(Ordering::SeqCst) {
            return (Some(Arc::clone(own)), None);
        }
        let Some(next) = self.join(flight.known) else { return (Some(Arc::clone(own)), None) };
        let event = flight.event.clone();
        let carrying = next.carrying.or(event.carrying());
        (Some(next), Some(event.with_carrying(carrying)))
    }

    /// Drops what waits of a turn that was cancelled, unless it was interrupted before.
    fn drop_turn(&self, run: &Run, number: u32) {
        let next = number.wrapping_add(1);
        if self.turn.compare_exchange(number, next, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let is_ours = |flight: &Flight| flight.in_turn.as_ref().is_some_and(|turn| turn.run == *run);
        let mut listed = HashSet::new();
        for mailbox in &self.mailboxes[..self.plan.end()] {
            for flight in mailbox.remove(is_ours) {
                if listed.insert(flight.event.id().clone()) {
                    run.note_dropped(&flight.event);
                }
            }
        }
        self.mailboxes.iter().for_each(|mailbox| mailbox.nudge());
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Turn").field(&self.run).finish()
    }
}
