//! The node that talks to the user.

use atoms::agent::LogCalls;
use atoms::agent::events::{EndCall, Init, LlmRequest, Log, Speak, UserJoined};
use atoms::prelude::*;
use atoms::tools::{ChatMessage, LoopError, ToolLoop, ToolSet, UnknownTools};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};

use crate::escalation::EscalationEvent;
use crate::intent::{self, Intent};
use crate::model::Endpoint;
use crate::reply::Rules;

type Answer = BoxStream<'static, Result<String, LoopError>>;
type Out = Emitter<(EscalationEvent, EndCall, Log)>;

/// The tools that the bot may call.
const TOOLS: [&str; 3] = ["order_status", "refund", "opening_hours"];

/// One per conversation: what it remembers is of one user.
pub(crate) struct SupportBot {
    customer: Option<String>,
    /// The order that the user spoke of last.
    order: Option<u32>,
}

#[node(output)]
impl SupportBot {
    /// The client may say who the user is.
    #[factory]
    fn new(init: &Init) -> Self {
        Self { customer: init.session_context.initial_variables.get("customer_name"), order: None }
    }

    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        let text = match &self.customer {
            Some(name) => format!("Hello {name}! How can I help you?"),
            None => "Hello! How can I help you?".to_owned(),
        };
        Speak { text }
    }

    #[respond]
    async fn answer(
        &mut self,
        _: &LlmRequest,
        conversation: Conversation,
        model: State<Option<Endpoint>>,
        context: Context,
        out: Emitter<(EscalationEvent, EndCall, Log)>,
    ) -> Result<Answer, UnknownTools> {
        let said = conversation.last_user_text().unwrap_or_default();
        let intent = Intent::of(said);
        self.order = intent::order_number(said).or(self.order);
        if let Some(escalation) = escalation(intent) {
            out.emit(escalation).await;
        }
        let bus = context.bus();
        let tools = ToolSet::for_agent("support_bot").tools(bus, TOOLS)?;
        let messages = [ChatMessage::System(self.instructions())].into_iter().chain(conversation.for_model());
        let messages = messages.collect();
        let answer = match &*model {
            Some(model) => ToolLoop::new(bus, model.clone(), tools).answer(messages),
            None => ToolLoop::new(bus, Rules { intent, order: self.order }, tools).answer(messages),
        };
        let answer = answer.log_calls(out.clone()).boxed();
        Ok(if intent == Intent::Goodbye { and_hang_up(answer, out) } else { answer })
    }

    fn instructions(&self) -> String {
        let customer = self.customer.as_deref().unwrap_or("a customer");
        format!(
            "You are the support desk of a small shop, and talk to {customer}. Be brief, and use your tools."
        )
    }
}

/// What the supervisor has to know of somebody who wants this.
fn escalation(intent: Intent) -> Option<EscalationEvent> {
    match intent {
        Intent::Complaint => Some(EscalationEvent::high("User is frustrated")),
        Intent::Human => Some(EscalationEvent::medium("User asks for a human")),
        _ => None,
    }
}

/// The call ends when the answer has been said, and not before.
fn and_hang_up(answer: Answer, out: Out) -> Answer {
    let hang_up = async move { out.emit(EndCall).await }.into_stream();
    answer.chain(hang_up.filter_map(async |_| None)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complaints_and_calls_for_a_human_are_escalated() {
        let severity = |intent| escalation(intent).map(|event| event.severity.unwrap_or_default());
        assert_eq!(severity(Intent::Complaint).as_deref(), Some("high"));
        assert_eq!(severity(Intent::Human).as_deref(), Some("medium"));
        assert_eq!(severity(Intent::Refund), None);
    }
}
