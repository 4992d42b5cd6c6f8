//! Answers by rules, for those who have no model. They call the same tools.

use std::convert::Infallible;
use std::time::Duration;

use atoms::tools::{ChatMessage, Model, Part, ToolDefinition};
use futures_util::{Stream, StreamExt, future, stream};
use serde_json::json;

use crate::intent::Intent;

/// The pause between two words, which makes an answer look as if a model wrote it.
const PAUSE: Duration = Duration::from_millis(30);

/// Rules in place of a model: what to say to somebody who wants this, and has spoken of this order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) intent: Intent,
    pub(crate) order: Option<u32>,
}

impl Rules {
    /// The tool that knows the answer.
    fn tool(self) -> Option<Part> {
        let call =
            |tool, arguments: serde_json::Value| Some(Part::call(0, "rules", tool, arguments.to_string()));
        match (self.intent, self.order) {
            (Intent::OrderStatus, Some(number)) => call("order_status", json!({ "number": number })),
            (Intent::Refund, Some(number)) => call("refund", json!({ "number": number })),
            (Intent::OpeningHours, _) => call("opening_hours", json!({})),
            _ => None,
        }
    }

    /// The answer, if it needs no tool.
    fn text(self) -> &'static str {
        match self.intent {
            Intent::OrderStatus => {
                "Let me look. What is the number of your order? It has four digits, such as 1001."
            }
            Intent::Refund => {
                "I can help with that. What is the number of the order that you want to return?"
            }
            Intent::Greeting => "Hello! You can ask me about an order, a refund, or our opening hours.",
            Intent::Human => "Of course. I have told my supervisor, who will get in touch with you.",
            Intent::Complaint => {
                "I am sorry to hear that. I have told my supervisor, who will look at it now."
            }
            Intent::Thanks => "You are welcome! Is there anything else?",
            Intent::Goodbye => "Goodbye, and have a nice day!",
            Intent::OpeningHours | Intent::Unknown => {
                "I can tell you about an order, a refund, or our opening hours. You can also ask for a human."
            }
        }
    }

    fn parts(self, messages: &[ChatMessage]) -> Vec<Part> {
        let text = match (messages.last(), self.tool()) {
            (Some(ChatMessage::Tool { content, .. }), _) => self.found(content),
            (_, Some(call)) => return vec![call],
            (_, None) => self.text().to_owned(),
        };
        word_by_word(&text)
    }

    /// What a tool has found, as JSON. An error is plain text.
    fn found(self, content: &str) -> String {
        match (serde_json::from_str(content), self.order) {
            (Ok(text), _) => text,
            (Err(_), Some(number)) => {
                format!("I cannot find an order {number}. Could you look at the number again?")
            }
            (Err(_), None) => self.text().to_owned(),
        }
    }
}

impl Model for Rules {
    type Error = Infallible;

    async fn answer(
        &self,
        messages: &[ChatMessage],
        _: &[ToolDefinition],
    ) -> Result<impl Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
        let parts = stream::iter(self.parts(messages)).then(|part| async move {
            tokio::time::sleep(PAUSE).await;
            Ok(part)
        });
        Ok(parts.chain(stream::once(future::ready(Ok(Part::End)))))
    }
}

/// The text word by word, each with the space behind it.
fn word_by_word(text: &str) -> Vec<Part> {
    text.split_inclusive(' ').map(|word| Part::Text(word.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(parts: &[Part]) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        parts.iter().map(text).collect()
    }

    #[test]
    fn what_a_tool_has_found_is_the_answer() {
        let rules = Rules { intent: Intent::Refund, order: Some(1002) };
        assert!(matches!(rules.parts(&[]).as_slice(), [Part::Call { name, .. }] if name == "refund"));
        let told = |content: &str| {
            said(&rules.parts(&[ChatMessage::Tool { id: "rules".into(), content: content.into() }]))
        };
        assert_eq!(told("\"It is done.\""), "It is done.");
        assert!(
            told("the tool `refund` failed: there is no order 1002").contains("cannot find an order 1002")
        );
        let unknown = Rules { intent: Intent::Refund, order: None };
        assert!(said(&unknown.parts(&[])).contains("number of the order"));
    }

    #[test]
    fn no_word_and_no_space_is_lost() {
        let text = "What is  the number? ";
        let words = word_by_word(text);
        assert_eq!(said(&words), text);
        assert!(words.len() > 3);
    }
}
