//! Where the questions of one bus are opened, ended and waited for.

mod in_runs;
mod keeper;
mod outbox;
mod waiters;
mod watchers;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atoms_runtime::{
    Bus, BusBuilder, Clock, Extension, HandlerError, NewPost, StoreError, StoreErrorKind, Timestamp,
};
use tokio::runtime::{self, Handle};
use tokio::sync::Notify;

use crate::events::{self, QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionOpened};
use crate::principal::Principal;
use crate::question::{End, Outcome, Question, QuestionId, QuestionLimits};
use crate::store::{Ending, MemoryQuestions, Opening, QuestionStore};
use crate::sync::Mutex;

use in_runs::InRuns;
pub(crate) use waiters::Waiters;
pub(crate) use watchers::Watchers;

/// What all who ask and answer on one bus share.
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn QuestionStore>,
    pub(crate) limits: QuestionLimits,
    pub(crate) clock: Clock,
    pub(crate) waiters: Waiters,
    pub(crate) watchers: Watchers,
    is_closed: AtomicBool,
    /// The runtimes that have a task which looks after deadlines.
    keepers: Mutex<Vec<runtime::Id>>,
    /// There is something new to look after. Who waits for that holds nothing else of the desk.
    changed: Arc<Notify>,
    /// Those for which nobody waits any more, and that are to be cancelled then.
    left: Mutex<Vec<QuestionId>>,
    /// The open questions of runs, which are cancelled with them.
    in_runs: InRuns,
    /// One posts what is to be posted, so that it is posted in order, and once.
    posting: tokio::sync::Mutex<()>,
}

impl Desk {
    /// The desk of a bus.
    pub(crate) fn of(bus: &Bus) -> Arc<Self> {
        let make = || {
            let store = bus.extension::<StoreSetting>();
            let store =
                store.map_or_else(|| Arc::new(MemoryQuestions::default()) as _, |it| Arc::clone(&it.0));
            let limits = bus.extension::<LimitsSetting>().map(|it| it.0.clone()).unwrap_or_default();
            store.start(bus.stored_events());
            OwnedDesk(Arc::new(Self::new(store, limits)))
        };
        Arc::clone(&bus.extension_or_insert_with(make).0)
    }

    fn new(store: Arc<dyn QuestionStore>, limits: QuestionLimits) -> Self {
        Self {
            store,
            limits,
            clock: Clock::new(),
            waiters: Waiters::default(),
            watchers: Watchers::default(),
            is_closed: AtomicBool::new(false),
            keepers: Mutex::default(),
            changed: Arc::default(),
            left: Mutex::default(),
            in_runs: InRuns::default(),
            posting: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Tells all who wait that nobody answers any more here.
    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.waiters.close();
        self.watchers.tell(None);
        self.changed.notify_waiters();
    }

    /// Opens a question that has been checked.
    pub(crate) async fn open(
        self: &Arc<Self>,
        bus: &Bus,
        question: Arc<Question>,
        posts: Vec<NewPost>,
    ) -> Result<Opening, StoreError> {
        let is_posting = !posts.is_empty();
        let opening = self.store.open(Arc::clone(&question), posts).await?;
        // Whoever begins to watch after this finds it in the store.
        if opening == Opening::Opened {
            self.watchers.tell(Some(&question));
        }
        if question.deadline.is_some() {
            self.look_again(bus);
        }
        if is_posting {
            self.post(bus).await;
        }
        Ok(opening)
    }

    /// Ends a question, if it is open, and tells those who wait for it.
    ///
    /// It goes on if the future is dropped, so that whoever is answered is told.
    pub(crate) async fn end(
        self: &Arc<Self>,
        bus: &Bus,
        question: &Arc<Question>,
        end: End,
    ) -> Result<Ending, StoreError> {
        let told = events::ended(bus, question, &end);
        let (desk, question) = (Arc::clone(self), Arc::clone(question));
        detached(bus, |bus| async move {
            let mut posts = Vec::from_iter(told);
            if end.answer().is_some_and(|answer| !answer.is_rejected()) {
                posts.extend(question.then.iter().map(|event| bus.post_any(event.clone()).into_new_post()));
            }
            let is_posting = !posts.is_empty();
            let ending = desk.store.end(question.id, end, posts).await?;
            desk.in_runs.forget(question.id);
            if let Ending::Ended(question) | Ending::Before(question) = &ending {
                desk.waiters.tell(question);
                desk.watchers.tell(Some(question));
            }
            if is_posting {
                desk.post(&bus).await;
            }
            Ok(ending)
        })
        .await?
    }

    /// Ends a question whose deadline has come.
    pub(crate) async fn expire(
        self: &Arc<Self>,
        bus: &Bus,
        question: &Arc<Question>,
    ) -> Result<Ending, StoreError> {
        let outcome = question.default.clone().map_or(Outcome::Expired, Outcome::Defaulted);
        self.end(bus, question, End::new(outcome, None, self.clock.now())).await
    }

    /// Whether its deadline has come, though it may be open still.
    pub(crate) fn is_overdue(&self, question: &Question) -> bool {
        question.is_open() && question.deadline.is_some_and(|deadline| deadline <= self.clock.now())
    }

    /// Cancels a question for which nobody waits any more, as the one who asked it wants.
    pub(crate) fn leave(&self, id: QuestionId) {
        if !self.is_closed() {
            self.left.lock().push(id);
            self.changed.notify_waiters();
        }
    }

    /// When a question ends that is open for so long.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Runs something that goes on to its end, even if the one who waits for it does not: then a shutdown of the bus waits for it.
pub(crate) async fn detached<F>(bus: &Bus, run: impl FnOnce(Bus) -> F) -> Result<F::Output, StoreError>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let run = run(bus.clone());
    let Ok(runtime) = Handle::try_current() else { return Ok(run.await) };
    let busy = bus.busy();
    let running = runtime.spawn(async move {
        let done = run.await;
        drop(busy);
        done
    });
    match running.await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => Err(StoreError::new(StoreErrorKind::Unavailable, ended)),
        },
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// The desk, as the bus owns it: its tasks, and those who wait, do not outlive the bus.
struct OwnedDesk(Arc<Desk>);

impl Extension for OwnedDesk {
    fn closing(&self) {
        self.0.close();
    }
}

impl Drop for OwnedDesk {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The store that a bus is told to have.
pub(crate) struct StoreSetting(pub(crate) Arc<dyn QuestionStore>);

impl Extension for StoreSetting {
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus.carries::<Principal>()
            .event::<QuestionOpened>()
            .event::<QuestionAnswered>()
            .event::<QuestionExpired>()
            .event::<QuestionCancelled>()
    }

    /// Looks after what an earlier process has left.
    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        Desk::of(bus).look_again(bus);
        Ok(())
    }
}

/// The limits that a bus is told to have.
pub(crate) struct LimitsSetting(pub(crate) QuestionLimits);

impl Extension for LimitsSetting {}
