//! What rustc and the linker say of small programs, which are built from `tests/programs`.

#![cfg(not(miri))]

#[cfg(target_os = "linux")]
mod linker;
mod programs;
mod user_crates;
