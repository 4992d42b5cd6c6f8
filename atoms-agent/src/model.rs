//! Models that call tools, in output nodes.

use atoms_runtime::{Declares, Emitter};
use atoms_tools::{Answer, CallFailed, CallStage, CallStep, ChatMessage, LoopError, Said, ToolError};
use futures_core::Stream;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::events::{Log, Object};
use crate::node::Conversation;

impl Conversation {
    /// Returns the messages as a model takes them. Those of other roles than `user`, `assistant` and `system` are left out.
    pub fn for_model(&self) -> impl Iterator<Item = ChatMessage> {
        self.messages().iter().filter_map(|message| {
            let text = message.content.clone();
            match message.role.as_str() {
                "user" => Some(ChatMessage::User(text)),
                "assistant" => Some(ChatMessage::Assistant { text, calls: Vec::new() }),
                "system" => Some(ChatMessage::System(text)),
                _ => None,
            }
        })
    }
}

/// Tells the client of a session which tools a model calls.
pub trait LogCalls {
    /// Returns the text of an answer, for a `#[respond]`, and emits a [`Log`] for each call that begins and ends, as the Python
    /// SDK does: `tool_call_start`, `tool_call_end` and `tool_call_error`. Their payloads have `turn_id`, `tool_call_id`,
    /// `function_name`, `context` with `arguments` and the `response`, `latency` in milliseconds, `success` and `error`.
    ///
    /// What is sensitive in arguments is masked. Of a function that has failed by itself, the client is not told how.
    ///
    /// ```
    /// use atoms::agent::LogCalls;
    /// use atoms::agent::events::{LlmRequest, Log};
    /// use atoms::prelude::*;
    /// use atoms::tools::{ChatMessage, LoopError, Model, Part, ToolDefinition, ToolLoop, ToolSet};
    /// use futures_util::{Stream, stream};
    /// use std::convert::Infallible;
    ///
    /// /// A client of an endpoint, which is made once.
    /// #[derive(Clone)]
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
    ///         Ok(stream::iter([Ok(Part::Text(format!("{messages:?}"))), Ok(Part::End)]))
    ///     }
    /// }
    ///
    /// #[derive(Default)]
    /// struct Desk;
    ///
    /// #[node(output)]
    /// impl Desk {
    ///     #[respond]
    ///     fn answer(
    ///         &mut self,
    ///         _: &LlmRequest,
    ///         conversation: Conversation,
    ///         model: State<Parrot>,
    ///         tools: State<ToolSet>,
    ///         context: Context,
    ///         out: Emitter<Log>,
    ///     ) -> impl Stream<Item = Result<String, LoopError>> + use<> {
    ///         let tools = ToolLoop::new(context.bus(), Parrot::clone(&model), ToolSet::clone(&tools));
    ///         tools.answer(conversation.for_model().collect()).log_calls(out)
    ///     }
    /// }
    /// ```
    fn log_calls<S, Place>(
        self,
        out: Emitter<S>,
    ) -> impl Stream<Item = Result<String, LoopError>> + Send + Unpin + use<Self, S, Place>
    where
        S: Declares<Log, Place> + 'static;
}

impl LogCalls for Answer {
    fn log_calls<S, Place>(
        self,
        out: Emitter<S>,
    ) -> impl Stream<Item = Result<String, LoopError>> + Send + Unpin + use<S, Place>
    where
        S: Declares<Log, Place> + 'static,
    {
        let texts = self.filter_map(move |said| {
            let (text, log) = match said {
                Ok(Said::Text(text)) => (Some(Ok(text)), None),
                Ok(Said::Call(step)) => (None, log(step)),
                Err(error) => (Some(Err(error)), None),
            };
            // It is emitted now; what is awaited is room for the next event.
            let emitting = log.map(|log| out.emit(log));
            async move {
                if let Some(emitting) = emitting {
                    emitting.await;
                }
                text
            }
        });
        Box::pin(texts)
    }
}

/// The entry for a step of a call, if the SDK has one.
fn log(step: CallStep) -> Option<Log> {
    let CallStep { id, tool, arguments, stage } = step;
    let (name, response) = match &stage {
        CallStage::Started => ("tool_call_start", None),
        CallStage::Completed { result, .. } => ("tool_call_end", Some(result.clone())),
        CallStage::HandedOver(question) => {
            ("tool_call_end", Some(json!({"status": "waits_for_approval", "question": question})))
        }
        CallStage::Failed { .. } => ("tool_call_error", None),
        _ => return None,
    };
    let mut context = json!({ "arguments": arguments });
    // As in the SDK, a function that returns nothing has no response.
    if let Some(response) = response.filter(|response| !response.is_null()) {
        context["response"] = response;
    }
    let payload = Object::new()
        .with("turn_id", "")
        .with("tool_call_id", id)
        .with("function_name", &tool)
        .with("context", context);
    let payload = match stage {
        CallStage::Completed { latency, .. } => {
            payload.with("latency", latency.as_millis() as u64).with("success", true)
        }
        CallStage::HandedOver(_) => payload.with("latency", 0).with("success", false),
        CallStage::Failed { error, .. } => payload.with("error", told(&tool, &error)).with("success", false),
        _ => payload,
    };
    Some(Log { name: name.into(), payload })
}

/// What the client is told of a call that has failed. The texts of the program's own errors may say too much.
fn told(tool: &str, error: &CallFailed) -> Value {
    match error {
        CallFailed::Tool(
            ToolError::Failed { .. }
            | ToolError::Panicked { .. }
            | ToolError::HookFailed { .. }
            | ToolError::NotReady { .. }
            | ToolError::NotAsked { .. }
            | ToolError::NotMade { .. },
        ) => format!("the tool `{tool}` failed").into(),
        error => error.to_string().into(),
    }
}
