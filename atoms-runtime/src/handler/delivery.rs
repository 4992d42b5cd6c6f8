//! One call of a handler.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use super::HandlerInfo;
use super::outlet::{self, Outlet};
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, Carried, Envelope, Event, EventId, Metadata, Timestamp, put_reply};

/// Who calls a handler: gives what a delivery has beside its event, when somebody first wants it.
pub(crate) trait Caller: Sync {
    /// The event as one that can be kept; cloned once.
    fn any(&self) -> &AnyEvent;

    /// Where the handler's events go; made once.
    fn outlet(&self) -> &Arc<dyn Outlet>;

    /// The same, if something else than a bus calls the handler.
    fn own_outlet(&self) -> Option<&Arc<dyn Outlet>>;

    /// The bus, for those on higher floors who know what that is.
    fn bus(&self) -> &dyn Any;

    /// Where what the handler emits is held until it is done, for the same.
    fn hold(&self) -> Option<&dyn Any>;

    /// The value of this type that the innermost layer which has one lays around the call.
    fn extension(&self, type_id: TypeId) -> Option<&(dyn Any + Send + Sync)>;
}

/// One call of one handler for one event. The parameters of the handler are extracted from it.
pub struct Delivery<'a> {
    event: &'a EventRef<'a>,
    caller: &'a dyn Caller,
    handler: fn() -> &'static HandlerInfo,
}

impl<'a> Delivery<'a> {
    #[inline]
    pub(crate) fn new(
        event: &'a EventRef<'a>,
        caller: &'a dyn Caller,
        handler: fn() -> &'static HandlerInfo,
    ) -> Self {
        Self { event, caller, handler }
    }

    /// Returns the handler that is called.
    pub fn handler(&self) -> &'static HandlerInfo {
        (self.handler)()
    }

    /// Returns the event as one that can be kept. It is cloned at most once, for all that ask.
    pub fn any(&self) -> &'a AnyEvent {
        self.caller.any()
    }

    /// Returns the type string of the event.
    pub fn event_type(&self) -> &'a str {
        self.event.name()
    }

    /// Returns the id of the event, which is made now if there is none yet.
    pub fn id(&self) -> &'a EventId {
        self.event.head().id()
    }

    /// Returns the timestamp of the event, which is taken now if there is none yet.
    pub fn timestamp(&self) -> Timestamp {
        self.event.head().timestamp()
    }

    /// Returns the metadata of the event.
    pub fn metadata(&self) -> &'a Metadata {
        self.event.head().metadata()
    }

    /// Returns the value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&'a T> {
        self.event.head().carrying().get()
    }

    /// Returns the value of this type that a [`Layer`](crate::Layer) has added to the delivery, if one has. If several
    /// have, returns that of the innermost layer.
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<&'a T> {
        self.caller.extension(TypeId::of::<T>())?.downcast_ref()
    }

    /// Returns the number of events before this one in its chain: 0 for the first one.
    pub fn hops(&self) -> u32 {
        self.event.head().hops()
    }

    /// Returns the outlet of the handler's events, if no bus calls the handler.
    pub fn outlet(&self) -> Option<&'a Arc<dyn Outlet>> {
        self.caller.own_outlet()
    }

    #[inline]
    pub(crate) fn event(&self) -> EventRef<'a> {
        *self.event
    }

    pub(crate) fn caller(&self) -> &'a dyn Caller {
        self.caller
    }

    /// Passes the reply to the caller of the request. It is dropped if nobody waits for it: the request was received as
    /// a frame, or is a dead letter that is delivered again.
    #[inline]
    pub(crate) fn reply<Reply: 'static>(&self, reply: Reply) {
        if let Some(slot) = self.event.reply_slot() {
            put_reply(slot, reply);
        }
    }

    /// Emits an event as a consequence of this one.
    pub(crate) fn follow_up<E: Event>(&self, envelope: Envelope<E>) {
        E::__needs_handler::<()>();
        // What is refused is in the receipt of the root event or among the dead letters.
        let _ = outlet::emit(&**self.caller.outlet(), envelope);
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("event_type", &self.event_type())
            .field("id", self.id())
            .field("handler", &self.handler().path())
            .finish_non_exhaustive()
    }
}
