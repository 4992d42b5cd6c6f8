//! What `turns.rs` is in a program without runs: no turn is one.

use std::sync::Arc;

use atoms_runtime::{AnyEvent, Bus, Carrying, EventType};

use super::Instance;
use super::flight::Flight;

pub(crate) struct Turns;

#[derive(Debug)]
pub(crate) enum Turn {}

impl Turns {
    pub(crate) const NONE: Self = Self;

    pub(crate) fn of(_: &Bus, _: &str) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn are_runs(&self) -> bool {
        false
    }

    pub(crate) fn interrupt<T>(&self, begin: impl FnOnce() -> T) -> (T, Option<Arc<Turn>>) {
        (begin(), None)
    }

    pub(crate) fn cut(&self) {}

    pub(crate) fn let_go(&self, _: &Bus) {}
}

impl Turn {
    pub(crate) fn carrying(&self) -> &Carrying {
        match *self {}
    }

    pub(crate) fn fail(&self, _: &str) {
        match *self {}
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        match *self {}
    }

    pub(crate) fn note_dropped(&self, _: &AnyEvent) {
        match *self {}
    }

    pub(crate) fn interrupted(&self) {
        match *self {}
    }
}

impl Instance {
    #[inline]
    pub(crate) fn join(self: &Arc<Self>, _: Option<&EventType>) -> Option<Arc<Turn>> {
        None
    }

    #[inline]
    pub(crate) fn now_in(self: &Arc<Self>, _: &Flight) -> (Option<Arc<Turn>>, Option<AnyEvent>) {
        (None, None)
    }
}
