//! The events that tell of questions.
//!
//! Each of these events is posted in one commit with what it tells of. Those of one question are handled in order.

use atoms_runtime::{Bus, Envelope, Event, IntoEnvelope, Metadata, NewPost, Timestamp, event};

use crate::principal::Principal;
use crate::question::{Answer, End, Outcome, Question, QuestionId, QuestionKind};

/// A question was opened, and waits for an answer.
#[event(type = "atoms.question.opened", framework, crate = atoms_runtime)]
pub struct QuestionOpened {
    /// The question.
    #[event(key)]
    pub question: QuestionId,
    /// The kind of the question.
    pub kind: QuestionKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The title of the question.
    pub title: String,
    /// The roles of those who may answer it; if there are none, everybody may.
    pub roles: Vec<String>,
    /// When it ends without an answer.
    pub deadline: Option<Timestamp>,
}

/// A question was answered: by somebody, or with the default that it has at its deadline.
///
/// ```
/// use atoms::control::{Answer, Checkpoint, Control, Principal, QuestionAnswered};
/// use atoms::prelude::*;
///
/// #[handler]
/// fn go_on(answered: &QuestionAnswered) {
///     if let (Some("plan-review"), Answer::Approved { .. }) = (answered.name.as_deref(), &answered.answer) {
///         println!("the plan was approved by {:?}", answered.answered_by);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<go_on>().start()?;
/// bus.questions().open(Checkpoint::new("plan-review")).await?;
/// bus.questions().approve("plan-review").by(&Principal::new("ada")).await?;
/// bus.idle().await;
/// # Ok(())
/// # }
/// ```
#[event(type = "atoms.question.answered", framework, crate = atoms_runtime)]
pub struct QuestionAnswered {
    /// The question.
    #[event(key)]
    pub question: QuestionId,
    /// The kind of the question.
    pub kind: QuestionKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// Who gave the answer; `None` if it is the default.
    pub answered_by: Option<Principal>,
    /// Whether it is the default, which is the answer at the deadline.
    pub is_default: bool,
}

/// A question was not answered by its deadline, and has no default.
#[event(type = "atoms.question.expired", framework, crate = atoms_runtime)]
pub struct QuestionExpired {
    /// The question.
    #[event(key)]
    pub question: QuestionId,
    /// The kind of the question.
    pub kind: QuestionKind,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// A question was cancelled, and will have no answer.
#[event(type = "atoms.question.cancelled", framework, crate = atoms_runtime)]
pub struct QuestionCancelled {
    /// The question.
    #[event(key)]
    pub question: QuestionId,
    /// The kind of the question.
    pub kind: QuestionKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who cancelled it; `None` if the program that asked it did.
    pub cancelled_by: Option<Principal>,
    /// The reason, if one was given.
    pub reason: Option<String>,
}

/// That a question is opened. It says also to which session and chain of events it belongs.
pub(crate) fn opened(bus: &Bus, question: &Question) -> NewPost {
    let Question { id, kind, name, title, roles, deadline, .. } = question.clone();
    let event = QuestionOpened { question: id, kind, name, title, roles, deadline };
    bus.post(in_place_of(question, event)).into_new_post()
}

/// That a question has ended so; `None` if nobody takes that.
pub(crate) fn ended(bus: &Bus, question: &Question, end: &End) -> Option<NewPost> {
    let (id, kind, name, by) = (question.id, question.kind, question.name.clone(), end.by.clone());
    let answered = |answer: &Answer, is_default| {
        let answer = answer.clone();
        let event = || QuestionAnswered {
            question: id,
            kind,
            name: name.clone(),
            answer,
            answered_by: by.clone(),
            is_default,
        };
        post(bus, question, event)
    };
    match &end.outcome {
        Outcome::Answered(answer) => answered(answer, false),
        Outcome::Defaulted(answer) => answered(answer, true),
        Outcome::Expired => post(bus, question, || QuestionExpired { question: id, kind, name }),
        Outcome::Cancelled { reason } => {
            let reason = reason.clone();
            post(bus, question, || QuestionCancelled { question: id, kind, name, cancelled_by: by, reason })
        }
    }
}

/// Whether anybody takes events of this type.
pub(crate) fn is_taken<E: Event>(bus: &Bus) -> bool {
    bus.takes(Some(E::event_type()))
}

fn post<E: Event>(bus: &Bus, question: &Question, event: impl FnOnce() -> E) -> Option<NewPost>
where
    Envelope<E>: IntoEnvelope<Event = E>,
{
    is_taken::<E>(bus).then(|| bus.post(in_place_of(question, event())).into_new_post())
}

/// The event, which belongs to the session of the question and to its chain of events.
fn in_place_of<E>(question: &Question, event: E) -> Envelope<E> {
    let mut metadata = Metadata::new();
    if let Some(session) = &question.session {
        metadata.set_session_id(session.as_str());
    }
    if let Some(correlation) = &question.correlation {
        metadata.set_correlation_id(correlation.as_str());
    }
    Envelope::new(event).with_metadata(metadata)
}
