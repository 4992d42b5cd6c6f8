//! A question that is open, for the one who asked.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use atoms_runtime::{Bus, Cause, InSession, NewPost, StoreError, WeakBus};

use super::error::{NotAnswered, OpenError};
use crate::desk::{Desk, detached};
use crate::events::{self, QuestionOpened};
use crate::question::{Deadline, Draft, FromAnswer, Question, QuestionId, QuestionRef};
use crate::store::Opening;
use crate::work::Run;

/// A question that was opened, as [`Questions::open`](crate::Questions::open) returns it.
///
/// Dropping it leaves the question open, unless the question is to be [cancelled then](crate::Ask::cancel_if_dropped).
///
/// ```
/// use atoms::control::{Control, Input, Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::start()?;
/// let opened = bus.questions().open(Input::<u32>::new("how-many")).await?;
/// bus.questions().answer(opened.id(), 3).by(&Principal::new("ada")).await?;
/// assert_eq!(opened.wait().await?, 3);
/// # Ok(())
/// # }
/// ```
pub struct Opened<T> {
    desk: Arc<Desk>,
    bus: WeakBus,
    id: QuestionId,
    is_cancelled_if_dropped: bool,
    answer: PhantomData<fn() -> T>,
}

impl<T: FromAnswer> Opened<T> {
    /// Returns the id of the question.
    pub fn id(&self) -> QuestionId {
        self.id
    }

    /// Waits for the answer.
    pub async fn wait(self) -> Result<T, NotAnswered> {
        read(&self.ended().await?)
    }

    /// Waits until the question has ended, and returns it, with who has ended it and what they have changed.
    pub async fn ended(mut self) -> Result<Arc<Question>, NotAnswered> {
        let bus = self.bus.upgrade().ok_or(NotAnswered::Closed)?;
        let ended = wait(&bus, &self.desk, self.id);
        // Who waits does not keep the bus alive.
        drop(bus);
        let ended = ended.await?;
        self.is_cancelled_if_dropped = false;
        Ok(ended)
    }
}

impl<T> Drop for Opened<T> {
    fn drop(&mut self) {
        if self.is_cancelled_if_dropped {
            self.desk.leave(self.id);
        }
    }
}

impl<T> fmt::Debug for Opened<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("id", &self.id).finish_non_exhaustive()
    }
}

pub(super) async fn open<T: FromAnswer>(
    bus: &Bus,
    desk: Arc<Desk>,
    mut draft: Draft,
) -> Result<Opened<T>, OpenError> {
    if desk.is_closed() {
        return Err(OpenError::Closed);
    }
    draft.check()?;
    let Put { question, run, posts } = put(bus, &desk, draft.question, draft.deadline);
    desk.limits.check(&question)?;
    if let Some(run) = run.as_ref().filter(|run| run.is_cancelled()) {
        return Err(OpenError::RunCancelled { run: run.id(), name: run.name().into() });
    }
    let (id, name) = (question.id, question.name.clone());
    let is_cancelled_if_dropped = draft.is_cancelled_if_dropped;
    // Nobody waits if the future is dropped meanwhile, and then what is made here is dropped in its place.
    let opening = detached(bus, |bus| async move {
        let opening = desk.open_in(&bus, run, Arc::new(question), posts).await?;
        let is_ours = opening == Opening::Opened && is_cancelled_if_dropped;
        if is_ours {
            // Somebody has to be there who cancels it.
            desk.look_again(&bus);
        }
        let bus = bus.downgrade();
        Ok::<_, StoreError>((
            opening,
            Opened { desk, bus, id, is_cancelled_if_dropped: is_ours, answer: PhantomData },
        ))
    });
    match opening.await?? {
        (Opening::NameTaken(id), _) => Err(OpenError::NameTaken { name: name.unwrap_or_default(), id }),
        (Opening::Opened | Opening::Known, opened) => Ok(opened),
    }
}

/// A question as it is opened, the run to which it belongs, and what tells of it.
struct Put {
    question: Question,
    run: Option<Run>,
    posts: Vec<NewPost>,
}

/// The question as it is opened now: in the session, the run, and the chain of events, in which it is asked.
fn put(bus: &Bus, desk: &Desk, mut question: Question, deadline: Option<Deadline>) -> Put {
    question.opened_at = desk.clock.now();
    question.deadline = deadline.map(|deadline| match deadline {
        Deadline::After(delay) => desk.clock.after(delay),
        Deadline::At(time) => time,
    });
    if question.title.is_empty() {
        question.title = question.name.clone().unwrap_or_else(|| question.kind.to_string());
    }
    let opened = events::opened(bus, &question);
    let metadata = opened.event.metadata();
    question.session = metadata.session_id().map(Into::into);
    question.correlation = metadata.correlation_id().map(Into::into);
    let following = |event| bus.post_any(event).into_new_post().event;
    question.then = question.then.into_iter().map(following).collect();
    let run = opened.event.carried().cloned();
    Put { question, run, posts: Vec::from_iter(events::is_taken::<QuestionOpened>(bus).then_some(opened)) }
}

/// Waits until a question has ended.
pub(super) fn wait(
    bus: &Bus,
    desk: &Arc<Desk>,
    id: QuestionId,
) -> impl Future<Output = Result<Arc<Question>, NotAnswered>> + Send + use<> {
    desk.look_again(bus);
    let desk = Arc::clone(desk);
    let session = Cause::current().and_then(|cause| cause.carried::<InSession>().cloned());
    async move {
        // Whoever ends it after this, tells.
        let waiter = desk.waiters.enter(id).ok_or(NotAnswered::Closed)?;
        match desk.store.get(id).await? {
            None => Err(NotAnswered::Unknown(QuestionRef::Id(id))),
            Some(question) if question.is_open() => tokio::select! {
                biased;
                told = waiter.told() => told.ok_or(NotAnswered::Closed),
                () = ends(session) => Err(NotAnswered::SessionEnded(question)),
            },
            Some(ended) => Ok(ended),
        }
    }
}

/// Waits until the session ends in which somebody waits here.
async fn ends(session: Option<InSession>) {
    match session {
        Some(session) => session.ends().await,
        None => std::future::pending().await,
    }
}

/// Reads the answer to a question that has ended.
pub(super) fn read<T: FromAnswer>(ended: &Arc<Question>) -> Result<T, NotAnswered> {
    match ended.answer() {
        None => Err(NotAnswered::of(Arc::clone(ended))),
        Some(answer) => T::from_answer(answer)
            .map_err(|problem| NotAnswered::Unreadable { question: Arc::clone(ended), problem }),
    }
}
