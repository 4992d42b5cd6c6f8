//! Graphs of nodes in sessions, with a client at the other end of two channels.

mod background;
mod bounds;
#[path = "../client/mod.rs"]
mod client;
mod codec;
mod conversations;
mod failures;
mod graphs;
mod interrupts;
mod life;
mod partings;
mod responses;
mod routes;
mod saves;
mod speakers;
mod starts;
mod states;
mod turns;
mod ways;
mod work;
