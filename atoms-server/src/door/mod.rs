//! What doors have in common: who comes in, how often, what they send, and what is answered that is wrong.

mod auth;
pub(crate) mod body;
mod options;
mod problem;
pub(crate) mod query;
mod rate;
mod waiting;

pub use auth::{AuthError, Authenticate, Authenticating, Tokens};
pub(crate) use options::Options;
pub(crate) use problem::Problem;
pub(crate) use rate::Rate;
pub(crate) use waiting::Waiting;
