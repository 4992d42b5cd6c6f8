//! What expansions of the macros use. Not part of the public interface.

pub use inventory;
pub use serde;

pub use crate::catalog::Linked;
pub use crate::engine::runner::Binding;
pub use crate::event::upcast::{Read, Unread, Upcasts, read_own, upcast};
pub use crate::event::{AskedForUnknown, FlatJson, HandlerSymbol, key_field};
pub use crate::handler::{
    AlwaysRetry, Declared, Fallible, HandlerParam, In, Judge, Nothing, Optional, Parameters, Retries,
    SyncHandlerParam, Taken, Undeclared, Untaken, set,
};
pub use crate::wire::flat_json;

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

/// What a field of an event must be.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "cannot be written to the wire and read back",
    note = "if the type is yours, derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it; without a `serde` of your own, those of `atoms::serde`, with `#[serde(crate = \"atoms::serde\")]`",
    note = "if it is another crate's, turn on that crate's `serde` feature, convert the field with `#[serde(with = \"module\")]`, or hold a type of your own instead"
)]
pub trait Field: 'static {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned + 'static> Field for T {}

/// As [`Field`], for a type that is spelled as an `Arc`.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "serde writes and reads an `Arc` only with its feature `rc`",
    note = "write `serde = {{ version = \"1\", features = [\"rc\"] }}` in your `Cargo.toml`, and derive `Serialize` and `Deserialize` for what the `Arc` holds",
    note = "or hold the value itself, such as a `String` instead of an `Arc<str>`"
)]
pub trait ArcField: 'static {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned + 'static> ArcField for T {}

/// What a field is in any case.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "cannot be shared between threads",
    note = "handlers on several threads see one event, so its fields are `Send + Sync`: hold the value itself, not a `Cell`, a `RefCell` or an `Rc` of it; for a `dyn Trait`, write `dyn Trait + Send + Sync`"
)]
pub trait SharedField: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> SharedField for T {}

/// Fails to compile where a part of a symbol's name has a character in it that an assembler or a linker's
/// script could take for something else.
pub const fn assert_symbol(name: &str) {
    let mut rest = name.as_bytes();
    while let [byte, others @ ..] = rest {
        assert!(
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'),
            "what names a symbol is letters, digits, `_` and `.`: write `#[event]`, which checks it"
        );
        rest = others;
    }
}

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

/// Fails to compile where a field's type is no [`Field`].
pub const fn assert_field<T: SharedField + Field>() {}

/// Fails to compile where a field's type is no [`ArcField`].
pub const fn assert_arc_field<T: SharedField + ArcField>() {}

/// Fails to compile where a field's type is no [`SharedField`].
pub const fn assert_shared_field<T: SharedField>() {}
