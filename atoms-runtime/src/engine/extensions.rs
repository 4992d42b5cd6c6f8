//! What other crates add to a bus, as the engine keeps it.

use std::any::{Any, TypeId, type_name};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fmt, iter};

use super::Bus;
use crate::catalog::StartProblem;
use crate::handler::HandlerError;

/// The extensions of a bus, in the order in which they were added. None is taken away while the bus lives, so they are found
/// without a lock.
#[derive(Default)]
pub(crate) struct Extensions {
    first: Slot,
    are_closing: AtomicBool,
    have_ended: AtomicBool,
}

/// Where the next extension goes.
type Slot = OnceLock<Box<Node>>;

struct Node {
    added: Added,
    next: Slot,
}

/// An extension of any type, as the engine knows it.
pub(crate) trait AnyExtension: Any + Send + Sync {
    /// Tells it that the bus runs.
    fn started(&self, bus: &Bus) -> Result<(), HandlerError>;

    /// Tells it that the bus is shut down.
    fn closing(&self);

    /// Tells it that the bus has ended.
    fn ended(&self);
}

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
        self.put(Added::new(extension), |_| false);
    }

    /// Puts an extension at the end, unless one that is there is enough.
    fn put(&self, added: Added, is_enough: impl Fn(&Added) -> bool) {
        let mut node = Box::new(Node { added, next: Slot::new() });
        let mut slot = &self.first;
        loop {
            match slot.get() {
                Some(there) if is_enough(&there.added) => return,
                Some(there) => slot = &there.next,
                None => match slot.set(node) {
                    Ok(()) => return,
                    // Another one was put there meanwhile.
                    Err(again) => node = again,
                },
            }
        }
    }

    fn list(&self) -> impl DoubleEndedIterator<Item = &Added> {
        let nodes = iter::successors(self.first.get(), |node| node.next.get());
        nodes.map(|node| &node.added).collect::<Vec<_>>().into_iter()
    }

    fn find<T: AnyExtension>(&self) -> Option<&Added> {
        let mut next = self.first.get();
        while let Some(node) = next {
            if node.added.type_id == TypeId::of::<T>() {
                return Some(&node.added);
            }
            next = node.next.get();
        }
        None
    }

    pub(crate) fn get<T: AnyExtension>(&self) -> Option<Arc<T>> {
        let extension: Arc<dyn Any + Send + Sync> = Arc::clone(&self.find::<T>()?.extension) as _;
        extension.downcast().ok()
    }

    pub(crate) fn borrow<T: AnyExtension>(&self) -> Option<&T> {
        let extension: &dyn Any = &*self.find::<T>()?.extension;
        extension.downcast_ref()
    }

    /// The extension, or the one of its type that was there before.
    pub(crate) fn insert<T: AnyExtension>(&self, extension: Arc<T>) -> Arc<T> {
        self.put(Added::new(extension), |there| there.type_id == TypeId::of::<T>());
        self.get().expect("one of this type was found or put there")
    }

    /// The types that were added twice.
    pub(crate) fn check(&self) -> Vec<StartProblem> {
        let mut types = HashSet::new();
        let seconds = self.list().filter(|added| !types.insert(added.type_id));
        seconds.map(|added| StartProblem::ExtensionTwice { extension: added.name }).collect()
    }

    /// Tells each that the bus runs.
    pub(crate) fn start(&self, bus: &Bus) -> Vec<StartProblem> {
        let started = self.list().map(|Added { name, extension, .. }| {
            let started = extension.started(bus);
            started.map_err(|cause| StartProblem::Extension { extension: name, cause })
        });
        started.filter_map(Result::err).collect()
    }

    /// Tells each, last to first, that the bus is shut down.
    pub(crate) fn close(&self) {
        if !self.are_closing.swap(true, Ordering::Relaxed) {
            self.list().rev().for_each(|added| added.extension.closing());
        }
    }

    /// Tells each, last to first, that the bus has ended.
    pub(crate) fn end(&self) {
        if !self.have_ended.swap(true, Ordering::Relaxed) {
            self.list().rev().for_each(|added| added.extension.ended());
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list().map(|added| added.name)).finish()
    }
}
