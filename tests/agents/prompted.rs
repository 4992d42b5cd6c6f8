//! An agent whose work is a prompt, a model and its tools.

use std::convert::Infallible;

use atoms::prelude::*;
use atoms::tools::{ChatMessage, LoopError, Model, Part, ToolDefinition, ToolLoop, ToolSet};
use futures_util::{Stream, TryStreamExt, stream};
use serde_json::json;

use crate::bus;
use crate::started::whoami;

const PROMPT: &str = "You say who calls, and do as you are told.";

/// Stands in for a model: looks who calls, and says what it has heard.
struct Rules;

impl Model for Rules {
    type Error = Infallible;

    async fn answer(
        &self,
        messages: &[ChatMessage],
        tools: &[ToolDefinition],
    ) -> Result<impl Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
        let part = match messages {
            [ChatMessage::System(prompt), ChatMessage::User(task), .., ChatMessage::Tool { content, .. }] => {
                Part::Text(format!("{content} asked to {task}, as: {prompt}"))
            }
            _ => Part::call(0, "call_1", tools[0].tool().name(), "{}"),
        };
        Ok(stream::iter([Ok(part), Ok(Part::End)]))
    }
}

/// Does what its prompt says.
#[agent(name = "aiagents.Prompted", tools = [whoami])]
async fn prompted(task: String, tools: ToolSet, context: Context) -> Result<String, LoopError> {
    let messages = vec![ChatMessage::System(PROMPT.to_owned()), ChatMessage::User(task)];
    ToolLoop::new(context.bus(), Rules, tools).answer(messages).texts().try_collect().await
}

#[tokio::test]
async fn the_calls_of_its_model_are_its_own() {
    let (builder, _log) = bus();
    let bus = builder.tool::<whoami>().agent::<prompted>().start().unwrap();
    let said = bus.agents().get("aiagents.Prompted").unwrap().start("write").unwrap().await.unwrap();
    let expected = format!(r#""aiagents.Prompted for nobody" asked to write, as: {PROMPT}"#);
    assert_eq!(said, json!(expected));
}
