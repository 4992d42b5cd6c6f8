//! The conversation so far.

use std::sync::Arc;

use crate::events::{LlmRequest, Role, TranscriptUpdate};

/// The limits of the conversation that an output node keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConversationLimit {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// The conversation so far: a parameter of the handlers of an output node.
///
/// For a request with its own messages, these are the conversation. Otherwise it consists of the [`TranscriptUpdate`]s,
/// within the [limit](crate::SessionsBuilder::conversation_limit) of the sessions.
///
/// ```
/// use atoms::agent::events::LlmRequest;
/// use atoms::agent::{Conversation, node};
/// use futures_util::{Stream, stream};
///
/// #[derive(Default)]
/// struct Echo;
///
/// #[node(output)]
/// impl Echo {
///     #[respond]
///     fn echo(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
///         stream::iter(said.last_user_text().map(str::to_owned))
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    messages: Arc<Vec<Message>>,
    /// The bytes of the messages.
    bytes: usize,
    forgotten: u64,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it: `user`, `assistant`, or another role that the model knows.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Conversation {
    /// Returns the messages, the oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Returns how many earlier messages were dropped, because there were too many, or too large ones. It is zero for a
    /// request with its own messages.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Returns what the user said last, if the user has said anything.
    pub fn last_user_text(&self) -> Option<&str> {
        let last = self.messages.iter().rev().find(|message| message.role == "user");
        last.map(|message| message.content.as_str())
    }

    /// The conversation of the request's own messages, or `None` if it has none. A message whose content is not text is left
    /// out.
    pub(crate) fn of_request(request: &LlmRequest) -> Option<Self> {
        let messages = request.messages.as_ref()?.iter().filter_map(|message| {
            Some(Message { role: message.get("role")?, content: message.get("content")? })
        });
        Some(Self { messages: Arc::new(messages.collect()), ..Self::default() })
    }

    /// Adds a message, and drops the oldest ones that are beyond the limit. The last one is always kept.
    pub(crate) fn add(&mut self, update: &TranscriptUpdate, limit: ConversationLimit) {
        let role = match update.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let last = Message { role: role.to_owned(), content: update.content.clone() };
        let messages = Arc::make_mut(&mut self.messages);
        self.bytes += last.size();
        messages.push(last);
        let mut dropped = 0;
        while dropped + 1 < messages.len()
            && (messages.len() - dropped > limit.messages || self.bytes > limit.bytes)
        {
            self.bytes -= messages[dropped].size();
            dropped += 1;
        }
        messages.drain(..dropped);
        self.forgotten += dropped as u64;
    }
}

impl Message {
    /// How many bytes of memory it takes.
    fn size(&self) -> usize {
        size_of::<Self>() + self.role.len() + self.content.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(texts: &[&str], limit: ConversationLimit) -> (Vec<String>, u64) {
        let mut conversation = Conversation::default();
        for content in texts {
            conversation.add(&TranscriptUpdate { role: Role::User, content: (*content).to_owned() }, limit);
        }
        let kept = conversation.messages().iter().map(|message| message.content.clone());
        (kept.collect(), conversation.forgotten())
    }

    #[test]
    fn as_many_messages_are_kept_as_the_limit_has_room_for() {
        let each = size_of::<Message>() + "user".len() + 2;
        for (messages, bytes, kept) in [
            (4, 4 * each, 4),
            (3, 4 * each, 3),
            (4, 4 * each - 1, 3),
            (4, 2 * each, 2),
            (4, 2 * each - 1, 1),
            (0, usize::MAX, 1),
            (usize::MAX, 0, 1),
        ] {
            let texts = ["m1", "m2", "m3", "m4"];
            let (found, forgotten) = after(&texts, ConversationLimit { messages, bytes });
            assert_eq!(
                (found.as_slice(), forgotten),
                (&texts.map(String::from)[4 - kept..], 4 - kept as u64)
            );
        }
    }
}
