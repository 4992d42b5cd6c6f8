//! What the platform sends: `system.*`.

use atoms_runtime::event;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::object::{Object, Open, read_open};

/// A session begins: the first event that a client sends.
#[doc(alias = "system.init")]
#[doc(alias = "SystemInit")]
#[event(type = "system.init", framework, from(client), crate = atoms_runtime)]
pub struct Init {
    /// The version of the platform's protocol.
    pub version: String,
    /// What is known when the session begins.
    pub session_context: SessionContext,
    /// How the agent speaks.
    pub output_agent_settings: Option<OutputAgentSettings>,
}

impl Init {
    /// Creates what a client says that only knows the kind of the conversation.
    pub fn new(conversation_type: ConversationType) -> Self {
        let session_context =
            SessionContext { initial_variables: Object::new(), conversation_type, caller: None };
        Self { version: "1.0.0".into(), session_context, output_agent_settings: None }
    }
}

/// What is known when a session begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionContext {
    /// Values that the agent's prompt may use. They are the client's word: whoever may connect can write anything here.
    /// Who the client is says [`Identity`](crate::Identity), which the server finds out, and not these.
    pub initial_variables: Object,
    /// Where the conversation takes place.
    pub conversation_type: ConversationType,
    /// Who calls, where the channel says so.
    pub caller: Option<Caller>,
}

/// Where a conversation takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConversationType {
    /// Somebody called.
    TelephonyInbound,
    /// Somebody was called.
    TelephonyOutbound,
    /// In writing.
    Chat,
    /// In a browser.
    Webcall,
    /// Between agents.
    #[serde(rename = "supervisor_agent")]
    SupervisorAgent,
}

/// Who calls; fields that are not known here are kept.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Caller {
    /// The number that called.
    pub user_number: Option<String>,
    /// The number that was called.
    pub agent_number: Option<String>,
    /// Who called whom.
    pub direction: Option<String>,
    /// The platform's name for the call.
    pub call_id: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Object,
}

impl Open for Caller {
    fn read<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        match key.as_str() {
            "user_number" => self.user_number = map.next_value()?,
            "agent_number" => self.agent_number = map.next_value()?,
            "direction" => self.direction = map.next_value()?,
            "call_id" => self.call_id = map.next_value()?,
            _ => self.extra.read_member(key, map)?,
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Caller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_open(deserializer)
    }
}

/// How an agent speaks; fields that are not known here are kept.
#[derive(Debug, Clone, Serialize)]
pub struct OutputAgentSettings {
    /// Whether the user may interrupt.
    pub interruptible: bool,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Object,
}

impl Default for OutputAgentSettings {
    fn default() -> Self {
        Self { interruptible: true, extra: Object::new() }
    }
}

impl Open for OutputAgentSettings {
    fn read<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        match key.as_str() {
            "interruptible" => self.interruptible = map.next_value()?,
            _ => self.extra.read_member(key, map)?,
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for OutputAgentSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_open(deserializer)
    }
}

/// A response is asked for. It is dropped if the turn is interrupted before its response has begun.
#[doc(alias = "system.llm.request")]
#[event(type = "system.llm.request", framework, from(client), interruptible, crate = atoms_runtime)]
pub struct LlmRequest {
    /// The conversation so far, if the platform keeps it.
    pub messages: Option<Vec<Object>>,
    /// Further parameters for the model.
    #[serde(default)]
    pub extra_params: Object,
}

/// The user has begun to speak.
#[doc(alias = "system.user.started_speaking")]
#[event(type = "system.user.started_speaking", framework, from(client), crate = atoms_runtime)]
pub struct UserStartedSpeaking;

/// The user has stopped speaking.
#[doc(alias = "system.user.stopped_speaking")]
#[event(type = "system.user.stopped_speaking", framework, from(client), crate = atoms_runtime)]
pub struct UserStoppedSpeaking;

/// The user has joined: the time for a greeting.
#[doc(alias = "system.user.joined")]
#[event(type = "system.user.joined", framework, from(client), crate = atoms_runtime)]
pub struct UserJoined;

/// The user interrupted.
///
/// It overtakes all other events. Interruptible events of the current turn are dropped, unless the
/// [settings](OutputAgentSettings::interruptible) say that the user may not interrupt.
#[doc(alias = "system.control.interrupt")]
#[event(type = "system.control.interrupt", framework, from(client), crate = atoms_runtime)]
pub struct SystemInterrupt;

/// The settings of the session change.
#[doc(alias = "system.output_agent.update_settings")]
#[event(type = "system.output_agent.update_settings", framework, from(client), crate = atoms_runtime)]
pub struct UpdateOutputAgentSettings {
    /// What changes.
    pub settings: Object,
}
