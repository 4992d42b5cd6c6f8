//! An event with what is known of this one occurrence.

use std::fmt;
use std::ops::Deref;

use super::carried::Carrying;
use super::never::{Never, Nobody};
use super::{Carried, DeliveryFailed, Event, EventId, Head, IsEmitted, Metadata, Timestamp};

/// An event with its id, its timestamp and its metadata.
///
/// It dereferences to the event. The id and the timestamp of an event that was made in this process are set when they
/// are first read. With serde, an envelope is the flat object that is on the wire.
///
/// ```
/// use atoms::{Envelope, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// let order = Envelope::new(OrderCreated { order_id: "o-1".into() }).with_id("evt-1".parse()?);
/// assert_eq!(order.order_id, "o-1");
/// assert_eq!(order.id().to_string(), "evt-1");
/// # Ok::<(), atoms::EventIdError>(())
/// ```
#[derive(Clone)]
pub struct Envelope<E> {
    head: Head,
    event: E,
}

impl<E> Envelope<E> {
    /// Creates an envelope around an event that happens now.
    #[inline]
    pub fn new(event: E) -> Self {
        Self { head: Head::default(), event }
    }

    pub(crate) fn from_head(head: Head, event: E) -> Self {
        Self { head, event }
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.head.set_id(id);
        self
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.head.set_timestamp(timestamp);
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.head.set_metadata(metadata);
        self
    }

    /// Sets a value that the event carries in this process, and that all events which follow from it carry, too.
    #[must_use]
    pub fn carry<T: Carried>(mut self, value: T) -> Self {
        self.head.set_carrying(self.head.carrying().with(value));
        self
    }

    /// Sets all values that the event carries in this process.
    #[must_use]
    pub fn with_carrying(mut self, carrying: Carrying) -> Self {
        self.head.set_carrying(carrying);
        self
    }

    /// Returns the values that the event carries in this process.
    pub fn carrying(&self) -> &Carrying {
        self.head.carrying()
    }

    /// Returns the value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&T> {
        self.head.carrying().get()
    }

    /// Returns the id, which is made now if there is none yet.
    pub fn id(&self) -> &EventId {
        self.head.id()
    }

    /// Returns the timestamp, which is taken now if there is none yet.
    pub fn timestamp(&self) -> Timestamp {
        self.head.timestamp()
    }

    /// Returns the metadata.
    pub fn metadata(&self) -> &Metadata {
        self.head.metadata()
    }

    /// Returns the metadata, so that they can be changed.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        self.head.metadata_mut()
    }

    /// Returns the event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// The same envelope around what is made of the event.
    pub(crate) fn map<F>(self, make: impl FnOnce(E) -> F) -> Envelope<F> {
        Envelope { head: self.head, event: make(self.event) }
    }

    /// Returns the event, without its envelope.
    pub fn into_event(self) -> E {
        self.event
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    #[inline]
    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// Shows the id and the timestamp only if somebody has looked at them before.
impl<E: fmt::Debug> fmt::Debug for Envelope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.head.known_id())
            .field("timestamp", &self.head.known_timestamp())
            .field("metadata", self.metadata())
            .field("event", &self.event)
            .finish()
    }
}

impl<E> Deref for Envelope<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E: Event> From<E> for Envelope<E> {
    fn from(event: E) -> Self {
        Self::new(event)
    }
}

/// An event that can be emitted, with or without its envelope.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be emitted",
    label = "not an event",
    note = "an event is a struct with `#[event(type = \"...\")]` on it, and is emitted by value: emit a `.clone()` of a reference",
    note = "an `#[event_set]` is returned by a handler, or emitted by `bus.emit_any(&set.into())`, an `AnyEvent` by `bus.emit_any(&event)`, and several events by `bus.emit_all(events)`",
    note = "a request is not emitted, but asked: `bus.request(...).await?`, or `context.request(...)` in a handler"
)]
pub trait IntoEnvelope: Send {
    /// The event.
    type Event: Event;

    /// Returns the event in its envelope, which is a new one if it has none.
    fn into_envelope(self) -> Envelope<Self::Event>;

    /// The type `T`. Functions that take an event return it, so that for an argument that is no event rustc does not
    /// know what they return, and reports the argument only.
    type Returned<T: IntoFuture>: IntoFuture<Output = T::Output, IntoFuture = T::IntoFuture>;

    /// Returns `value`.
    fn returned<T: IntoFuture>(value: T) -> Self::Returned<T>;
}

impl<E: Event<Kind: IsEmitted<E>>> IntoEnvelope for E {
    type Event = E;
    type Returned<T: IntoFuture> = T;

    #[inline]
    fn into_envelope(self) -> Envelope<E> {
        Envelope::new(self)
    }

    #[inline(always)]
    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event<Kind: IsEmitted<E>>> IntoEnvelope for Envelope<E> {
    type Event = E;
    type Returned<T: IntoFuture> = T;

    #[inline]
    fn into_envelope(self) -> Envelope<E> {
        self
    }

    #[inline(always)]
    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}

/// Applies to nothing: see `Never`.
#[diagnostic::do_not_recommend]
impl<E: for<'a> Never<'a> + Send> IntoEnvelope for E
where
    for<'a> Nobody: Never<'a>,
{
    type Event = DeliveryFailed;
    type Returned<T: IntoFuture> = T;

    fn into_envelope(self) -> Envelope<DeliveryFailed> {
        unreachable!("nothing implements `Never`")
    }

    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}
