//! What nodes do now.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Session, Sessions};

/// What the task of one node does. The task writes it, with no clock and no lock, and others look.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Odd while the task is polled. It grows with each poll, and with each event that is handled.
    beats: AtomicU64,
    /// The place of the handler that runs, from 1 on; 0 if none does.
    handler: AtomicUsize,
}

impl Pulse {
    /// Says that the task is polled until the guard is dropped.
    pub(super) fn polled(&self) -> impl Drop {
        self.beat(1);
        Polled(self)
    }

    /// Says that a handler runs until the guard is dropped.
    pub(crate) fn handles(&self, place: usize) -> impl Drop {
        self.beat(2);
        self.handler.store(place + 1, Ordering::Relaxed);
        Handling(self)
    }

    /// Only the task does this, and so it needs no more than a load and a store.
    fn beat(&self, by: u64) {
        self.beats.store(self.beats.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }

    /// The number of the poll that is under way, if one is.
    pub(super) fn poll(&self) -> Option<u64> {
        Some(self.beats.load(Ordering::Relaxed)).filter(|beats| beats % 2 == 1)
    }

    fn place(&self) -> Option<usize> {
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

/// A handler of a node that runs now: see [`Sessions::running`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningHandler {
    /// The id of its session.
    pub session: String,
    /// The name of its node.
    pub node: &'static str,
    /// Its name; `None` if the node is being made, started or stopped.
    pub handler: Option<&'static str>,
    /// Whether it holds its thread now, instead of awaiting something.
    pub holds_thread: bool,
}

impl fmt::Display for RunningHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handler {
            Some(handler) => write!(f, "`{}::{handler}`", self.node)?,
            None => write!(f, "the start or the end of `{}`", self.node)?,
        }
        write!(f, " in the session {}", self.session)?;
        if self.holds_thread { f.write_str(", which holds its thread") } else { Ok(()) }
    }
}

impl Sessions {
    /// The handlers of nodes that run now, in no order, also those of sessions that have ended and do not let
    /// go of their thread. It needs no runtime.
    pub fn running(&self) -> Vec<RunningHandler> {
        let mut running = Vec::new();
        self.0.each_pulse(|session, place, pulse| {
            let described = session.describe(place, pulse);
            if described.handler.is_some() || described.holds_thread {
                running.push(described);
            }
        });
        running
    }
}

impl Session {
    /// What a node of the session does now.
    pub(super) fn describe(&self, place: usize, pulse: &Pulse) -> RunningHandler {
        let shape = self.0.sessions.0.shape(place);
        RunningHandler {
            session: self.id().to_owned(),
            node: shape.name,
            handler: pulse.place().and_then(|place| shape.handler(place)),
            holds_thread: pulse.poll().is_some(),
        }
    }
}
