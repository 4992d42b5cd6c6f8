//! Kills a program again and again while it posts, handles, asks and answers, and looks at what it has said until then.
//!
//! It takes 15 seconds, or as many as `ATOMS_STORE_CRASH_SECONDS` says.

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod ledger;
#[cfg(unix)]
mod parent;
