//! The events that every bus may emit by itself.

/// A delivery failed for good: it is among the [dead letters](crate::Bus::dead_letters).
///
/// The bus emits it as a consequence of the event that failed, if anybody takes it. What fails while
/// this one is delivered is a dead letter as well, but no further event. Nor is it emitted for events that were
/// lost, since there is no delivery that it could follow from: see [`Emitter::emit`](crate::Emitter::emit).
///
/// A handler of it may emit events whose handlers fail in turn. Such a chain ends at the
/// [hop limit](crate::BusBuilder::hop_limit), as any other. Whether it is a loop depends on what fails, so
/// [`BusBuilder::start`](crate::BusBuilder::start) only warns of it in the log; `allow_cycle` on one of the handlers
/// says that it is meant. Look at [`event_type`](Self::event_type) to leave out the events of the alert itself. A
/// task that reads a [stream](crate::Bus::stream) of these events begins a new chain with what it emits, and must do
/// so in any case.
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
/// The bus emits it if anybody takes it. Who sent the frame gets the error all the same.
#[crate::event(type = "atoms.event.invalid", framework, crate = atoms_runtime)]
pub struct EventInvalid {
    /// The type string, if it could be read.
    pub event_type: Option<String>,
    /// The paths to the broken fields, such as `items[2].price`: the first one that was found; none if
    /// it is the frame itself that is broken.
    pub paths: Vec<String>,
    /// What is wrong. No sensitive field's value is in it.
    pub error: String,
}
