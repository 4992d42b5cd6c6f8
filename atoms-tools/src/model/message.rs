//! The messages of a conversation with a model.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::json;

/// A message of a conversation with a model. It is written as OpenAI-compatible chat APIs take it.
///
/// ```
/// use atoms::tools::ChatMessage;
/// use serde_json::json;
///
/// let message = serde_json::to_value(ChatMessage::User("Hello".into()))?;
/// assert_eq!(message, json!({"role": "user", "content": "Hello"}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatMessage {
    /// The program's instructions.
    System(String),
    /// What the user said.
    User(String),
    /// What the model said, and the calls that it asked for.
    Assistant {
        /// Its text, which may be empty.
        text: String,
        /// Its calls.
        calls: Vec<ModelCall>,
    },
    /// The result of a call, or why it has none.
    Tool {
        /// The id of the call.
        id: String,
        /// The result as JSON, or the text of an error.
        content: String,
    },
}

/// A call that a model asks for. Its `Debug` does not show the arguments, since some may be sensitive.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ModelCall {
    /// The id that the model gave to it.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments, as the model wrote them: JSON, if it is right.
    pub arguments: String,
}

impl Serialize for ChatMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = match self {
            Self::System(text) => json!({"role": "system", "content": text}),
            Self::User(text) => json!({"role": "user", "content": text}),
            Self::Assistant { text, calls } if calls.is_empty() => {
                json!({"role": "assistant", "content": text})
            }
            Self::Assistant { text, calls } => {
                // An endpoint may refuse a text that is empty.
                let text = Some(text).filter(|text| !text.is_empty());
                json!({"role": "assistant", "content": text, "tool_calls": calls})
            }
            Self::Tool { id, content } => json!({"role": "tool", "tool_call_id": id, "content": content}),
        };
        message.serialize(serializer)
    }
}

impl fmt::Debug for ModelCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelCall")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("arguments", &Unseen(&self.arguments))
            .finish()
    }
}

/// A text of which `Debug` shows the size only.
pub(super) struct Unseen<'a>(pub(super) &'a str);

impl fmt::Debug for Unseen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for ModelCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = json!({"name": self.name, "arguments": self.arguments});
        json!({"id": self.id, "type": "function", "function": function}).serialize(serializer)
    }
}

/// The calls of an answer, as their parts come.
#[derive(Default)]
pub(super) struct Calls(Vec<(usize, ModelCall)>);

impl Calls {
    /// About how many bytes a call takes, beside its texts.
    const SIZE: usize = 128;

    /// Adds a part, and returns about how many bytes that takes.
    pub(super) fn add(&mut self, index: usize, id: Option<String>, name: &str, arguments: &str) -> usize {
        let last = self.0.iter_mut().rev().find(|(own, _)| *own == index);
        // Some endpoints send all calls with one index.
        let is_other = |call: &ModelCall| id.as_ref().is_some_and(|id| !call.id.is_empty() && *id != call.id);
        let mut size = name.len() + arguments.len();
        let call = match last {
            Some((_, call)) if !is_other(call) => call,
            _ => {
                size += Self::SIZE;
                self.0.push((index, ModelCall::default()));
                &mut self.0.last_mut().expect("it was just added").1
            }
        };
        if let Some(id) = id {
            size += id.len();
            call.id = id;
        }
        call.name.push_str(name);
        call.arguments.push_str(arguments);
        size
    }

    /// The calls, each with an id.
    pub(super) fn finished(self, round: usize) -> Vec<ModelCall> {
        let with_id = |(place, (_, mut call)): (usize, (usize, ModelCall))| {
            if call.id.is_empty() {
                call.id = format!("call_{round}_{place}");
            }
            call
        };
        self.0.into_iter().enumerate().map(with_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, name: &str, arguments: &str) -> ModelCall {
        ModelCall { id: id.into(), name: name.into(), arguments: arguments.into() }
    }

    #[test]
    fn parts_of_calls_are_put_together_by_their_index_and_id() {
        let mut calls = Calls::default();
        calls.add(0, Some("a".into()), "add", "");
        calls.add(1, Some("b".into()), "count", "{}");
        calls.add(0, None, "", "{\"left\"");
        calls.add(0, Some("a".into()), "", ": 1}");
        calls.add(1, Some("c".into()), "count", "[]");
        calls.add(2, None, "stop", "");
        let expected = [
            call("a", "add", "{\"left\": 1}"),
            call("b", "count", "{}"),
            call("c", "count", "[]"),
            call("call_4_3", "stop", ""),
        ];
        assert_eq!(calls.finished(4), expected);
    }

    #[test]
    fn a_message_is_written_as_chat_apis_take_it() {
        let calls = vec![call("a", "add", "{}")];
        let messages = [
            ChatMessage::Assistant { text: String::new(), calls },
            ChatMessage::Tool { id: "a".into(), content: "3".into() },
        ];
        let written = serde_json::to_value(messages).unwrap();
        let call = json!({"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}});
        let expected = json!([
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": "3"},
        ]);
        assert_eq!(written, expected);
    }
}
