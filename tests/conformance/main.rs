//! The example `conformance` does what its table says, to clients at a real socket.

#![cfg(all(unix, not(miri)))]

mod agent;
mod client;
mod ends;
mod table;
