//! What threads share. The tests of `cargo xtask shuttle` let shuttle schedule them, in each order that it
//! thinks of. It takes the code as it is, with tokio's own parts in it, as loom would not. It does not model weak memory: what
//! is relaxed in the code is a hint, or a flag that a lock orders.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
