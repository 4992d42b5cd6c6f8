//! The conversation in a node that keeps none, by its name and by another one.

use atoms::agent::Conversation;
use atoms::agent::events::{LlmRequest, TranscriptUpdate};
use atoms::prelude::*;

type Said = Conversation;

#[derive(Default)]
struct Router;

#[node]
impl Router {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate, said: Conversation) {
        let _ = said.messages();
    }

    #[handler]
    fn asked(&mut self, _: &LlmRequest, own: Option<Conversation>) {
        let _ = own.is_some();
    }
}

#[derive(Default)]
struct Watcher;

#[node(background)]
impl Watcher {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate, _: Said) {}
}

fn main() {}
