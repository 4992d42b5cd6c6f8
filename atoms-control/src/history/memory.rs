//! A history in memory.

use std::collections::VecDeque;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use atoms_runtime::StoreFuture;

use super::follow::Follower;
use super::{HistoryFilter, HistoryPosition, HistoryStore, Recorded};
use crate::sync::Mutex;

/// Keeps the history of a bus in memory.
pub struct MemoryHistory {
    events: usize,
    bytes: usize,
    pub(super) ring: Mutex<Ring>,
}

pub(super) struct Ring {
    pub(super) events: VecDeque<Entry>,
    bytes: usize,
    /// The position of the newest event.
    pub(super) newest: HistoryPosition,
    /// The position of the newest event that is not kept any more.
    pub(super) gone: HistoryPosition,
    pub(super) followers: Vec<Arc<Follower>>,
    pub(super) is_closed: bool,
}

pub(super) struct Entry {
    pub(super) position: HistoryPosition,
    pub(super) event: Recorded,
    pub(super) size: usize,
}

impl Default for Ring {
    fn default() -> Self {
        // What was kept before belongs to another process.
        let begun = HistoryPosition::after(HistoryPosition::OLDEST);
        Self {
            events: VecDeque::new(),
            bytes: 0,
            newest: begun,
            gone: begun,
            followers: Vec::new(),
            is_closed: false,
        }
    }
}

impl Ring {
    fn push(&mut self, event: Recorded, size: usize) {
        self.newest = HistoryPosition::after(self.newest);
        self.bytes += size;
        self.followers.iter().for_each(|follower| follower.tell(&event));
        self.events.push_back(Entry { position: self.newest, event, size });
    }

    fn pop(&mut self) -> Option<Recorded> {
        let Entry { position, event, size } = self.events.pop_front()?;
        self.bytes -= size;
        self.gone = position;
        self.followers.iter().for_each(|follower| follower.lose(position, &event));
        Some(event)
    }
}

impl MemoryHistory {
    /// Creates a history of so many events in so many bytes of memory at most, as
    /// [`AnyEvent::size`](atoms_runtime::AnyEvent::size) counts them.
    pub fn new(events: usize, bytes: usize) -> Self {
        Self { events, bytes, ring: Mutex::default() }
    }

    /// Tells those who follow that nothing comes any more.
    pub(super) fn close(&self) {
        let mut ring = self.ring.lock();
        ring.is_closed = true;
        ring.followers.iter().for_each(|follower| follower.wake());
    }
}

/// Keeps 10,000 events in 16 MiB.
impl Default for MemoryHistory {
    fn default() -> Self {
        Self::new(10_000, 16 * 1024 * 1024)
    }
}

impl HistoryStore for MemoryHistory {
    fn put(&self, event: Recorded) {
        if self.events == 0 {
            return;
        }
        let size = event.size();
        let mut old = Vec::new();
        let mut ring = self.ring.lock();
        ring.push(event, size);
        while ring.events.len() > self.events || ring.bytes > self.bytes && ring.events.len() > 1 {
            old.extend(ring.pop());
        }
        // What an event owns is dropped after the lock is let go.
        drop(ring);
        drop(old);
    }

    fn list(&self, filter: HistoryFilter, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        let all: Vec<_> = self.ring.lock().events.iter().map(|entry| entry.event.clone()).collect();
        let wanted = all.into_iter().rev().filter(|event| filter.matches(event));
        let mut latest: Vec<_> = wanted.take(limit).collect();
        latest.reverse();
        Box::pin(ready(Ok(latest)))
    }
}

impl fmt::Debug for MemoryHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHistory")
            .field("events", &self.ring.lock().events.len())
            .finish_non_exhaustive()
    }
}
