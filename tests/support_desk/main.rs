//! The support desk as its clients see it: with rules, and with a model behind an endpoint that is made up.

#![cfg(not(miri))]

mod client;
mod endpoint;
mod model;
mod rules;

#[path = "../served/mod.rs"]
mod served;
