//! Emits what must be handled, and leaves it to the program to handle it.

use atoms::Receipt;
use atoms::prelude::*;

/// Must be handled.
#[event(type = "untested.done", must_handle)]
pub struct Done {}

/// Emits [`Done`].
pub async fn finish(bus: &Bus) -> Receipt {
    bus.emit(Done {}).await
}
