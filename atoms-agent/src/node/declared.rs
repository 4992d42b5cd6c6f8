//! What the nodes of a graph may take beside what the bus has.

use std::any::{TypeId, type_name};
use std::sync::{Mutex, PoisonError};

/// The states that the sessions of a graph have, as the preparation of its nodes sees them, and the identities that nodes take.
#[derive(Default)]
pub(crate) struct Declared {
    states: Vec<TypeId>,
    identities: Mutex<Vec<(TypeId, &'static str)>>,
}

impl Declared {
    /// With states of these types.
    pub(crate) fn new(states: Vec<TypeId>) -> Self {
        Self { states, ..Self::default() }
    }

    pub(crate) fn has_state<T: 'static>(&self) -> bool {
        self.states.contains(&TypeId::of::<T>())
    }

    /// Notes that a node takes an identity of this type.
    pub(crate) fn takes_identity<T: 'static>(&self) {
        let mut taken = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = (TypeId::of::<T>(), type_name::<T>());
        if !taken.contains(&identity) {
            taken.push(identity);
        }
    }

    /// The types of the identities that nodes take.
    pub(crate) fn into_identities(self) -> Vec<(TypeId, &'static str)> {
        self.identities.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
