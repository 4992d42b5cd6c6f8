//! Agent servers under load: sessions over WebSocket that take turns, each beginning the next one as soon as
//! it has the answer to the last.
//!
//! `cargo run --release` starts each contender's server in turn and drives it with `load`, in a process of its
//! own. All of it stays on the loopback interface.
//!
//! `cargo run --release --bin hostile` attacks a server; see [`hostile`].

pub mod contender;
pub mod failure;
pub mod hostile;
pub mod load;
pub mod options;
pub mod original;
pub mod process;
pub mod report;
pub mod server;
pub mod session;
pub mod wire;
