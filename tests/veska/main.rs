//! The JSON of Veska: its frames read by us, and ours by it.

mod frames;
#[cfg(all(unix, not(miri)))]
#[path = "../python/mod.rs"]
mod python;
#[cfg(all(unix, not(miri)))]
mod watched;
