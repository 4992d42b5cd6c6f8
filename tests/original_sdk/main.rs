//! The original Python SDK against ours: its codec reads our frames, its chat client talks to our
//! examples.

#![cfg(all(unix, not(miri)))]

mod chat;
mod codec;
#[path = "../json/mod.rs"]
mod json;
#[path = "../python/mod.rs"]
mod python;
#[path = "../served/mod.rs"]
mod served;
mod venv;
