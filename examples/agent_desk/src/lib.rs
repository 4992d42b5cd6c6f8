//! A desk of several agents: a router chooses who answers a customer, and each customer has a case that is kept.
//!
//! | node | what it does |
//! | --- | --- |
//! | [`Router`] | greets, and emits a [`SalesTurn`], a [`SupportTurn`], both, or a [`ColleagueWanted`] |
//! | [`Sales`] | knows prices, and what the conversation is about |
//! | [`Support`] | looks for parcels beside the conversation, and calls a colleague |

mod case;
mod customer;
mod events;
mod http;
mod router;
mod sales;
mod speech;
mod support;

use std::sync::Arc;

use atoms::agent::{GraphError, Sessions};
use atoms::prelude::*;

pub use case::{Case, Cases};
pub use customer::{Customer, Customers};
pub use events::{ColleagueLeft, ColleagueWanted, ParcelFound, SalesTurn, SupportTurn};
pub use http::app;
pub use router::Router;
pub use sales::{Prices, Sales};
pub use support::{Carrier, Support};

graph! {
    /// What each connection has.
    pub struct Desk {
        Router -> { Sales, Support },
    }
}

/// Returns the bus of the desk, before it starts.
pub fn bus() -> atoms::BusBuilder {
    Bus::builder().state(Prices::default()).state(Carrier::default())
}

/// Starts the sessions, each with the case of its customer.
pub fn sessions(bus: &Bus, cases: &Arc<Cases>) -> Result<Sessions, GraphError> {
    let (loads, saves) = (Arc::clone(cases), Arc::clone(cases));
    Sessions::builder(Desk::graph())
        .actor_ids(|opening| opening.identity::<Customer>().map(|customer| customer.id.clone()))
        .session_state(move |opening| {
            let cases = Arc::clone(&loads);
            async move { cases.load(&opening).await }
        })
        .save_session_state(move |session, case| {
            let cases = Arc::clone(&saves);
            async move { cases.save(&session, &case).await }
        })
        .start(bus)
}
