//! G4 and G5: an edge or a node is there twice; nothing leads to a node.

use atoms::agent::events::TranscriptUpdate;
use atoms::prelude::*;

macro_rules! nodes {
    ($($name:ident)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node]
            impl $name {
                #[handler]
                fn listen(&mut self, _: &TranscriptUpdate) {}
            }
        )*
    };
}

nodes!(A B C D);

graph! {
    struct EdgeTwice {
        A -> B -> C,
        A -> B,
    }
}

graph! {
    struct NodeTwice {
        A -> B,
        B,
        C,
        C,
    }
}

graph! {
    struct OnlyOne {
        A,
        A,
    }
}

graph! {
    struct Alone {
        A -> B,
        D,
    }
}

graph! {
    struct Empty {}
}

fn main() {
    EdgeTwice::graph();
    NodeTwice::graph();
    Alone::mermaid();
    Empty::graph();
}
