//! The conversation so far.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::events::{LlmRequest, Role, TranscriptUpdate};

/// The limits of the conversation that an output node keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConversationLimit {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// The conversation so far: a parameter of the methods of an output node.
///
/// For a request with its own messages, these are the conversation. Otherwise it consists of the [`TranscriptUpdate`]s that
/// come to the node and of the responses of all output nodes of the session, as far as they were said, within the
/// [limit](crate::SessionsBuilder::conversation_limit) of the sessions. A client may send an assistant's update for what it
/// has played or shown of a response, and need not: the update takes the place of the response.
///
/// Other nodes keep no conversation, and a parameter of this type does not compile there. As an `Option` it is the request's
/// own messages in such a node, if there are any. A handler on the bus may take it of an `LlmRequest` with its own messages; a
/// bus with a handler of another event that takes it does not start.
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

/// Whether only output nodes have a parameter of the type `T`: its associated const of that name, which is an inherent one
/// for [`Conversation`], and for all other types that of [`InEveryNode`].
#[derive(Debug)]
pub struct OnlyInOutputs<T>(std::marker::PhantomData<T>);

impl OnlyInOutputs<Conversation> {
    /// See [`OnlyInOutputs`].
    pub const IS_SO: bool = true;
}

/// See [`OnlyInOutputs`].
pub trait InEveryNode {
    /// See [`OnlyInOutputs`].
    const IS_SO: bool = false;
}

impl<T> InEveryNode for OnlyInOutputs<T> {}

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
    fn add(&mut self, last: Message, limit: ConversationLimit) {
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

    /// Changes the content of the message at this place.
    fn replace(&mut self, place: usize, content: &str) {
        let message = &mut Arc::make_mut(&mut self.messages)[place];
        self.bytes = self.bytes - message.content.len() + content.len();
        content.clone_into(&mut message.content);
    }
}

/// The conversation as an output node keeps it.
#[derive(Default)]
pub(crate) struct Kept {
    so_far: Conversation,
    /// The responses that the client has not confirmed by an update, by the number of messages before them.
    unconfirmed: VecDeque<u64>,
    /// How many responses are under way.
    under_way: u32,
    /// Whether the client has sent an update for one of them.
    is_confirmed: bool,
}

impl Kept {
    pub(crate) fn so_far(&self) -> &Conversation {
        &self.so_far
    }

    /// Adds what was said. What the agent has said takes the place of the response that it belongs to.
    pub(crate) fn note(&mut self, update: &TranscriptUpdate, limit: ConversationLimit) {
        if update.role == Role::Assistant {
            if let Some(place) = self.response_of(&update.content) {
                return self.so_far.replace(place, &update.content);
            }
            self.is_confirmed = self.under_way > 0;
        }
        self.so_far.add(Message::new(update.role, update.content.clone()), limit);
    }

    /// Says that a response begins.
    pub(crate) fn begins(&mut self) {
        self.under_way += 1;
    }

    /// Adds a response that has ended.
    pub(crate) fn ends(&mut self, text: &str, limit: ConversationLimit) {
        self.under_way -= 1;
        if !text.is_empty() && !self.is_confirmed {
            self.unconfirmed.push_back(self.so_far.forgotten + self.so_far.messages.len() as u64);
            self.so_far.add(Message::new(Role::Assistant, text.to_owned()), limit);
        }
        self.is_confirmed &= self.under_way > 0;
        self.forget();
    }

    /// Forgets which of the messages that were dropped are responses.
    fn forget(&mut self) {
        while self.unconfirmed.front().is_some_and(|first| *first < self.so_far.forgotten) {
            self.unconfirmed.pop_front();
        }
    }

    /// The place of the message that a client has played or shown, or a part of it: the response that begins like this, or
    /// else the last one. The client confirms no response before it any more.
    fn response_of(&mut self, content: &str) -> Option<usize> {
        self.forget();
        let place = |number: &u64| (number - self.so_far.forgotten) as usize;
        let begins = |number: &u64| self.so_far.messages[place(number)].content.starts_with(content);
        let found = self.unconfirmed.iter().position(begins).or(self.unconfirmed.len().checked_sub(1))?;
        self.unconfirmed.drain(..=found).next_back().map(|number| place(&number))
    }
}

impl Message {
    fn new(role: Role, content: String) -> Self {
        let role = match role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        Self { role: role.to_owned(), content }
    }

    /// How many bytes of memory it takes.
    fn size(&self) -> usize {
        size_of::<Self>() + self.role.len() + self.content.len()
    }
}

/// The conversation of these messages, each with its role and its content: for calling a method of a node directly.
impl<R: Into<String>, T: Into<String>> FromIterator<(R, T)> for Conversation {
    fn from_iter<I: IntoIterator<Item = (R, T)>>(messages: I) -> Self {
        let messages = messages.into_iter();
        let messages: Vec<_> =
            messages.map(|(role, content)| Message { role: role.into(), content: content.into() }).collect();
        let bytes = messages.iter().map(Message::size).sum();
        Self { messages: Arc::new(messages), bytes, forgotten: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(texts: &[&str], limit: ConversationLimit) -> (Vec<String>, u64) {
        let mut conversation = Conversation::default();
        for content in texts {
            conversation.add(Message::new(Role::User, (*content).to_owned()), limit);
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

    const LIMIT: ConversationLimit = ConversationLimit { messages: 4, bytes: usize::MAX };

    /// The contents that are kept after what `talk` does.
    fn kept(talk: impl FnOnce(&mut Kept)) -> Vec<String> {
        let mut kept = Kept::default();
        talk(&mut kept);
        let bytes: usize = kept.so_far().messages().iter().map(Message::size).sum();
        assert_eq!(kept.so_far().bytes, bytes);
        kept.so_far().messages().iter().map(|it| format!("{}: {}", &it.role[..1], it.content)).collect()
    }

    fn hear(kept: &mut Kept, role: Role, content: &str) {
        kept.note(&TranscriptUpdate { role, content: content.into() }, LIMIT);
    }

    fn answer(kept: &mut Kept, text: &str) {
        kept.begins();
        kept.ends(text, LIMIT);
    }

    #[test]
    fn a_response_is_there_once_whether_the_client_confirms_it_or_not() {
        let silent = kept(|it| {
            hear(it, Role::User, "hi");
            answer(it, "hello there");
            hear(it, Role::User, "bye");
        });
        assert_eq!(silent, ["u: hi", "a: hello there", "u: bye"]);
        let late = kept(|it| {
            answer(it, "one two");
            hear(it, Role::User, "stop");
            hear(it, Role::Assistant, "one");
            hear(it, Role::Assistant, "in pieces");
        });
        assert_eq!(late, ["a: one", "u: stop", "a: in pieces"]);
        let during = kept(|it| {
            it.begins();
            hear(it, Role::Assistant, "one");
            it.ends("one two", LIMIT);
            answer(it, "three");
        });
        assert_eq!(during, ["a: one", "a: three"]);
    }

    #[test]
    fn a_client_that_confirms_some_responses_changes_no_others() {
        let found = kept(|it| {
            answer(it, "one");
            answer(it, "two");
            hear(it, Role::Assistant, "TWO!");
            hear(it, Role::Assistant, "more");
        });
        assert_eq!(found, ["a: one", "a: TWO!", "a: more"]);
    }

    #[test]
    fn a_response_that_was_forgotten_is_not_changed() {
        let found = kept(|it| {
            answer(it, "one");
            (0..4).for_each(|_| hear(it, Role::User, "hm"));
            hear(it, Role::Assistant, "one");
            answer(it, "");
        });
        assert_eq!(found, ["u: hm", "u: hm", "u: hm", "a: one"]);
    }
}
