//! G6: a node handles what neither the client sends nor a node before it emits or passes on.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

#[event(type = "shop.desk.escalated")]
struct Escalated;

#[derive(Default)]
struct SupportBot;

#[node]
impl SupportBot {
    #[handler]
    fn listen(&mut self, _: TranscriptUpdate) {}
}

#[derive(Default)]
struct Supervisor;

#[node]
impl Supervisor {
    #[handler]
    fn take_over(&mut self, _: &Escalated) {}

    // The node before it keeps all of these.
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

graph! {
    struct SupportDesk {
        SupportBot -> Supervisor,
    }
}

fn main() {
    SupportDesk::graph();
}
