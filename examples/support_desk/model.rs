//! Answers by a model, from any endpoint that speaks the chat API of OpenAI.

use std::env;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestUserMessage, CreateChatCompletionRequest, CreateChatCompletionStreamResponse,
};
use atoms::agent::Message;
use futures_util::{Stream, StreamExt, future};

/// What is asked for where `OPENAI_MODEL` names no other.
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// A model behind an endpoint.
pub(crate) struct Model {
    client: Client<OpenAIConfig>,
    name: String,
}

impl Model {
    /// The model that the environment names, if it does: by `OPENAI_BASE_URL`, such as
    /// `https://api.openai.com/v1`, by `OPENAI_API_KEY`, and by `OPENAI_MODEL`.
    pub(crate) fn from_environment() -> Option<Self> {
        let endpoint = variable("OPENAI_BASE_URL")?;
        let key = variable("OPENAI_API_KEY")?;
        let name = variable("OPENAI_MODEL").unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        // One that was set up before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = OpenAIConfig::new().with_api_base(endpoint.trim_end_matches('/')).with_api_key(key);
        Some(Self { client: Client::with_config(config), name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks for the next message of the conversation. To drop the stream closes the connection.
    pub(crate) async fn answer(
        &self,
        instructions: String,
        conversation: &[Message],
    ) -> Result<impl Stream<Item = Result<String, OpenAIError>> + Send + use<>, OpenAIError> {
        let instructions = ChatCompletionRequestSystemMessage::from(instructions).into();
        let messages = [instructions].into_iter().chain(conversation.iter().filter_map(message)).collect();
        let request =
            CreateChatCompletionRequest { model: self.name.clone(), messages, ..Default::default() };
        let chunks = self.client.chat().create_stream(request).await?;
        Ok(chunks.filter_map(|chunk| future::ready(chunk.map(text).transpose())))
    }
}

/// An environment variable that has something in it.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A message as the endpoint wants it, if it has one of the three roles that are plain text.
fn message(said: &Message) -> Option<ChatCompletionRequestMessage> {
    let content = said.content.clone();
    match said.role.as_str() {
        "user" => Some(ChatCompletionRequestUserMessage::from(content).into()),
        "assistant" => Some(ChatCompletionRequestAssistantMessage::from(content).into()),
        "system" => Some(ChatCompletionRequestSystemMessage::from(content).into()),
        _ => None,
    }
}

/// The text of a chunk; the first and the last have none.
fn text(chunk: CreateChatCompletionStreamResponse) -> Option<String> {
    let text = chunk.choices.into_iter().next()?.delta.content?;
    (!text.is_empty()).then_some(text)
}
