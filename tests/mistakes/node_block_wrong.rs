//! G8: `#[node]` on a block without a handler, or with one that is no function, on a trait's block, and on what is no block.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

#[derive(Default)]
struct Silent;

#[node]
impl Silent {
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

trait Listen {
    fn listen(&mut self, said: &TranscriptUpdate);
}

#[derive(Default)]
struct Listener;

#[node]
impl Listen for Listener {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[node]
struct NoBlock;

#[derive(Default)]
struct Generic<T>(T);

#[node]
impl<T> Generic<T> {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

graph! {
    // The mistakes have been told; a graph of these nodes has none of its own.
    struct Desk {
        Silent -> NoBlockEither,
    }
}

#[derive(Default)]
struct NoBlockEither;

#[node(outputs)]
impl NoBlockEither {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[derive(Default)]
struct Limited;

#[node]
impl Limited {
    #[handler]
    const LIMIT: u32 = 3;
}

fn main() {
    Desk::graph();
}
