//! Kills a program again and again while it posts, handles, asks and answers, and looks at what it has said until then.
//!
//! It kills for 10 seconds, or for as many as `ATOMS_STORE_CRASH_SECONDS` says, and then finishes what is left.

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod ledger;
#[cfg(unix)]
mod parent;
