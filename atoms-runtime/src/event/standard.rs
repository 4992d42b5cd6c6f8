//! The events that every bus may emit by itself.

/// A delivery failed for good: it is among the [dead letters](crate::Bus::dead_letters).
///
/// The bus emits it as a consequence of the event that failed, if anything takes it. A failure while it is delivered is
/// a dead letter as well, but emits no further event. It is not emitted for events that were lost, since there is no
/// delivery that it could follow from: see [`Emitter::emit`](crate::Emitter::emit).
///
/// A handler of it may emit events whose handlers fail in turn. That chain ends at the [hop
/// limit](crate::BusBuilder::hop_limit), like any other. Whether it is a loop depends on what fails, so
/// [`BusBuilder::start`](crate::BusBuilder::start) only logs a warning; `allow_cycle` on one of the handlers says that
/// the loop is intended. Check [`event_type`](Self::event_type) to leave out the events of the alert itself. A task
/// that reads a [stream](crate::Bus::stream) of these events begins a new chain with each event that it emits, so it
/// must check in any case.
#[crate::event(type = "atoms.delivery.failed", framework, crate = atoms_runtime)]
pub struct DeliveryFailed {
    /// The number of the dead letter.
    pub dead_letter: u64,
    /// The type string of the event that failed.
    pub event_type: String,
    /// The id of the event that failed.
    pub event_id: String,
    /// The identity of the handler, or the place of the subscriber; `None` if the event was not delivered to
    /// anybody.
    pub handler: Option<String>,
    /// How often the handler was called.
    pub attempts: usize,
    /// The last error.
    pub error: String,
}

/// A frame or a dynamic event was not what its type says, and was refused.
///
/// The bus emits it if anything takes it. The sender of the frame gets the error all the same.
#[crate::event(type = "atoms.event.invalid", framework, crate = atoms_runtime)]
pub struct EventInvalid {
    /// The type string, if it could be read.
    pub event_type: Option<String>,
    /// The paths to the broken fields, such as `items[2].price`. Only the first one that was found is in it, and none
    /// if the frame itself is broken.
    pub paths: Vec<String>,
    /// The error. It contains no value of a sensitive field.
    pub error: String,
}
