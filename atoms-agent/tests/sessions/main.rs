//! Graphs of nodes in sessions, with a client at the other end of two channels.

mod client;
mod turns;
