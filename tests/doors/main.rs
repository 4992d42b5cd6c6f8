//! Questions and runs, as those see them who come in over HTTP.

#![cfg(not(miri))]

mod access;
mod activity;
mod answers;
mod client;
mod control;
mod failing;
mod limits;
mod lists;
mod others;
mod server;
mod waiting;
