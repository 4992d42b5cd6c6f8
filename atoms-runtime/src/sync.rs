//! What threads share. The tests of `cargo xtask shuttle` let shuttle schedule them, in each order that it
//! thinks of.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
