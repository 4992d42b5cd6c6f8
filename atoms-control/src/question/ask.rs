//! Asking a question.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use atoms_runtime::{AnyEvent, IntoEnvelope, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::QuestionKind;
use super::answer::{Answer, Decision, FromAnswer};
use super::draft::{Deadline, Draft};
use super::id::QuestionId;
use super::schema::Schema;

/// A question that is about to be asked: an [`Approval`], a [`Checkpoint`] or an [`Input`].
///
/// ```
/// use std::time::Duration;
/// use atoms::control::{Checkpoint, Decision};
///
/// let plan = ["research", "draft", "review"];
/// let review = Checkpoint::new("plan-review")
///     .title("Review the plan")
///     .description("The plan has three tasks.")
///     .details(&plan)
///     .role("editor")
///     .deadline(Duration::from_secs(3_600))
///     .default_to(Decision::Rejected { feedback: Some("nobody had time".into()) });
/// # let _ = review;
/// ```
#[must_use = "nothing is asked unless this is given to `ask` or `open`"]
pub struct Ask<K> {
    draft: Draft,
    kind: PhantomData<fn() -> K>,
}

/// Asks whether something may be done, such as a call of a tool.
pub type Approval = Ask<OfApproval>;

/// Asks whether to continue.
pub type Checkpoint = Ask<OfCheckpoint>;

/// Asks for something that the program does not know: a text, a number, one of several choices, or a struct.
///
/// ```
/// use atoms::control::Input;
/// use atoms::schemars::{self, JsonSchema};
/// use serde::Deserialize;
///
/// #[derive(JsonSchema, Deserialize)]
/// struct Deployment {
///     /// Where it runs.
///     region: String,
///     #[schemars(range(min = 1, max = 16))]
///     replicas: u8,
/// }
///
/// let text = Input::<String>::new("name").title("What is it called?");
/// let number = Input::<u32>::new("count").title("How many?");
/// let choice = Input::choice("database", ["PostgreSQL", "SQLite"]).title("Which database?");
/// let deployment = Input::<Deployment>::new("deployment").title("Where does it run?");
/// # let _ = (text, number, choice, deployment);
/// ```
///
/// The [`JsonSchema`] of the answer's type says what the answer must be. Another answer is refused, and the question
/// stays open.
pub type Input<T = String> = Ask<OfInput<T>>;

/// The kind of an [`Approval`].
#[derive(Debug)]
pub enum OfApproval {}

/// The kind of a [`Checkpoint`].
#[derive(Debug)]
pub enum OfCheckpoint {}

/// The kind of an [`Input`].
pub struct OfInput<T>(Infallible, PhantomData<fn() -> T>);

impl<T> fmt::Debug for OfInput<T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

/// The kinds of questions, and what is answered to each.
pub trait Kind: sealed::Kind + 'static {
    /// The type of the answer.
    type Answer: FromAnswer;

    /// The kind, as a value.
    const KIND: QuestionKind;
}

mod sealed {
    pub trait Kind {}

    impl Kind for super::OfApproval {}
    impl Kind for super::OfCheckpoint {}
    impl<T> Kind for super::OfInput<T> {}
}

impl Kind for OfApproval {
    type Answer = Decision;
    const KIND: QuestionKind = QuestionKind::Approval;
}

impl Kind for OfCheckpoint {
    type Answer = Decision;
    const KIND: QuestionKind = QuestionKind::Checkpoint;
}

impl<T: FromAnswer> Kind for OfInput<T> {
    type Answer = T;
    const KIND: QuestionKind = QuestionKind::Input;
}

impl<K: Kind> Ask<K> {
    fn with_name(name: Option<String>) -> Self {
        Self { draft: Draft::new(K::KIND, name), kind: PhantomData }
    }

    fn with_schema(mut self, schema: Schema) -> Self {
        self.draft.question.schema = Some(schema);
        self
    }

    pub(crate) fn into_draft(self) -> Draft {
        self.draft
    }

    /// Returns the id that the question will have.
    pub fn id(&self) -> QuestionId {
        self.draft.question.id
    }

    /// Sets the id, instead of a new one. If a question with this id exists already, opening returns that one, and
    /// opens no other; it belongs to the run that asks then, unless another that goes on has asked it. A handler that may be called
    /// again after a crash keeps the ids of its questions in its event, so that they are asked, and answered, once.
    pub fn with_id(mut self, id: QuestionId) -> Self {
        self.draft.question.id = id;
        self
    }

    /// Sets the title: what it is about, in one line. Without one, its name is shown.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.draft.question.title = title.into();
        self
    }

    /// Sets what it is about, in one line, unless that is set already.
    pub fn default_title(mut self, title: impl Into<String>) -> Self {
        if self.draft.question.title.is_empty() {
            self.draft.question.title = title.into();
        }
        self
    }

    /// Sets a longer description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.draft.question.description = description.into();
        self
    }

    /// Sets what it is about, as data: a plan, or the arguments of a call.
    pub fn details(mut self, details: &(impl Serialize + ?Sized)) -> Self {
        self.draft.question.details = self.draft.json("the details", &details);
        self
    }

    /// Lets those answer who have this role, besides other roles that are named. Without any role, everybody may
    /// answer.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.draft.question.roles.push(role.into());
        self
    }

    /// Returns the roles of those who may answer it.
    pub fn roles(&self) -> &[String] {
        &self.draft.question.roles
    }

    /// Sets the session that it belongs to. By default, in a handler of a session's event, it is that session.
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.draft.question.session = Some(session.into());
        self
    }

    /// Sets how long it stays open.
    pub fn deadline(mut self, after: Duration) -> Self {
        self.draft.deadline = Some(Deadline::After(after));
        self
    }

    /// Sets how long it stays open, unless that is set already.
    pub fn default_deadline(mut self, after: Duration) -> Self {
        self.draft.deadline.get_or_insert(Deadline::After(after));
        self
    }

    /// Sets until when it stays open, by the clock of the system.
    pub fn deadline_at(mut self, time: Timestamp) -> Self {
        self.draft.deadline = Some(Deadline::At(time));
        self
    }

    /// Sets data that the program keeps with the question for itself, such as the call that waits. It is not shown to
    /// those who answer.
    pub fn body(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.draft.question.body = self.draft.json("the body", &body);
        self
    }

    /// Posts this event when the question is answered, and not rejected. It is stored with the answer in one commit.
    ///
    /// Then nobody has to wait for the answer: the event's handler goes on, in whatever process the question is
    /// answered. The event is a consequence of the one in whose handler the question is opened.
    pub fn then<I: IntoEnvelope>(mut self, event: I) -> Self {
        self.draft.question.then.push(AnyEvent::to_emit(event));
        self
    }

    /// Cancels the question when nobody waits for the answer any more: when the future of
    /// [`ask`](crate::Questions::ask) or [`wait`](crate::Opened::wait), or the [`Opened`](crate::Opened), is dropped.
    /// Otherwise it stays open.
    pub fn cancel_if_dropped(mut self) -> Self {
        self.draft.is_cancelled_if_dropped = true;
        self
    }
}

impl Ask<OfApproval> {
    /// Creates an approval with this name, which no other open question has.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_name(Some(name.into()))
    }

    /// Creates an approval without a name.
    pub fn unnamed() -> Self {
        Self::with_name(None)
    }

    /// Lets those who approve change the details, within this schema.
    pub fn editable(self, schema: Schema) -> Self {
        self.with_schema(schema)
    }

    /// Sets the answer if none is given by the deadline. Without a default, the question then expires.
    pub fn default_to(mut self, decision: Decision) -> Self {
        self.draft.question.default = Some(decision.into());
        self
    }
}

impl Ask<OfCheckpoint> {
    /// Creates a checkpoint with this name, which no other open question has.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_name(Some(name.into()))
    }

    /// Creates a checkpoint without a name.
    pub fn unnamed() -> Self {
        Self::with_name(None)
    }

    /// Sets the answer if none is given by the deadline. Without a default, the question then expires.
    pub fn default_to(mut self, decision: Decision) -> Self {
        self.draft.question.default = Some(decision.into());
        self
    }
}

impl<T: JsonSchema + DeserializeOwned + Send + 'static> Ask<OfInput<T>> {
    /// Creates an input with this name, which no other open question has.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_name(Some(name.into())).with_schema(Schema::of::<T>())
    }

    /// Creates an input without a name.
    pub fn unnamed() -> Self {
        Self::with_name(None).with_schema(Schema::of::<T>())
    }
}

impl<T: FromAnswer + Serialize> Ask<OfInput<T>> {
    /// Sets the answer if none is given by the deadline. Without a default, the question then expires.
    pub fn default_to(mut self, answer: T) -> Self {
        self.draft.question.default = Some(Answer::Given(self.draft.json("the default", &answer)));
        self
    }
}

impl Ask<OfInput<String>> {
    /// Creates an input whose answer is one of these texts.
    pub fn choice<C: Into<String>>(name: impl Into<String>, choices: impl IntoIterator<Item = C>) -> Self {
        Self::with_name(Some(name.into())).with_schema(Schema::choice(choices))
    }
}

impl Ask<OfInput<Value>> {
    /// Creates an input whose answer matches this schema, where that is known at run time only.
    pub fn of_schema(name: impl Into<String>, schema: Schema) -> Self {
        Self::with_name(Some(name.into())).with_schema(schema)
    }
}

impl<K: Kind> fmt::Debug for Ask<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("kind", &K::KIND)
            .field("name", &self.draft.question.name)
            .finish_non_exhaustive()
    }
}
