//! Methods of a node that cannot have the role that they are given.

use atoms::agent::events::{Init, LlmRequest, TranscriptUpdate, UserJoined};
use atoms::prelude::*;

#[derive(Default)]
struct SupportBot;

#[node]
impl SupportBot {
    #[handler]
    fn by_value(self, _: &TranscriptUpdate) {}

    #[handler]
    fn no_method(_: &UserJoined) {}

    #[handler(order = 3)]
    fn with_options(&mut self, _: &Init) {}

    #[handler(timeout = "2s")]
    fn sync(&mut self, _: &LlmRequest) {}

    #[respond]
    fn respond(&mut self, _: &LlmRequest) -> String {
        String::new()
    }

    #[started]
    fn started(&mut self) {}

    #[started(can_fail)]
    fn started_again(&mut self) {}

    #[factory]
    fn new(&self, _: &Init) -> Self {
        SupportBot
    }
}

#[derive(Default)]
struct Answers;

#[node(output)]
impl Answers {
    #[respond(pass_on)]
    fn by_value(&mut self, _: LlmRequest) -> futures_util::stream::Empty<String> {
        futures_util::stream::empty()
    }

    #[respond(consume)]
    fn greet(&mut self, _: &UserJoined) -> futures_util::stream::Empty<String> {
        futures_util::stream::empty()
    }

    #[respond]
    fn nothing(&mut self) -> futures_util::stream::Empty<String> {
        futures_util::stream::empty()
    }
}

#[derive(Default)]
struct Mute;

#[node(output, background)]
impl Mute {
    #[handler]
    fn listen(&mut self, _: TranscriptUpdate) {}
}

#[derive(Default)]
struct Borrows;

#[node(group = "coach")]
impl Borrows {
    #[factory]
    fn new(init: Init) -> Self {
        Self
    }

    #[started]
    fn started<T>(&mut self, init: &Init) {}

    #[handler]
    fn nothing(&mut self) {}

    #[handler]
    #[stopped]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

fn main() {}
