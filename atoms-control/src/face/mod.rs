//! What a program does with questions.

mod answering;
mod asker;
mod error;
mod listing;
mod opened;
mod watch;

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{Bus, StoreError};
use serde::Serialize;

pub use answering::{Answering, By, Nobody};
pub use asker::{AskedRole, Asker};
pub use error::{AnswerError, NotAnswered, OpenError};
pub use listing::Listing;
pub use opened::Opened;
pub use watch::Watch;

use self::answering::Said;
use crate::desk::Desk;
use crate::principal::Principal;
use crate::question::{Ask, FromAnswer, Kind, Question, QuestionId, QuestionKind, QuestionRef};
use crate::store::{Ending, QuestionFilter};

/// The questions of a bus, as [`Control::questions`](crate::Control::questions) returns them.
///
/// A question is an [`Approval`](crate::Approval), a [`Checkpoint`](crate::Checkpoint) or an [`Input`](crate::Input).
/// It is opened once, shown to those who may answer it, and ends once: by an answer, at its deadline, or by being
/// cancelled. The program that asks may wait for the end, or handle the events that tell of it, or both.
///
/// ```
/// use atoms::control::{Checkpoint, Control, Decision, Input, Principal};
/// use atoms::prelude::*;
///
/// async fn ask(bus: Bus) -> Result<String, atoms::control::NotAnswered> {
///     let plan = ["research", "draft", "review"];
///     match bus.questions().ask(Checkpoint::new("plan-review").title("Review the plan").details(&plan)).await? {
///         Decision::Approved { .. } => {}
///         Decision::Rejected { feedback } => return Ok(format!("rejected: {feedback:?}")),
///     }
///     bus.questions().ask(Input::choice("database", ["PostgreSQL", "SQLite"]).role("admin")).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().start()?;
/// let asking = tokio::spawn(ask(bus.clone()));
/// # while bus.questions().list().await?.is_empty() { tokio::task::yield_now().await; }
///
/// let ada = Principal::new("ada").role("admin");
/// bus.questions().approve("plan-review").feedback("looks good").by(&ada).await?;
/// # while bus.questions().list().await?.is_empty() { tokio::task::yield_now().await; }
///
/// let wrong = bus.questions().answer("database", "Oracle").by(&ada).await.unwrap_err();
/// println!("{wrong}"); // says what it may be, and the question stays open
/// bus.questions().answer("database", "SQLite").by(&ada).await?;
/// assert_eq!(asking.await??, "SQLite");
/// # Ok(())
/// # }
/// ```
///
/// By default questions are in memory, and end with the process; [`crate::ControlBuilder::question_store`] changes that. A bus
/// that is shut down opens and answers no questions, and those who wait get an error. Its questions stay open in the
/// store.
#[derive(Clone)]
pub struct Questions<'a> {
    bus: &'a Bus,
    desk: Arc<Desk>,
}

impl<'a> Questions<'a> {
    pub(crate) fn of(bus: &'a Bus) -> Self {
        Self { bus, desk: Desk::of(bus) }
    }

    /// Opens a question. The caller may [wait](Opened::wait) for the answer, but need not.
    ///
    /// The question stays open, even if the handler that opened it fails. If the future is dropped before it is ready,
    /// the question may or may not have been opened.
    pub async fn open<K: Kind>(self, ask: Ask<K>) -> Result<Opened<K::Answer>, OpenError> {
        opened::open(self.bus, self.desk, ask.into_draft()).await
    }

    /// Opens a question, and waits for the answer.
    ///
    /// When the future is dropped, the question stays open, unless it is to be
    /// [cancelled then](Ask::cancel_if_dropped).
    pub async fn ask<K: Kind>(self, ask: Ask<K>) -> Result<K::Answer, NotAnswered> {
        self.open(ask).await?.wait().await
    }

    /// Waits for the answer to a question that somebody else opened, perhaps in an earlier process. Returns at once if
    /// there is an answer.
    ///
    /// Fails if the answer is of another type.
    pub async fn wait<T: FromAnswer>(self, question: impl Into<QuestionRef>) -> Result<T, NotAnswered> {
        opened::read(&self.ended(question).await?)
    }

    /// Waits until a question has ended, and returns it; returns at once if it has. The one who
    /// [opened](Opened::ended) it need not be this process.
    pub async fn ended(self, question: impl Into<QuestionRef>) -> Result<Arc<Question>, NotAnswered> {
        let id = match question.into() {
            QuestionRef::Id(id) => id,
            QuestionRef::Name(name) => match self.desk.store.find(name.clone()).await? {
                Some(question) => question.id,
                None => return Err(NotAnswered::Unknown(QuestionRef::Name(name))),
            },
        };
        opened::wait(self.bus, &self.desk, id).await
    }

    /// Returns an open question, or by its id one that has ended, if the store still keeps it.
    pub async fn get(self, question: impl Into<QuestionRef>) -> Result<Option<Arc<Question>>, StoreError> {
        match question.into() {
            QuestionRef::Id(id) => self.desk.store.get(id).await,
            QuestionRef::Name(name) => self.desk.store.find(name).await,
        }
    }

    /// Lists the open questions. Await the list.
    ///
    /// ```
    /// # use atoms::control::{Approval, Control, Principal, QuestionKind};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = atoms::Bus::start()?;
    /// # bus.questions().open(Approval::new("refund").role("manager")).await?;
    /// let ada = Principal::new("ada").role("manager");
    /// for question in bus.questions().list().kind(QuestionKind::Approval).answerable_by(&ada).await? {
    ///     println!("{question}: {}", question.title);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> Listing<'a> {
        Listing { questions: self, filter: QuestionFilter::default() }
    }

    /// Returns the roles that the crates of the program [ask](Asker::asks), whether a question is open or not.
    pub fn asked_roles(&self) -> Vec<AskedRole> {
        asker::roles(self.bus)
    }

    /// Returns how many questions are open.
    pub async fn count(self) -> Result<usize, StoreError> {
        self.desk.store.count().await
    }

    /// Says yes to an approval or a checkpoint. Name who does with [`by`](Answering::by).
    pub fn approve(self, question: impl Into<QuestionRef>) -> Answering<'a> {
        Answering::new(self, question.into(), Said::Approve { feedback: None, edited: None })
    }

    /// Says no to an approval or a checkpoint. Name who does with [`by`](Answering::by).
    pub fn reject(self, question: impl Into<QuestionRef>) -> Answering<'a> {
        Answering::new(self, question.into(), Said::Reject { feedback: None })
    }

    /// Answers an input. Name who does with [`by`](Answering::by).
    pub fn answer(self, question: impl Into<QuestionRef>, answer: impl Serialize) -> Answering<'a> {
        let answer = serde_json::to_value(answer).map_err(|error| error.to_string());
        Answering::new(self, question.into(), Said::Answer(answer))
    }

    /// Answers the only open input that the principal may answer, in a program that asks one thing at a time. Fails if there
    /// is none, or several.
    ///
    /// ```
    /// use atoms::control::AnswerError;
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (bus, ada) = (Bus::builder().without_discovery().start()?, Principal::new("ada"));
    /// let asked = bus.questions().open(Input::<String>::new("database")).await?;
    /// bus.questions().answer_only("PostgreSQL", &ada).await?;
    /// assert_eq!(asked.wait().await?, "PostgreSQL");
    ///
    /// let nothing = bus.questions().answer_only("PostgreSQL", &ada).await.unwrap_err();
    /// assert!(matches!(nothing, AnswerError::NotOne { are_several: false, .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn answer_only(
        self,
        answer: impl Serialize,
        principal: &Principal,
    ) -> Result<Arc<Question>, AnswerError> {
        let answer = serde_json::to_value(answer).map_err(|error| error.to_string());
        let inputs = self.clone().list().kind(QuestionKind::Input).answerable_by(principal);
        let inputs = inputs.page(None, 2).await?;
        let [only] = &inputs[..] else {
            let (principal, are_several) = (principal.to_string(), !inputs.is_empty());
            return Err(AnswerError::NotOne { principal, are_several });
        };
        Answering::new(self, only.id.into(), Said::Answer(answer)).by(principal).await
    }

    /// Cancels a question. Name who does with [`by`](Answering::by). Those who may answer it may cancel it.
    pub fn cancel(self, question: impl Into<QuestionRef>) -> Answering<'a> {
        Answering::new(self, question.into(), Said::Cancel { reason: None })
    }

    /// Cancels a question for the program itself, which asked it. Fails if it is not open.
    pub async fn withdraw(self, id: QuestionId) -> Result<Arc<Question>, AnswerError> {
        answering::withdraw(self, id).await
    }

    /// Ends a question whose deadline has come, and gives it as it is then.
    async fn ended_if_overdue(&self, question: Arc<Question>) -> Result<Arc<Question>, StoreError> {
        if !self.desk.is_overdue(&question) {
            return Ok(question);
        }
        let ending = self.desk.expire(self.bus, &question).await?;
        Ok(match ending {
            Ending::Ended(ended) | Ending::Before(ended) => ended,
            Ending::Unknown => question,
        })
    }
}

impl fmt::Debug for Questions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions").finish_non_exhaustive()
    }
}
