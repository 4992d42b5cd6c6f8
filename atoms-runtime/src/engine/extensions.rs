//! What other crates add to a bus, as the engine keeps it.

use std::any::{Any, TypeId, type_name};
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::Bus;
use crate::catalog::StartProblem;
use crate::handler::HandlerError;

/// The extensions of a bus, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Extensions {
    added: RwLock<Vec<Added>>,
    are_closing: AtomicBool,
    have_ended: AtomicBool,
}

/// An extension of whatever type, as the engine knows it.
pub(crate) trait AnyExtension: Any + Send + Sync {
    /// Tells it that the bus runs.
    fn started(&self, bus: &Bus) -> Result<(), HandlerError>;

    /// Tells it that the bus is shut down.
    fn closing(&self);

    /// Tells it that the bus has ended.
    fn ended(&self);
}

#[derive(Clone)]
struct Added {
    type_id: TypeId,
    name: &'static str,
    extension: Arc<dyn AnyExtension>,
}

impl Added {
    fn new<T: AnyExtension>(extension: Arc<T>) -> Self {
        Self { type_id: TypeId::of::<T>(), name: type_name::<T>(), extension }
    }
}

impl Extensions {
    pub(crate) fn add<T: AnyExtension>(&mut self, extension: Arc<T>) {
        self.added.get_mut().unwrap_or_else(PoisonError::into_inner).push(Added::new(extension));
    }

    fn list(&self) -> Vec<Added> {
        self.added.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn get<T: AnyExtension>(&self) -> Option<Arc<T>> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        let found = added.iter().find(|added| added.type_id == TypeId::of::<T>())?;
        let extension: Arc<dyn Any + Send + Sync> = Arc::clone(&found.extension) as _;
        extension.downcast().ok()
    }

    /// The extension, or the one of its type that was there before.
    pub(crate) fn insert<T: AnyExtension>(&self, extension: Arc<T>) -> Arc<T> {
        let mut added = self.added.write().unwrap_or_else(PoisonError::into_inner);
        if !added.iter().any(|added| added.type_id == TypeId::of::<T>()) {
            added.push(Added::new(extension));
        }
        drop(added);
        self.get().expect("one of this type was found or pushed")
    }

    /// The types that were added twice.
    pub(crate) fn check(&self) -> Vec<StartProblem> {
        let mut types = HashSet::new();
        let added = self.list().into_iter();
        let seconds = added.filter(|added| !types.insert(added.type_id));
        seconds.map(|added| StartProblem::ExtensionTwice { extension: added.name }).collect()
    }

    /// Tells each that the bus runs.
    pub(crate) fn start(&self, bus: &Bus) -> Vec<StartProblem> {
        let started = self.list().into_iter().map(|Added { name, extension, .. }| {
            let started = extension.started(bus);
            started.map_err(|cause| StartProblem::Extension { extension: name, cause })
        });
        started.filter_map(Result::err).collect()
    }

    /// Tells each, last to first, that the bus is shut down.
    pub(crate) fn close(&self) {
        if !self.are_closing.swap(true, Ordering::Relaxed) {
            self.list().iter().rev().for_each(|added| added.extension.closing());
        }
    }

    /// Tells each, last to first, that the bus has ended.
    pub(crate) fn end(&self) {
        if !self.have_ended.swap(true, Ordering::Relaxed) {
            self.list().iter().rev().for_each(|added| added.extension.ended());
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().iter().map(|added| added.name)).finish()
    }
}
