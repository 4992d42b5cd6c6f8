//! What the bus is told of calls.
//!
//! None of these events is made unless somebody takes it. What they hold is bounded: arguments of more than 16 KiB, and
//! texts of more than 1 KiB, are cut off.

use atoms_control::{Principal, QuestionId};
use atoms_runtime::{EventId, event};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caller::Sender;

/// A tool is called, and nothing has looked at the call yet.
#[event(type = "atoms.tool.started", framework, crate = atoms_runtime)]
pub struct ToolStarted {
    /// The call.
    #[event(key)]
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
    /// Which agent calls it.
    pub sender: Option<Sender>,
    /// For whom.
    pub principal: Option<Principal>,
    /// The arguments, with what is sensitive masked.
    pub arguments: Value,
}

/// A call has a result.
#[event(type = "atoms.tool.completed", framework, crate = atoms_runtime)]
pub struct ToolCompleted {
    /// The call.
    #[event(key)]
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
    /// Which agent called it.
    pub sender: Option<Sender>,
    /// For whom.
    pub principal: Option<Principal>,
    /// Whether the result is a hook's, and the function was not called.
    pub is_replaced: bool,
    /// How long it took, in microseconds, with all hooks.
    pub latency_micros: u64,
}

/// A call has failed: its arguments are wrong, or its function has returned an error, panicked or taken too long.
#[event(type = "atoms.tool.failed", framework, crate = atoms_runtime)]
pub struct ToolFailed {
    /// The call.
    #[event(key)]
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
    /// Which agent called it.
    pub sender: Option<Sender>,
    /// For whom.
    pub principal: Option<Principal>,
    /// Why.
    pub error: String,
    /// How long it took, in microseconds, with all hooks.
    pub latency_micros: u64,
}

/// A call was denied: by a hook, by a person, or by its deadline. The function was not called.
#[event(type = "atoms.tool.denied", framework, crate = atoms_runtime)]
pub struct ToolDenied {
    /// The call.
    #[event(key)]
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
    /// Which agent called it.
    pub sender: Option<Sender>,
    /// For whom.
    pub principal: Option<Principal>,
    /// Why.
    pub reason: String,
    /// How long it took, in microseconds, with all hooks.
    pub latency_micros: u64,
}

/// A before-hook has decided about a call.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::ToolDecided;
///
/// /// Who was let in, and who was not.
/// #[handler]
/// fn audit(decided: &ToolDecided) {
///     println!("{} {:?} {}: {:?}", decided.hook, decided.verdict, decided.tool, decided.reason);
/// }
/// ```
#[event(type = "atoms.tool.decided", framework, crate = atoms_runtime)]
pub struct ToolDecided {
    /// The call.
    #[event(key)]
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
    /// Which agent calls it.
    pub sender: Option<Sender>,
    /// For whom.
    pub principal: Option<Principal>,
    /// The path of the hook.
    pub hook: String,
    /// What it said.
    pub verdict: Decided,
    /// Why, if it said so; or how it failed, which denies.
    pub reason: Option<String>,
}

/// What a before-hook said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decided {
    /// The call may go on.
    Allow,
    /// It may not; also of a hook that failed.
    Deny,
    /// It has this result, and the function is not called.
    Replace,
    /// A person has to say yes.
    Ask,
    /// A person has to, and has said it to these very arguments.
    Approved,
}

/// A person has said yes to a call, or had the last word on its arguments. Its handler in this crate makes the call.
///
/// It is posted in one commit with the answer, so the call is made once that is stored, in whatever process.
#[event(type = "atoms.tool.approved", framework, crate = atoms_runtime)]
pub struct ToolCallApproved {
    /// The question, which has the call.
    #[event(key)]
    pub question: QuestionId,
    /// The call.
    pub call: EventId,
    /// The name of the tool.
    pub tool: String,
}

/// What the parameters of an agent are extracted from. It is never emitted, and reaches no handler.
#[event(type = "atoms.agent.invoked", framework, crate = atoms_runtime)]
pub struct AgentInvoked {
    /// The name of the agent.
    pub agent: String,
}

/// What the parameters of hooks and tools are extracted from. It is never emitted, and reaches no handler.
#[event(type = "atoms.tool.invoked", framework, crate = atoms_runtime)]
pub struct ToolInvoked {
    /// The name of the tool.
    pub tool: String,
}
