//! Kills a program again and again while it posts, handles, asks, answers and calls a tool that a person approves, and looks
//! at what it has said until then.
//!
//! It kills 30 times, or as often as `ATOMS_STORE_CRASH_KILLS` says, and then finishes what is left. `cargo xtask crash`
//! kills 1,000 times, and shows the table.

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod ledger;
#[cfg(unix)]
mod parent;
#[cfg(unix)]
mod table;
