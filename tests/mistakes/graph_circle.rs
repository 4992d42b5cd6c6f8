//! G2: nodes are connected in a circle.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

#[derive(Default)]
struct A;

#[node]
impl A {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[derive(Default)]
struct B;

#[node]
impl B {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

#[derive(Default)]
struct C;

#[node]
impl C {
    #[handler]
    fn listen(&mut self, _: &TranscriptUpdate) {}
}

graph! {
    struct Carousel {
        A -> B -> C,
        C -> B,
    }
}

fn main() {
    Carousel::graph();
}
