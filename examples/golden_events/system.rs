//! What the platform sends: `system.*`.

use atoms::prelude::*;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer, Serialize};

use super::raw::{Object, Open, read_open};

/// `SDKSystemEvent`
#[event(type = "system.base", framework)]
pub(crate) struct SystemBase;

/// `SDKSystemInitEvent`
#[event(type = "system.init", framework)]
pub(crate) struct Init {
    /// The version of the platform's protocol.
    pub(crate) version: String,
    /// What is known when the session begins.
    pub(crate) session_context: SessionContext,
    /// How the agent speaks.
    pub(crate) output_agent_settings: Option<OutputAgentSettings>,
}

/// What is known when a session begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionContext {
    /// Values that the agent's prompt may use.
    pub(crate) initial_variables: Object,
    /// Where the conversation takes place.
    pub(crate) conversation_type: ConversationType,
    /// Who calls, where the channel says so.
    pub(crate) caller: Option<Caller>,
}

/// Where a conversation takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ConversationType {
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
pub(crate) struct Caller {
    /// The number that called.
    pub(crate) user_number: Option<String>,
    /// The number that was called.
    pub(crate) agent_number: Option<String>,
    /// Who called whom.
    pub(crate) direction: Option<String>,
    /// The platform's name for the call.
    pub(crate) call_id: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub(crate) extra: Object,
}

impl Open for Caller {
    fn read<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        match key.as_str() {
            "user_number" => self.user_number = map.next_value()?,
            "agent_number" => self.agent_number = map.next_value()?,
            "direction" => self.direction = map.next_value()?,
            "call_id" => self.call_id = map.next_value()?,
            _ => drop(self.extra.insert(key, map.next_value()?)),
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
pub(crate) struct OutputAgentSettings {
    /// Whether the user may break in.
    pub(crate) interruptible: bool,
    /// What else there is.
    #[serde(flatten)]
    pub(crate) extra: Object,
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
            _ => drop(self.extra.insert(key, map.next_value()?)),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for OutputAgentSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_open(deserializer)
    }
}

/// `SDKSystemLLMRequestEvent`
#[event(type = "system.llm.request", framework)]
pub(crate) struct LlmRequest {
    /// The conversation so far, if the platform keeps it.
    pub(crate) messages: Option<Vec<Object>>,
    /// Further parameters for the model.
    #[serde(default)]
    pub(crate) extra_params: Object,
}

/// `SDKSystemUserStartedSpeakingEvent`
#[event(type = "system.user.started_speaking", framework)]
pub(crate) struct UserStartedSpeaking;

/// `SDKSystemUserStoppedSpeakingEvent`
#[event(type = "system.user.stopped_speaking", framework)]
pub(crate) struct UserStoppedSpeaking;

/// `SDKSystemUserJoinedEvent`
#[event(type = "system.user.joined", framework)]
pub(crate) struct UserJoined;

/// `SDKSystemControlInterruptEvent`
#[event(type = "system.control.interrupt", framework)]
pub(crate) struct SystemInterrupt;

/// `SDKSystemUpdateOutputAgentSettingsEvent`
#[event(type = "system.output_agent.update_settings", framework)]
pub(crate) struct UpdateOutputAgentSettings {
    /// What changes.
    pub(crate) settings: Object,
}
