//! Events: the trait, what is known of each type, and the forms an event travels in.

mod any;
mod asked;
mod cancellation;
mod carried;
mod envelope;
pub(crate) mod erased;
pub mod field;
mod flow;
mod head;
mod id;
mod key;
mod kind;
mod list;
mod metadata;
pub(crate) mod never;
pub(crate) mod pattern;
mod question;
mod raw;
mod size;
mod standard;
mod symbol;
mod timestamp;
pub(crate) mod type_string;
pub(crate) mod upcast;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use any::AnyEvent;
pub(crate) use any::Inner as AnyInner;
pub use asked::{
    AllEmitted, Asked, AskedForUnknown, Emitted, EventKind, IntoRequest, IsAsked, IsEmitted, One, Request,
};
pub use cancellation::Cancellation;
pub(crate) use carried::Restore;
pub use carried::{Carried, CarriedType, Carrying, InSession, Stored};
pub use envelope::{Envelope, IntoEnvelope};
pub use flow::Flow;
pub use head::Cause;
pub(crate) use head::Head;
pub use id::{EventId, EventIdError};
pub use key::{EventKey, KeyField, key_field};
pub(crate) use kind::Written;
pub use kind::{EventType, FlatJson};
pub use list::{EventShape, EventTypes};
pub(crate) use metadata::InheritedKeys;
pub use metadata::Metadata;
pub(crate) use question::{Question, put_reply};
pub use raw::RawEvent;
pub use size::memory_size;
pub use standard::{DeliveryFailed, EventInvalid};
pub use symbol::{HandlerSymbol, assert_symbol};
pub use timestamp::{Timestamp, TimestampError};

/// A plain struct with a type string, such as `shop.order.created`.
///
/// [`#[event]`](macro@crate::event) and [`#[derive(Event)]`](derive@crate::Event) implement it. They check the struct,
/// put it into the registry, and make sure that no two events of a program share one type string.
///
/// ```
/// use atoms::{Event, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// assert_eq!(OrderCreated::TYPE, "shop.order.created");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "put `#[event(type = \"...\")]` on the struct `{Self}`"
)]
pub trait Event: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// The type string, which says on the wire which event a frame is.
    const TYPE: &'static str;

    /// The version of the struct, as `version = n` declares it. On the wire it is the `schema_version` in
    /// the metadata, which only versions above 1 have.
    const VERSION: u32 = 1;

    /// Whether a root emit that nobody handles is an error, as `must_handle` declares it.
    const MUST_HANDLE: bool = false;

    /// Where it may go in a conversation, as `from(...)`, `to(...)` and `interruptible` declare it.
    const FLOW: Flow = Flow::INTERNAL;

    /// Whether fields that the struct does not have are refused on the wire.
    const DENY_UNKNOWN_FIELDS: bool = false;

    /// The names on the wire of the fields whose values no message may show. An empty name stands for a flattened
    /// field, whose members may have any name.
    const SENSITIVE: &'static [&'static str] = &[];

    /// Returns the key of this event, as `#[event(key)]` on a field says: events of one key are handled in order
    /// when they are posted. Events that are emitted, or returned by the handler of an emitted event, do not wait for
    /// their keys; `#[handler(post)]` posts what a handler returns and emits.
    fn key(&self) -> Option<EventKey> {
        None
    }

    /// Whether it is emitted or, being a [`Request`], asked: [`Emitted`] or [`Asked`].
    type Kind: EventKind;

    /// Returns the description of this type of events.
    fn event_type() -> &'static EventType;

    /// Reads a flat JSON object whose payload is of this version, which is [`VERSION`](Self::VERSION)
    /// or, in an event that `upcasts`, an older one.
    #[doc(hidden)]
    fn __read(_version: u32, frame: &str) -> Result<Envelope<Self>, upcast::Unread> {
        upcast::read_own(frame)
    }

    /// Says to the linker that the handler `H` handles this event.
    #[doc(hidden)]
    extern "C" fn __handled_by<H>() {}

    /// Says to the linker that the handler `H` answers this request: a second one does not link.
    #[doc(hidden)]
    extern "C" fn __answered_by<H: HandlerSymbol>() {}

    /// Asks the linker for a handler of this event, wherever the code that emits it is live.
    #[doc(hidden)]
    #[inline(always)]
    fn __needs_handler<Emitting>() {}
}
