//! Help for tests of nodes and sessions.

mod client;
mod node;

pub use client::{Connecting, TestClient};
pub use node::{Starting, TestNode};
