//! A dynamic library with events, of which one must be handled.

use atoms::prelude::*;

#[event(type = "plugin.loaded", must_handle)]
struct Loaded {}

#[event(type = "plugin.greeted")]
struct Greeted {}

#[handler]
fn greet(_: &Loaded) -> Greeted {
    Greeted {}
}

/// Emits in the library.
pub fn load() -> bool {
    Bus::start().is_ok_and(|bus| run::run(bus.emit(Loaded {})).is_ok())
}
