//! Answers by a model, from any endpoint that speaks the chat API of OpenAI.

use std::env;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{CreateChatCompletionRequest, CreateChatCompletionStreamResponse};
use atoms::tools::{ChatMessage, Model, Part, ToolDefinition};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;

/// What is asked for where `OPENAI_MODEL` names no other.
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// A model behind an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    client: Client<OpenAIConfig>,
    name: String,
}

impl Endpoint {
    /// A model of this name, behind an endpoint such as `https://api.openai.com/v1`.
    pub(crate) fn new(url: &str, key: &str, name: &str) -> Self {
        // One that was set up before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = OpenAIConfig::new().with_api_base(url.trim_end_matches('/')).with_api_key(key);
        Self { client: Client::with_config(config), name: name.into() }
    }

    /// The model that the environment names, if it does: by `OPENAI_BASE_URL`, by `OPENAI_API_KEY`, and by `OPENAI_MODEL`.
    pub(crate) fn from_environment() -> Option<Self> {
        let (url, key) = (variable("OPENAI_BASE_URL")?, variable("OPENAI_API_KEY")?);
        Some(Self::new(&url, &key, variable("OPENAI_MODEL").as_deref().unwrap_or(DEFAULT_MODEL)))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The client's types are those of the API, and so is what the messages and the definitions are written as.
    fn request(
        &self,
        messages: &[ChatMessage],
        tools: &[ToolDefinition],
    ) -> serde_json::Result<CreateChatCompletionRequest> {
        let tools = Some(tools).filter(|tools| !tools.is_empty());
        serde_json::from_value(json!({"model": self.name, "messages": messages, "tools": tools}))
    }
}

impl Model for Endpoint {
    type Error = OpenAIError;

    /// Asks for the next message of the conversation. To drop the stream closes the connection.
    async fn answer(
        &self,
        messages: &[ChatMessage],
        tools: &[ToolDefinition],
    ) -> Result<impl Stream<Item = Result<Part, OpenAIError>> + Send + 'static, OpenAIError> {
        let request = self.request(messages, tools);
        let request = request.map_err(|error| OpenAIError::InvalidArgument(error.to_string()))?;
        let chunks = self.client.chat().create_stream(request).await?;
        Ok(chunks.flat_map(|chunk| stream::iter(parts(chunk))))
    }
}

fn parts(chunk: Result<CreateChatCompletionStreamResponse, OpenAIError>) -> Vec<Result<Part, OpenAIError>> {
    let written = chunk.and_then(|chunk| {
        serde_json::to_value(chunk).map_err(|error| OpenAIError::InvalidArgument(error.to_string()))
    });
    match written {
        Ok(chunk) => Part::of_chunk(&chunk).into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// An environment variable that has something in it.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
