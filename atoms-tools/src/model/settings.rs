//! The settings of a loop.

use std::fmt;
use std::time::Duration;

use atoms_control::Principal;
use atoms_runtime::{Bus, Cancellation, Cause};
use tokio::sync::mpsc::channel;

use super::Model;
use super::answer::Answer;
use super::message::ChatMessage;
use super::rounds::{Asking, Work};
use crate::caller::Caller;
use crate::face::ToolSet;
use crate::tool::{NotStrict, ToolDefinition};

/// How many steps of an answer wait at most until somebody takes them.
const WAITING: usize = 16;

/// What to do with a call that a person has to approve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approvals {
    /// The model is told at once that a person is asked, so that it can tell the user. It goes on without the result, and the
    /// call is made if it is approved, whoever is there then.
    #[default]
    HandOver,
    /// The user is told this text, and the answer waits this long for the person. After that, as with
    /// [`HandOver`](Self::HandOver). A node that answers takes no other event meanwhile. This time is added to that of
    /// the answer; if several calls wait one after the other, the last ones are handed over earlier.
    Wait {
        /// What the user is told, as a part of the answer.
        told: String,
        /// How long to wait.
        at_most: Duration,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) rounds: usize,
    pub(super) calls: usize,
    pub(super) bytes: usize,
    pub(super) time: Duration,
    pub(super) approvals: Approvals,
}

impl Limits {
    /// How long the answer may take, with the time for a person.
    pub(super) fn time_in_all(&self) -> Duration {
        match &self.approvals {
            Approvals::HandOver => self.time,
            Approvals::Wait { at_most, .. } => self.time.saturating_add(*at_most),
        }
    }
}

/// Asks a model, makes the calls that it asks for, tells it their results, and asks again, until it has answered.
///
/// The calls of one answer are made at the same time, each as any other call of a tool: checked, through all hooks, and with the
/// agent of the [`ToolSet`] as its sender. What is wrong with a call, and who denied it, is told to the model as its result. Who
/// makes the calls is whoever the event is for in whose handler the answer is begun.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::{ChatMessage, Model, Part, ToolDefinition, ToolLoop, ToolSet};
/// use futures_util::{Stream, TryStreamExt, stream};
/// use std::convert::Infallible;
///
/// /// Looks an order up.
/// #[tool(read_only)]
/// fn lookup_order(order_id: String) -> String {
///     format!("{order_id} is packed")
/// }
///
/// /// Stands in for a model behind an endpoint.
/// struct Parrot;
///
/// impl Model for Parrot {
///     type Error = Infallible;
///
///     async fn answer(
///         &self,
///         messages: &[ChatMessage],
///         _: &[ToolDefinition],
///     ) -> Result<impl Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
///         let part = match messages.last() {
///             Some(ChatMessage::Tool { content, .. }) => Part::Text(format!("It says {content}.")),
///             _ => Part::call(0, "call_1", "lookup_order", r#"{"order_id": "o-1"}"#),
///         };
///         Ok(stream::iter([Ok(part), Ok(Part::End)]))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<lookup_order>().start()?;
/// let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["lookup_*"])?;
/// let messages = vec![ChatMessage::User("Where is o-1?".into())];
/// let texts = ToolLoop::new(&bus, Parrot, tools).rounds(4).answer(messages).texts();
/// assert_eq!(texts.try_collect::<String>().await?, r#"It says "o-1 is packed"."#);
/// # Ok(())
/// # }
/// ```
pub struct ToolLoop<M> {
    bus: Bus,
    model: M,
    tools: ToolSet,
    definitions: Vec<ToolDefinition>,
    principal: Option<Principal>,
    limits: Limits,
}

impl<M: Model + 'static> ToolLoop<M> {
    /// Creates a loop of a model that may call these tools.
    pub fn new(bus: &Bus, model: M, tools: ToolSet) -> Self {
        let limits = Limits {
            rounds: 8,
            calls: 16,
            bytes: 256 * 1024,
            time: Duration::from_secs(120),
            approvals: Approvals::default(),
        };
        let definitions = tools.definitions(bus);
        Self { bus: bus.clone(), model, tools, definitions, principal: None, limits }
    }

    /// Gives the definitions of the tools in strict mode. Fails if one of them has none: see
    /// [`ToolInfo::strict_definition`](crate::ToolInfo::strict_definition).
    pub fn strict(mut self) -> Result<Self, NotStrict> {
        self.definitions = self.tools.strict_definitions(&self.bus)?;
        Ok(self)
    }

    /// Sets how often the model is asked for one answer: 8 times by default. If it asks for calls the last time, too, these
    /// are not made, and the answer fails.
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.limits.rounds = rounds;
        self
    }

    /// Sets how many calls are made at once: 16 by default. Of further ones the model is told that they were not made.
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.limits.calls = calls;
        self
    }

    /// Sets how many bytes the answers of the model and the results of its calls may take together: 256 KiB by default. The
    /// messages with which it begins are not counted.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets how long the answer may take, with all calls: two minutes by default. The time for a person is added, if the
    /// answer [waits](Approvals::Wait) for one.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Sets what to do with calls that a person has to approve.
    #[must_use]
    pub fn approvals(mut self, approvals: Approvals) -> Self {
        self.limits.approvals = approvals;
        self
    }

    /// Says for whom the model calls.
    #[must_use]
    pub fn principal(mut self, principal: &Principal) -> Self {
        self.principal = Some(principal.clone());
        self
    }

    /// Begins the answer to a conversation, the oldest message first.
    pub fn answer(self, messages: Vec<ChatMessage>) -> Answer {
        let Self { bus, model, tools, definitions, principal, limits } = self;
        // Known here, and not where it is polled first: that may be in a task.
        let cause = Cause::current_on(&bus);
        let said =
            principal.map(|principal| Box::new(Caller { principal: Some(principal), ..Caller::default() }));
        let caller = Caller::of(cause.as_ref(), said).as_deref().cloned().unwrap_or_default();
        let cancellation = cause.and_then(|cause| cause.carried::<Cancellation>().cloned());
        let (say, said) = channel(WAITING);
        let left = limits.bytes;
        let asking = Asking { bus, tools, definitions, caller, limits, until: None, say };
        Answer::new(Box::pin(Work { model, messages, asking, left }.bounded(cancellation)), said)
    }
}

impl<M> fmt::Debug for ToolLoop<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolLoop")
            .field("tools", &self.tools)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
