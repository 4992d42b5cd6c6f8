//! G3: an edge leads to what is no node.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

#[derive(Default)]
struct SupportBot;

#[node]
impl SupportBot {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[derive(Default)]
struct Supervisor;

graph! {
    struct SupportDesk {
        SupportBot -> Supervisor,
    }
}

fn main() {
    SupportDesk::graph();
}
