//! What is probably a mistake, and does not keep a bus from starting.

use super::{Registry, entry};
use crate::handler::{HandlerInfo, StartContext, States};

/// Something on a bus that has no effect, which is probably a mistake: the bus starts, and logs it once. What
/// [`Bus::start_warnings`](crate::Bus::start_warnings) returns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartWarning {
    /// The `pattern` of a handler selects no type of events that the bus knows.
    #[error(
        "the pattern `{}` of handler {handler} selects no type of events that this bus knows: correct it, or link the \
         crate that has the events",
        handler.pattern().unwrap_or_default()
    )]
    PatternSelectsNothing {
        /// The handler.
        handler: &'static HandlerInfo,
    },
    /// The bus has a state that nothing takes: no handler, tool or hook on it, and no node of the program.
    #[error(
        "the bus has a state `{type_name}`, and nothing takes `State<{type_name}>`: remove the `.state(...)`, or link the \
         crate that takes it"
    )]
    UnusedState {
        /// The name of the type.
        type_name: &'static str,
    },
    /// The bus was given two states of one type, and has the second one.
    #[error(
        "the bus was given two states `{type_name}`, and the second one has replaced the first: remove one of them, or \
         give one a type of its own"
    )]
    StateReplaced {
        /// The name of the type.
        type_name: &'static str,
    },
}

impl StartWarning {
    /// All that there are, when all handlers and entries have been prepared.
    pub(crate) fn all(registry: &Registry, states: &States) -> Vec<Self> {
        let patterns = registry.handlers().iter().filter(|handler| selects_nothing(handler, registry));
        let patterns = patterns.map(|handler| Self::PatternSelectsNothing { handler });
        let replaced = states.replaced().iter().map(|type_name| Self::StateReplaced { type_name });
        let mut all: Vec<_> = patterns.chain(replaced).collect();
        let unused = unused(registry, states).into_iter();
        all.extend(unused.map(|type_name| Self::UnusedState { type_name }));
        all
    }
}

/// The states of users that nothing has taken, or will take.
fn unused(registry: &Registry, states: &States) -> Vec<&'static str> {
    let of_users = || {
        let mut unused = states.unused();
        unused.retain(|type_name| !entry::is_of_framework(type_name));
        unused
    };
    if of_users().is_empty() {
        return Vec::new();
    }
    let start = StartContext::new(states);
    let entries = registry.all_entries().iter().chain(Registry::linked().all_entries());
    entries.for_each(|entry| entry.take_states(&start));
    of_users()
}

fn selects_nothing(handler: &HandlerInfo, registry: &Registry) -> bool {
    handler.pattern().is_some() && !registry.events().iter().any(|known| handler.takes(known.name()))
}
