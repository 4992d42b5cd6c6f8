//! G7: two handlers of one node take one event. And nobody takes what a node emits when it stops.

use atoms::agent::events::{TranscriptUpdate, TranscriptUpdate as Said, UserJoined};
use atoms::prelude::*;

#[event_set]
enum Heard {
    Said(Said),
    Joined(UserJoined),
}

#[derive(Default)]
struct Counter;

#[node]
impl Counter {
    #[handler]
    fn count(&mut self, _: &TranscriptUpdate) {}

    #[handler]
    fn hear(&mut self, _: &Heard) {}

    #[handler]
    fn see(&mut self, _: &AnyEvent) {}

    #[handler]
    fn watch(&mut self, _: AnyEvent) {}
}

#[event(type = "shop.desk.closed", to(client))]
struct DeskClosed;

#[derive(Default)]
struct Late;

#[node]
impl Late {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}

    #[stopped]
    fn stopped(&mut self) -> DeskClosed {
        DeskClosed
    }
}

fn main() {}
