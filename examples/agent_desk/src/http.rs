//! The application, in which the desk is one part.

use std::sync::Arc;

use atoms::agent::Sessions;
use atoms::agent::events::Speak;
use atoms::prelude::*;
use atoms::server::{Parts, Routes, StatusCode, TokenFrom};
use axum::Router;
use axum::extract;
use axum::routing::{get, post};

use crate::{ColleagueLeft, Customers};

/// Returns the routes of the application: its own, and `/ws` for its customers.
pub fn app(sessions: Sessions, customers: Arc<Customers>) -> Router {
    let customer = move |head: Parts| {
        let customers = Arc::clone(&customers);
        async move { customers.of(&head).await }
    };
    let desk = Routes::new().authenticate(customer).token_from(TokenFrom::Subprotocol).without_probes();
    Router::new()
        .route("/health", get(async || "all is well"))
        .route("/customers/{id}/say", post(say))
        .route("/customers/{id}/leave", post(leave))
        .with_state(sessions.bus().clone())
        .merge(desk.into_router(sessions))
}

/// A colleague says something to a customer who is here. A program asks who the colleague is.
async fn say(
    extract::State(bus): extract::State<Bus>,
    extract::Path(customer): extract::Path<String>,
    text: String,
) -> StatusCode {
    let said = bus.emit(Speak { text }).to_actors([customer]).await;
    if said.sessions.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::NO_CONTENT }
}

/// A colleague leaves a customer to the agents.
async fn leave(
    extract::State(bus): extract::State<Bus>,
    extract::Path(customer): extract::Path<String>,
) -> StatusCode {
    let left = bus.emit(ColleagueLeft).to_actors([customer]).await;
    if left.sessions.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::NO_CONTENT }
}
