//! What an agent says and does: `agent.*`.

use atoms_runtime::event;
use serde::{Deserialize, Serialize};

use super::Object;

/// The agent is ready: the first event of each session.
#[doc(alias = "agent.ready")]
#[event(type = "agent.ready", framework, to(client), crate = atoms_runtime)]
pub struct Ready;

/// Something went wrong in the agent. The call goes on, if it can.
#[doc(alias = "agent.error")]
#[event(type = "agent.error", framework, to(client), crate = atoms_runtime)]
pub struct AgentError {
    /// The text of the error. For an error of a node, it is what kind of thing failed, and the id under which the log
    /// has the rest; for a node with `expose_errors`, it also contains the text of the node's error.
    pub message: String,
    /// How severe the error is. Only a close says that the session has ended.
    #[event(default = Severity::Warning)]
    pub severity: Severity,
    /// Anything else: for a frame that was refused, its number as `frame`, where the client's first one is 1.
    #[serde(default)]
    pub payload: Object,
}

/// How severe an [`AgentError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The session goes on.
    Warning,
    /// This response, or the session, has failed. A failed response is always fatal. The session has ended only if
    /// a close follows.
    Fatal,
}

/// A response to an [`LlmRequest`](super::LlmRequest), or to another event, begins.
#[doc(alias = "agent.llm.response.start")]
#[event(type = "agent.llm.response.start", framework, to(client), crate = atoms_runtime)]
pub struct ResponseStart {
    /// The id of the request that is answered: also where an event is answered that follows from it.
    pub request_id: Option<String>,
}

/// A part of a response, as it is made. It is dropped if its turn is interrupted before it is sent.
#[doc(alias = "agent.llm.response.chunk")]
#[event(type = "agent.llm.response.chunk", framework, to(client), interruptible, crate = atoms_runtime)]
pub struct ResponseChunk {
    /// What is added to the response.
    pub text: String,
}

/// A response is complete, or was interrupted.
#[doc(alias = "agent.llm.response.end")]
#[event(type = "agent.llm.response.end", framework, to(client), crate = atoms_runtime)]
pub struct ResponseEnd {
    /// Whether the response was interrupted. It is on the wire only if it is true, since the SDK does not have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// The agent stops what is being said, whoever says it.
///
/// A new turn begins: the responses of the current one end, and interruptible events of it are dropped, as are those that were
/// to be answered. It is the same whether a node emits it, [`Session::interrupt`](crate::Session::interrupt) or
/// [`Session::emit`](crate::Session::emit) does, or a handler on the bus. The client is told by this event.
#[doc(alias = "agent.control.interrupt")]
#[event(type = "agent.control.interrupt", framework, to(client), crate = atoms_runtime)]
pub struct AgentInterrupt;

/// The user is not to be heard for a while.
#[doc(alias = "agent.control.mute_user")]
#[event(type = "agent.control.mute_user", framework, to(client), crate = atoms_runtime)]
pub struct MuteUser;

/// The user is to be heard again.
#[doc(alias = "agent.control.unmute_user")]
#[event(type = "agent.control.unmute_user", framework, to(client), crate = atoms_runtime)]
pub struct UnmuteUser;

/// Something was said, by the user or by the agent.
#[doc(alias = "agent.transcript.update")]
#[event(type = "agent.transcript.update", framework, from(client), to(client), crate = atoms_runtime)]
pub struct TranscriptUpdate {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The human.
    User,
    /// The agent.
    Assistant,
}

/// The agent says something that is not a response, such as a greeting.
#[doc(alias = "agent.speak")]
#[event(type = "agent.speak", framework, to(client), interruptible, crate = atoms_runtime)]
pub struct Speak {
    /// What is to be said.
    pub text: String,
}

/// An entry for the log of the call.
#[doc(alias = "agent.log")]
#[event(type = "agent.log", framework, to(client), crate = atoms_runtime)]
pub struct Log {
    /// What the entry is about.
    pub name: String,
    /// The entry.
    #[serde(default)]
    pub payload: Object,
}

/// The agent ends the call, and the session with it.
#[doc(alias = "agent.end_call")]
#[event(type = "agent.end_call", framework, to(client), crate = atoms_runtime)]
pub struct EndCall;
