//! What expansions of the macros use. Not part of the public interface.

pub use inventory;
pub use serde;

use crate::handler::{AsyncHandler, Input, SyncHandler};
pub use crate::handler::{Param, ParamAt};
pub use crate::registry::{EventEntry, HandlerEntry};

/// The event of a handler that takes it by value.
///
/// That a clone is possible follows from the handler, so that an event which is none gets one error.
pub fn clone_sync<H: SyncHandler>(input: &H::Input) -> H::Input {
    input.by_value()
}

/// As [`clone_sync`], for an `async` handler.
pub fn clone_async<H: AsyncHandler>(input: &H::Input) -> H::Input {
    input.by_value()
}

/// What a field of an event must be.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "cannot be written to the wire and read back",
    note = "put `#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]` on `{Self}`; it must be `Send + Sync + 'static` too"
)]
pub trait Field: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static> Field for T {}

/// Fails to compile where a field's type is no [`Field`].
pub const fn assert_field<T: Field>() {}
