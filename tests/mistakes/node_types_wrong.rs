//! What only the types tell: no way to make a node, no text in a response, no event, nothing to extract.

use atoms::agent::events::{Init, LlmRequest, TranscriptUpdate, UserJoined};
use atoms::prelude::*;

struct NotMade;

#[node]
impl NotMade {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

struct Other;

#[node]
impl Other {
    #[factory]
    fn new(_: &Init) -> NotMade {
        NotMade
    }

    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[derive(Default)]
struct Numbers;

#[node(output)]
impl Numbers {
    #[respond]
    fn respond(&mut self, _: &LlmRequest) -> futures_util::stream::Iter<std::vec::IntoIter<u32>> {
        futures_util::stream::iter(vec![1, 2])
    }
}

#[derive(Default)]
struct Text;

#[node(output)]
impl Text {
    #[respond]
    fn respond(&mut self, _: &LlmRequest) -> String {
        "hello".into()
    }
}

#[derive(Default)]
struct Several;

#[node(output)]
impl Several {
    #[respond]
    fn respond(&mut self, _: &NoEvent) -> Option<futures_util::stream::Empty<String>> {
        None
    }

    #[respond]
    fn answer(&mut self, _: &GetQuote) -> futures_util::stream::Empty<String> {
        futures_util::stream::empty()
    }

    #[respond]
    fn first(&mut self, _: &LlmRequest) -> Option<u32> {
        None
    }
}

#[request(type = "shop.quote.get", reply = u64)]
struct GetQuote;

#[derive(Default)]
struct Answers;

#[node]
impl Answers {
    #[handler]
    fn quote(&mut self, _: &GetQuote) -> u64 {
        1
    }
}

struct NoEvent;

#[derive(Default)]
struct Listener;

#[node]
impl Listener {
    #[handler]
    fn listen(&mut self, _: &NoEvent) {}

    #[handler]
    fn joined(&mut self, _: &UserJoined, _: NoEvent) {}
}

fn main() {}
