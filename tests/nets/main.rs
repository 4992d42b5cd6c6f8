//! What rustc and the linker say of small programs, which are built from `tests/programs`.

#![cfg(not(miri))]

#[cfg(target_os = "linux")]
mod linker;
mod programs;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod requests;
mod symbols;
#[cfg(target_os = "linux")]
mod table;
mod third_party;
mod tools;
mod user_crates;
mod verified;
