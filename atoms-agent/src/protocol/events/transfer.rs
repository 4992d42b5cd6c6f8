//! `agent.transfer_call`, and how a call is handed over.

use atoms_runtime::event;
use serde::{Deserialize, Deserializer, Serialize};

/// The agent hands the call over to somebody else, and answers no request after that.
#[doc(alias = "agent.transfer_call")]
#[event(type = "agent.transfer_call", framework, to(client), crate = atoms_runtime)]
pub struct TransferCall {
    /// Whom to call.
    pub transfer_call_number: String,
    /// How the call is handed over.
    pub transfer_options: TransferOptions,
    /// What the caller hears meanwhile; the SDK's chat client wants it to be there, even as `null`.
    pub on_hold_music: Option<HoldMusic>,
}

/// What a caller hears while the call is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldMusic {
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
pub struct TransferOptions {
    /// Whether the other side is told anything.
    #[serde(rename = "type")]
    pub kind: TransferKind,
    /// What the other side alone is told.
    pub private_handoff_option: Option<Handoff>,
    /// What both sides are told.
    pub public_handoff_option: Option<Handoff>,
}

/// Whether the other side of a transferred call is told anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// It is not.
    #[default]
    ColdTransfer,
    /// It is.
    WarmTransfer,
}

/// What is said when a call is handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handoff {
    /// Where the words come from.
    #[serde(rename = "type")]
    pub kind: HandoffKind,
    /// The words, or what they are to be made from.
    pub prompt: String,
}

/// Where the words of a [`Handoff`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffKind {
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

/// Reads `null` as `Some(None)`, so that it differs from a missing member.
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
