//! Models that call tools.

mod answer;
mod calling;
mod chunk;
mod error;
mod message;
mod rounds;
mod settings;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::Stream;

pub use answer::{Answer, CallStage, CallStep, Said};
pub use error::{CallFailed, LoopError};
pub use message::{ChatMessage, ModelCall};
pub use settings::{Approvals, ToolLoop};

use self::message::Unseen;
use crate::tool::ToolDefinition;

/// A model that answers a conversation, and may call tools: a client of an endpoint, or rules that stand in for one.
///
/// [`ToolLoop`] asks it. Of an OpenAI-compatible endpoint, [`Part::of_chunk`] reads what comes, and messages and definitions are
/// written as its API takes them.
///
/// ```
/// use atoms::tools::{ChatMessage, Model, ModelCall, Part, ToolDefinition};
/// use futures_util::{Stream, stream};
/// use std::convert::Infallible;
///
/// /// Looks up what it is asked for, and says what it has found.
/// #[derive(Clone)]
/// struct Rules;
///
/// impl Model for Rules {
///     type Error = Infallible;
///
///     async fn answer(
///         &self,
///         messages: &[ChatMessage],
///         _: &[ToolDefinition],
///     ) -> Result<impl Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
///         let part = match messages.last() {
///             Some(ChatMessage::User(said)) => Part::call(0, "call_1", "lookup_order", said.clone()),
///             Some(ChatMessage::Tool { content, .. }) => Part::Text(format!("I have found {content}.")),
///             _ => Part::Text("What can I do for you?".into()),
///         };
///         Ok(stream::iter([Ok(part), Ok(Part::End)]))
///     }
/// }
/// ```
pub trait Model: Send + Sync {
    /// Why it has no answer.
    type Error: Into<Box<dyn Error + Send + Sync>> + Send;

    /// Answers a conversation, with tools that it may call. Where an answer ends, there is a [`Part::End`].
    ///
    /// The stream is dropped when nobody wants the answer any more.
    fn answer(
        &self,
        messages: &[ChatMessage],
        tools: &[ToolDefinition],
    ) -> impl Future<
        Output = Result<impl Stream<Item = Result<Part, Self::Error>> + Send + 'static, Self::Error>,
    > + Send;
}

impl<M: Model> Model for Arc<M> {
    type Error = M::Error;

    fn answer(
        &self,
        messages: &[ChatMessage],
        tools: &[ToolDefinition],
    ) -> impl Future<
        Output = Result<impl Stream<Item = Result<Part, Self::Error>> + Send + 'static, Self::Error>,
    > + Send {
        M::answer(self, messages, tools)
    }
}

/// A part of a model's answer. Its `Debug` does not show the arguments of calls, since some may be sensitive.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// What is added to its text.
    Text(String),
    /// What is added to one of its calls: an endpoint sends a call in parts.
    Call {
        /// Which one of the answer's calls.
        index: usize,
        /// The id of the call, if this part has it.
        id: Option<String>,
        /// What is added to the name of the tool.
        name: String,
        /// What is added to the arguments, which are JSON as a whole.
        arguments: String,
    },
    /// The answer has come to its end. Without it the answer was broken off, and nothing is called.
    End,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Call { index, id, name, arguments } => f
                .debug_struct("Call")
                .field("index", index)
                .field("id", id)
                .field("name", name)
                .field("arguments", &Unseen(arguments))
                .finish(),
            Self::End => f.write_str("End"),
        }
    }
}

impl Part {
    /// Returns a whole call, with its arguments as JSON.
    pub fn call(
        index: usize,
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self::Call { index, id: Some(id.into()), name: name.into(), arguments: arguments.into() }
    }
}
