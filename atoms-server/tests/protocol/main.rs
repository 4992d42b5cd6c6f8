//! What clients see of an agent server, over a real socket.

#![cfg(not(miri))]

mod access;
mod agent;
mod client;
mod closing;
mod connections;
#[cfg(feature = "control")]
mod door;
mod frames;
mod handshake;
mod heartbeat;
mod http;
mod identity;
mod interrupts;
mod limits;
mod load;
mod metadata;
mod mounted;
mod server;
mod shutdown;
mod status;
mod turns;
