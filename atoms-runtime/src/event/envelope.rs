//! An event with what is known of this one occurrence.

use std::fmt;
use std::ops::Deref;
use std::sync::{LazyLock, OnceLock};

use super::carried::Carrying;
use super::never::{Never, Nobody};
use super::{Carried, DeliveryFailed, Event, EventId, IsEmitted, Metadata, Timestamp};

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

/// Everything of an envelope that does not depend on the event's type.
#[derive(Debug, Default)]
pub(crate) struct Head {
    id: OnceLock<EventId>,
    timestamp: OnceLock<Timestamp>,
    /// One word, since most events have neither, and each is moved and dropped.
    extra: Option<Box<Extra>>,
    hops: u32,
    /// How many emits wait for each other, each in a handler of the one before it.
    nested: u32,
}

/// What an event may have beside its identity.
#[derive(Debug, Clone, Default)]
struct Extra {
    metadata: Metadata,
    carrying: Carrying,
}

impl Extra {
    fn boxed(metadata: Metadata, carrying: Carrying) -> Option<Box<Self>> {
        let is_needed = !metadata.is_empty() || !carrying.is_empty();
        is_needed.then(|| Box::new(Self { metadata, carrying }))
    }
}

static NO_METADATA: LazyLock<Metadata> = LazyLock::new(Metadata::new);
static CARRYING_NOTHING: Carrying = Carrying::new();

impl Head {
    pub(crate) fn from_parts(
        id: Option<EventId>,
        timestamp: Option<Timestamp>,
        metadata: Option<Metadata>,
    ) -> Self {
        Self {
            id: id.map_or_else(OnceLock::new, OnceLock::from),
            timestamp: timestamp.map_or_else(OnceLock::new, OnceLock::from),
            extra: Extra::boxed(metadata.unwrap_or_default(), Carrying::new()),
            ..Self::default()
        }
    }

    pub(crate) fn id(&self) -> &EventId {
        self.id.get_or_init(EventId::generate)
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        *self.timestamp.get_or_init(Timestamp::now)
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.extra.as_deref().map_or(&NO_METADATA, |extra| &extra.metadata)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.extra.as_deref().map_or(0, |extra| extra.metadata.size())
    }

    pub(crate) fn set_metadata(&mut self, metadata: Metadata) {
        *self.metadata_mut() = metadata;
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.extra.get_or_insert_default().metadata
    }

    #[inline]
    pub(crate) fn carrying(&self) -> &Carrying {
        self.extra.as_deref().map_or(&CARRYING_NOTHING, |extra| &extra.carrying)
    }

    pub(crate) fn set_carrying(&mut self, carrying: Carrying) {
        if self.extra.is_some() || !carrying.is_empty() {
            self.extra.get_or_insert_default().carrying = carrying;
        }
    }

    /// How many events lie between this one and the one that its chain began with.
    pub(crate) fn hops(&self) -> u32 {
        self.hops
    }

    /// Whether it is a consequence of another event.
    #[inline]
    pub(crate) fn is_in_chain(&self) -> bool {
        (self.hops | self.nested) != 0
    }

    pub(crate) fn nested(&self) -> u32 {
        self.nested
    }

    /// As [`follow`](Self::follow), of an event that is waited for in a handler of `parent`.
    pub(crate) fn nest(&mut self, parent: &Head) {
        self.follow(parent);
        self.nested = parent.nested + 1;
    }

    /// Says that a chain of events begins with this one.
    pub(crate) fn begin_anew(&mut self) {
        (self.hops, self.nested) = (0, 0);
    }

    /// Says what the envelope of the event was when it was stored.
    pub(crate) fn set_parts(&mut self, id: EventId, timestamp: Timestamp, metadata: Metadata) {
        (self.id, self.timestamp) = (id.into(), timestamp.into());
        self.set_metadata(metadata);
    }

    /// Says how many events lie between this one and the one that its chain began with.
    pub(crate) fn set_hops(&mut self, hops: u32) {
        self.hops = hops;
    }

    /// Says that nobody waits for this event.
    pub(crate) fn unnest(&mut self) {
        self.nested = 0;
    }

    /// What those that follow from this event need of it: the id, the hops, and of the metadata what is inherited.
    pub(crate) fn as_cause(&self) -> Self {
        Self {
            id: self.id().clone().into(),
            timestamp: OnceLock::new(),
            extra: Extra::boxed(self.metadata().all_inherited().unwrap_or_default(), self.carrying().clone()),
            hops: self.hops,
            nested: self.nested,
        }
    }

    /// Makes this event a consequence of `parent`.
    pub(crate) fn follow(&mut self, parent: &Head) {
        self.hops = parent.hops + 1;
        self.nested = parent.nested;
        if !parent.carrying().is_empty() {
            self.set_carrying(self.carrying().or(parent.carrying()));
        }
        parent.pass_on(self.metadata_mut());
    }

    /// Says in the metadata of an event that it is a consequence of this one.
    pub(crate) fn pass_on(&self, metadata: &mut Metadata) {
        metadata.inherit(self.id(), self.metadata());
    }
}

/// What the events that follow from an event need of it: its id, how long its chain is, and what they inherit of
/// its metadata.
#[derive(Debug)]
pub struct Cause(Head);

impl Cause {
    pub(crate) fn of(head: &Head) -> Self {
        Self(head.as_cause())
    }

    /// The id of the event.
    pub fn id(&self) -> &EventId {
        self.0.id()
    }

    /// What the events that follow inherit of its metadata.
    pub fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }

    /// The value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&T> {
        self.0.carrying().get()
    }

    /// How many events wait for each other, each in a handler of the one before it, up to this one.
    pub fn nested(&self) -> u32 {
        self.0.nested()
    }

    /// Makes an event a consequence of this one, for which the handler waits.
    pub fn wait_for<E>(&self, envelope: &mut Envelope<E>) {
        envelope.head.nest(&self.0);
    }

    /// Makes an event a consequence of this one.
    pub fn lead_to<E>(&self, envelope: &mut Envelope<E>) {
        envelope.head.follow(&self.0);
    }
}

impl Clone for Head {
    /// A clone is the same occurrence: what would be made when somebody first looks is made before.
    fn clone(&self) -> Self {
        Self {
            id: self.id().clone().into(),
            timestamp: self.timestamp().into(),
            extra: self.extra.clone(),
            hops: self.hops,
            nested: self.nested,
        }
    }
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
        self.head.id = id.into();
        self
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.head.timestamp = timestamp.into();
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
            .field("id", &self.head.id.get())
            .field("timestamp", &self.head.timestamp.get())
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
    note = "an event is a struct with `#[event(type = \"...\")]` on it, and is emitted by value: of a reference, emit a `.clone()`",
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
