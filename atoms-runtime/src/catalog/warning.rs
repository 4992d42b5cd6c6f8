//! What is probably a mistake, and does not keep a bus from starting.

use super::{Registry, entry};
use crate::handler::{HandlerInfo, States};

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
    /// The bus has a state that nothing on it takes. It is not told where nodes are linked, since these take their states
    /// only when sessions start.
    #[error(
        "the bus has a state `{type_name}`, and nothing on it takes `State<{type_name}>`: remove the `.state(...)`, or \
         link the crate whose handlers take it"
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
        if !registry.all_entries().iter().any(|entry| entry.takes_states_later()) {
            let of_users = states.unused().into_iter().filter(|type_name| !entry::is_of_framework(type_name));
            all.extend(of_users.map(|type_name| Self::UnusedState { type_name }));
        }
        all
    }
}

fn selects_nothing(handler: &HandlerInfo, registry: &Registry) -> bool {
    handler.pattern().is_some() && !registry.events().iter().any(|known| handler.takes(known.name()))
}
