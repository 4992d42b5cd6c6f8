//! An agent server for [`atoms`](https://docs.rs/atoms-rs): a graph of nodes for each WebSocket connection, with
//! health checks and metrics beside it.
//!
//! Programs depend on `atoms` with the feature `server`, which has all of this as `atoms::server`.
//!
//! [`Server`] is ready to run; [`Routes`] are for programs that have an axum application of their own. Both
//! speak plain HTTP: leave TLS to a proxy in front of them, such as nginx or Caddy.

mod access;
#[cfg(feature = "control")]
mod activity;
mod authenticate;
#[cfg(feature = "control")]
mod control;
#[cfg(feature = "control")]
mod door;
mod linger;
mod listen;
mod metrics;
mod pace;
#[cfg(feature = "control")]
mod questions;
mod routes;
mod served;
mod server;
mod signals;
mod tokens;
mod websocket;

pub use access::TokenFrom;
pub use authenticate::{AuthError, Authenticate, Authenticating};
pub use axum::http::request::Parts;
pub use axum::http::{Request, StatusCode};
pub use routes::Routes;
pub use served::Served;
pub use server::{Bound, ServeError, Server};
pub use tokens::Tokens;
