//! The standard events of an agent's conversation, exactly as the
//! [Atoms SDK](https://pypi.org/project/smallestai/) 5.14 has them on its wire.
//!
//! `system.*` is what the platform, or a chat client, tells the agent; `agent.*` is what the agent says and does. Every
//! field is written, including null and defaults. An `Option` may be null; a field with a default may be missing, but
//! not null.
//!
//! What each event may do in a session:
//!
#![doc = include_str!("../table.md")]

mod agent;
mod object;
mod system;
mod transfer;

pub use agent::{
    AgentError, AgentInterrupt, EndCall, Log, MuteUser, Ready, ResponseChunk, ResponseEnd, ResponseStart,
    Role, Severity, Speak, TranscriptUpdate, UnmuteUser,
};
pub use object::Object;
pub use system::{
    Caller, ConversationType, Init, LlmRequest, OutputAgentSettings, SessionContext, SystemInterrupt,
    UpdateOutputAgentSettings, UserJoined, UserStartedSpeaking, UserStoppedSpeaking,
};
pub use transfer::{Handoff, HandoffKind, HoldMusic, TransferCall, TransferKind, TransferOptions};
