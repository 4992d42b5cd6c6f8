//! Emits what must be handled, and leaves it to the program to handle it.

use atoms::Receipt;
use atoms::prelude::*;

/// Must be handled.
#[event(type = "untested.done", must_handle)]
pub struct Done {}

/// Something to finish.
#[event(type = "untested.begun")]
pub struct Begun {}

/// Emits [`Done`], too.
#[handler]
pub fn finish_at_once(_: &Begun) -> Done {
    Done {}
}

/// Emits [`Done`].
pub async fn finish(bus: &Bus) -> Receipt {
    bus.emit(Done {}).await
}
