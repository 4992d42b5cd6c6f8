//! G1: a node emits what no node behind it handles, and nobody else is sent.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

#[event(type = "shop.desk.escalated")]
struct Escalated;

#[event(type = "shop.desk.noted")]
struct Noted;

#[derive(Default)]
struct SupportBot;

#[node]
impl SupportBot {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate, _out: Emitter<Escalated>) -> Noted {
        Noted
    }
}

#[derive(Default)]
struct Supervisor;

#[node]
impl Supervisor {
    #[handler]
    fn note(&mut self, _: &Noted) {}
}

graph! {
    struct SupportDesk {
        SupportBot -> Supervisor,
    }
}

fn main() {
    SupportDesk::graph();
}
