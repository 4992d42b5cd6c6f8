//! The state of nodes' tasks, for the watchdog.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The state of one node's task. The task writes it, without a clock or a lock, and others read it.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Odd while the task is polled. It grows with each poll, and with each event that is handled.
    beats: AtomicU64,
    /// The place of the handler that runs, from 1 on; 0 if none does.
    handler: AtomicUsize,
}

impl Pulse {
    /// Marks the task as polled until the guard is dropped.
    pub(super) fn polled(&self) -> impl Drop {
        self.beat(1);
        Polled(self)
    }

    /// Marks a handler as running until the guard is dropped.
    pub(super) fn handles(&self, place: usize) -> impl Drop {
        self.beat(2);
        self.handler.store(place + 1, Ordering::Relaxed);
        Handling(self)
    }

    /// Only the task calls this, so a load and a store are enough.
    fn beat(&self, by: u64) {
        self.beats.store(self.beats.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }

    /// The number of the poll that is under way, if one is.
    pub(crate) fn poll(&self) -> Option<u64> {
        Some(self.beats.load(Ordering::Relaxed)).filter(|beats| beats % 2 == 1)
    }

    /// The place of the handler that runs, if one does.
    pub(crate) fn place(&self) -> Option<usize> {
        self.handler.load(Ordering::Relaxed).checked_sub(1)
    }
}

struct Polled<'a>(&'a Pulse);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.beat(1);
    }
}

struct Handling<'a>(&'a Pulse);

impl Drop for Handling<'_> {
    fn drop(&mut self) {
        self.0.beat(2);
        self.0.handler.store(0, Ordering::Relaxed);
    }
}
