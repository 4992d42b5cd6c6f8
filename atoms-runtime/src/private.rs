//! What expansions of the macros use. Not part of the public interface.

use std::fmt;

pub use atoms_macros::{graph_without_agent, in_place_of, node_without_agent};
pub use inventory;
pub use serde;

pub use crate::catalog::{Linked, event_type};
pub use crate::engine::runner::described;
pub use crate::event::field;
pub use crate::event::upcast::{Read, Unread, Upcasts, read_own, upcast};
pub use crate::event::{AskedForUnknown, FlatJson, HandlerSymbol, assert_symbol, key_field};
pub use crate::handler::{
    AlwaysRetry, Declared, Fallible, HandlerParam, In, Judge, Nothing, Optional, Parameters, Place, Retries,
    SyncHandlerParam, Taken, Undeclared, Untaken, constant, set,
};
pub use crate::wire::flat_json;

/// Shows a struct with these fields, as its derived `Debug` does.
pub fn debug_fields(
    formatter: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, &dyn fmt::Debug)],
) -> fmt::Result {
    let mut shown = formatter.debug_struct(name);
    for (name, value) in fields {
        shown.field(name, value);
    }
    shown.finish()
}

/// Fails if there is no handler on the bus of `verify!(builder)`.
pub fn verify_handlers(bus: &crate::Bus) -> Result<(), crate::StartError> {
    crate::StartError::of(crate::catalog::checks::no_handlers(bus.registry()).into_iter().collect())
}

/// What a handler with a `pattern` takes.
#[diagnostic::on_unimplemented(
    message = "`pattern` selects events by their type strings, and this handler takes `{Self}` only",
    label = "has nothing to select from",
    note = "take `&AnyEvent`, or remove `pattern`"
)]
pub trait TakesAnyEvent {}

impl TakesAnyEvent for crate::AnyEvent {}

/// Fails to compile where a handler with a `pattern` does not take [`AnyEvent`](crate::AnyEvent).
pub const fn assert_takes_any_event<I: TakesAnyEvent>() {}

/// What the reply of a request must be.
#[diagnostic::on_unimplemented(
    message = "a reply cannot be of type `{Self}`",
    label = "cannot be sent between threads",
    note = "the handler may run on another thread than the one who asks: a reply is `Send + 'static`"
)]
pub trait Reply {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Reply for T {}

/// Fails to compile where a request's reply is not a [`Reply`].
pub trait HasReply {
    /// The type of the reply.
    type Reply: Reply;
}
