//! Edges that carry certain events only: to nobody who takes them, for what nobody sends, in a circle, and no event.

use atoms::agent::events::{LlmRequest, Log, UserJoined};
use atoms::prelude::*;

#[event(type = "desk.sales.turn")]
struct SalesTurn;

#[event(type = "desk.support.turn")]
struct SupportTurn;

#[derive(Default)]
struct Router;

#[node]
impl Router {
    #[handler]
    fn choose(&mut self, _: LlmRequest) -> (Option<SalesTurn>, Option<SupportTurn>) {
        (Some(SalesTurn), None)
    }
}

#[derive(Default)]
struct Sales;

#[node]
impl Sales {
    #[handler]
    fn sell(&mut self, _: SalesTurn) {}
}

#[derive(Default)]
struct Support;

#[node]
impl Support {
    #[handler]
    fn help(&mut self, _: SupportTurn) {}

    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

graph! {
    struct Mixed {
        Router -[SupportTurn]-> Sales,
        Router -[SalesTurn, Log]-> Support,
    }
}

graph! {
    struct Round {
        Router -> { Sales, Support },
        Sales -[LlmRequest]-> Router,
    }
}

graph! {
    struct ByNode {
        Router -[Sales]-> Sales,
    }
}

graph! {
    struct Twice {
        Router -[SalesTurn]-> Sales,
        Router -> { Support, Sales },
    }
}

fn main() {}
