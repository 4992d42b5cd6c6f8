//! What an agent sends: `agent.*`.

use atoms::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use super::raw::Object;

/// `SDKAgentEvent`
#[event(type = "agent.base", framework)]
pub(crate) struct AgentBase;

/// `SDKAgentReadyEvent`
#[event(type = "agent.ready", framework)]
pub(crate) struct Ready;

/// `SDKAgentErrorEvent`
#[event(type = "agent.error", framework)]
pub(crate) struct AgentError {
    /// What went wrong.
    pub(crate) message: String,
    /// Whether the call goes on.
    #[event(default = Severity::Warning)]
    pub(crate) severity: Severity,
    /// Anything else.
    #[serde(default)]
    pub(crate) payload: Object,
}

/// Whether a call goes on after an [`AgentError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// It does.
    Warning,
    /// It has failed.
    Fatal,
}

/// `SDKAgentLLMResponseStartEvent`
#[event(type = "agent.llm.response.start", framework)]
pub(crate) struct ResponseStart {
    /// The request that is answered.
    pub(crate) request_id: Option<String>,
}

/// `SDKAgentLLMResponseChunkEvent`
#[event(type = "agent.llm.response.chunk", framework)]
pub(crate) struct ResponseChunk {
    /// What is added to the response.
    pub(crate) text: String,
}

/// `SDKAgentLLMResponseEndEvent`
#[event(type = "agent.llm.response.end", framework)]
pub(crate) struct ResponseEnd;

/// `SDKAgentControlInterruptEvent`
#[event(type = "agent.control.interrupt", framework)]
pub(crate) struct Interrupt;

/// `SDKAgentControlMuteUserEvent`
#[event(type = "agent.control.mute_user", framework)]
pub(crate) struct MuteUser;

/// `SDKAgentControlUnmuteUserEvent`
#[event(type = "agent.control.unmute_user", framework)]
pub(crate) struct UnmuteUser;

/// `SDKAgentTranscriptUpdateEvent`
#[event(type = "agent.transcript.update", framework)]
pub(crate) struct TranscriptUpdate {
    /// Who said it.
    pub(crate) role: Role,
    /// What was said.
    pub(crate) content: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The human.
    User,
    /// The agent.
    Assistant,
}

/// `SDKAgentSpeakEvent`
#[event(type = "agent.speak", framework)]
pub(crate) struct Speak {
    /// What is to be said.
    pub(crate) text: String,
}

/// `SDKAgentLogEvent`
#[event(type = "agent.log", framework)]
pub(crate) struct Log {
    /// What the entry is about.
    pub(crate) name: String,
    /// The entry.
    #[serde(default)]
    pub(crate) payload: Object,
}

/// `SDKAgentEndCallEvent`
#[event(type = "agent.end_call", framework)]
pub(crate) struct EndCall;

/// `SDKAgentTransferConversationEvent`
#[event(type = "agent.transfer_call", framework)]
pub(crate) struct TransferCall {
    /// Whom to call.
    pub(crate) transfer_call_number: String,
    /// How the call is handed over.
    pub(crate) transfer_options: TransferOptions,
    /// What the caller hears meanwhile; the SDK's chat client wants it to be there, even as `null`.
    pub(crate) on_hold_music: Option<HoldMusic>,
}

/// What a caller hears while the call is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoldMusic {
    /// A phone that rings.
    Ringtone,
    /// Something quiet.
    RelaxingSound,
    /// Something merry.
    UpliftingBeats,
    /// Silence.
    None,
}

/// How a call is handed over: written in snake_case, read in snake_case and camelCase.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "TransferOptionsAsRead")]
pub(crate) struct TransferOptions {
    /// Whether the other side is told anything.
    #[serde(rename = "type")]
    pub(crate) kind: TransferKind,
    /// What the other side alone is told.
    pub(crate) private_handoff_option: Option<Handoff>,
    /// What both sides are told.
    pub(crate) public_handoff_option: Option<Handoff>,
}

/// Whether the other side of a transferred call is told anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransferKind {
    /// It is not.
    #[default]
    ColdTransfer,
    /// It is.
    WarmTransfer,
}

/// What is said when a call is handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Handoff {
    /// Where the words come from.
    #[serde(rename = "type")]
    pub(crate) kind: HandoffKind,
    /// The words, or what they are to be made from.
    pub(crate) prompt: String,
}

/// Where the words of a [`Handoff`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HandoffKind {
    /// A model makes them.
    Prompt,
    /// They are the prompt itself.
    Static,
}

/// Both spellings of [`TransferOptions`]; of two in one frame, camelCase wins, also as `null`.
#[derive(Deserialize)]
struct TransferOptionsAsRead {
    #[serde(default, rename = "type")]
    kind: TransferKind,
    private_handoff_option: Option<Handoff>,
    public_handoff_option: Option<Handoff>,
    #[serde(default, rename = "privateHandoffOption", deserialize_with = "present")]
    private_camel: Option<Option<Handoff>>,
    #[serde(default, rename = "publicHandoffOption", deserialize_with = "present")]
    public_camel: Option<Option<Handoff>>,
}

/// Tells `null`, which is `Some(None)`, from what is missing.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl From<TransferOptionsAsRead> for TransferOptions {
    fn from(read: TransferOptionsAsRead) -> Self {
        Self {
            kind: read.kind,
            private_handoff_option: read.private_camel.unwrap_or(read.private_handoff_option),
            public_handoff_option: read.public_camel.unwrap_or(read.public_handoff_option),
        }
    }
}
