//! Answering a question, or cancelling it.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::error::AnswerError;
use super::{Questions, asker};
use crate::principal::Principal;
use crate::question::{Answer, End, Outcome, Question, QuestionId, QuestionKind, QuestionRef};
use crate::store::Ending;

/// What is said to a question.
#[derive(Clone)]
pub(super) enum Said {
    Approve { feedback: Option<String>, edited: Option<Result<Value, String>> },
    Reject { feedback: Option<String> },
    Answer(Result<Value, String>),
    Cancel { reason: Option<String> },
}

/// It is not said yet who answers.
#[derive(Debug)]
pub struct Nobody(());

/// It is said who answers.
pub struct By(Principal);

impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An answer to a question, or its cancellation. Name the one who gives it with [`by`](Self::by), and await it.
///
/// It resolves with the ended question, after the answer and the events to post are stored. Fails if the answer did not
/// reach an open question. It goes on if the future is dropped after it was polled once.
#[must_use = "nothing is answered unless it is said `.by(..)` whom, and this is awaited"]
pub struct Answering<'a, W = Nobody> {
    questions: Questions<'a>,
    question: QuestionRef,
    said: Said,
    by: W,
}

impl<'a> Answering<'a> {
    pub(super) fn new(questions: Questions<'a>, question: QuestionRef, said: Said) -> Self {
        Self { questions, question, said, by: Nobody(()) }
    }

    /// Sets who answers. They must have one of the roles of the question, and are recorded with the answer.
    pub fn by(self, principal: &Principal) -> Answering<'a, By> {
        let Self { questions, question, said, .. } = self;
        Answering { questions, question, said, by: By(principal.clone()) }
    }
}

impl<W> Answering<'_, W> {
    /// Adds feedback to an approval or a rejection, or the reason to a cancellation.
    pub fn feedback(mut self, text: impl Into<String>) -> Self {
        match &mut self.said {
            Said::Approve { feedback, .. }
            | Said::Reject { feedback }
            | Said::Cancel { reason: feedback } => {
                *feedback = Some(text.into());
            }
            Said::Answer(_) => {}
        }
        self
    }

    /// Approves these details instead of those that were shown, as an [editable](crate::Ask::editable) approval allows.
    /// It only applies to approvals, and does nothing to another answer.
    pub fn edited(mut self, details: impl Serialize) -> Self {
        if let Said::Approve { edited, .. } = &mut self.said {
            *edited = Some(serde_json::to_value(details).map_err(|error| error.to_string()));
        }
        self
    }
}

impl Answering<'_, By> {
    async fn finish(self) -> Result<Arc<Question>, AnswerError> {
        let Self { questions, question: which, said, by: By(principal) } = self;
        if questions.desk.is_closed() {
            return Err(AnswerError::Closed);
        }
        let found = questions.clone().get(which.clone()).await?;
        let question = found.ok_or(AnswerError::Unknown(which))?;
        if !question.may_be_answered_by(&principal) {
            return Err(AnswerError::NotAllowed { principal: principal.to_string(), question });
        }
        let question = questions.ended_if_overdue(question).await?;
        if !question.is_open() {
            return Err(AnswerError::Ended(question));
        }
        let end = End::new(said.to(&question)?, Some(principal), questions.desk.now());
        questions.desk.limits.check_end(&end)?;
        if let Some(answer) = end.answer() {
            check(&question, answer)?;
            asker::check(questions.bus, &question, answer)?;
        }
        self::end(&questions, question, end).await
    }
}

async fn end(
    questions: &Questions<'_>,
    question: Arc<Question>,
    end: End,
) -> Result<Arc<Question>, AnswerError> {
    match questions.desk.end(questions.bus, &question, end).await? {
        Ending::Ended(question) => Ok(question),
        Ending::Before(question) => Err(AnswerError::Ended(question)),
        Ending::Unknown => Err(AnswerError::Unknown(QuestionRef::Id(question.id))),
    }
}

pub(super) async fn withdraw(questions: Questions<'_>, id: QuestionId) -> Result<Arc<Question>, AnswerError> {
    let found = questions.desk.store.get(id).await?;
    let question = found.ok_or(AnswerError::Unknown(QuestionRef::Id(id)))?;
    if !question.is_open() {
        return Err(AnswerError::Ended(question));
    }
    let end = End::new(Outcome::Cancelled { reason: None }, None, questions.desk.now());
    self::end(&questions, question, end).await
}

impl Said {
    /// How it ends the question, if that is of its kind.
    fn to(self, question: &Arc<Question>) -> Result<Outcome, AnswerError> {
        let is_input = question.kind == QuestionKind::Input;
        let answer = match self {
            Self::Cancel { reason } => return Ok(Outcome::Cancelled { reason }),
            Self::Approve { feedback, edited } if !is_input => {
                let edited = edited.transpose().map_err(AnswerError::Unwritable)?;
                Answer::Approved { feedback, edited }
            }
            Self::Reject { feedback } if !is_input => Answer::Rejected { feedback },
            Self::Answer(value) if is_input => Answer::Given(value.map_err(AnswerError::Unwritable)?),
            _ => return Err(AnswerError::OtherKind { question: Arc::clone(question) }),
        };
        Ok(Outcome::Answered(answer))
    }
}

/// Whether the answer is what the question says it must be.
fn check(question: &Arc<Question>, answer: &Answer) -> Result<(), AnswerError> {
    match (answer, &question.schema) {
        (Answer::Given(value) | Answer::Approved { edited: Some(value), .. }, Some(schema)) => {
            Ok(schema.check(value)?)
        }
        (Answer::Approved { edited: Some(_), .. }, None) => {
            Err(AnswerError::NotEditable(Arc::clone(question)))
        }
        _ => Ok(()),
    }
}

impl<'a> IntoFuture for Answering<'a, By> {
    type Output = Result<Arc<Question>, AnswerError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.finish())
    }
}

impl<W: fmt::Debug> fmt::Debug for Answering<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering")
            .field("question", &self.question)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}
