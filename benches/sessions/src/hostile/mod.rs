//! Hostile clients beside honest ones. `cargo run --release --bin hostile` starts the program `attacked` and
//! attacks it for a minute; see [`soak`].

pub mod attacked;
pub mod frames;
pub mod honest;
pub mod kinds;
pub mod limits;
pub mod raw;
pub mod report;
pub mod soak;
