//! What threads share. The tests of `cargo xtask shuttle` let shuttle schedule them, in each order that it
//! thinks of.

#[cfg(shuttle)]
use shuttle::sync as threads;
#[cfg(not(shuttle))]
use std::sync as threads;

use std::sync::PoisonError;
pub(crate) use threads::MutexGuard;
pub(crate) use threads::atomic::AtomicBool;

/// A lock that a panic does not poison: what it guards is whole between any two steps.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(threads::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
