//! An event of any type.

use std::any::Any;
use std::fmt::{self, Debug};
use std::hash::BuildHasher;
use std::num::NonZeroU64;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::carried::{Carrying, restored};
use super::erased::EventRef;
use super::metadata::InheritedKeys;
use super::pattern;
use super::size::memory_size;
use super::{
    Carried, Envelope, Event, EventId, EventKey, EventType, Head, IntoEnvelope, Metadata, RawEvent, Timestamp,
};
use crate::caught::{DropCaught, Guarded, caught};

/// An event of any type in its envelope, shared and cheap to clone.
///
/// Showing or dropping it does not panic, even if the event's own `Debug` or `Drop` does.
///
/// Handlers of every event take it, and a [`Codec`](crate::Codec) reads and writes it. An event whose type this program
/// does not know is in it as a [`RawEvent`].
///
/// ```
/// use atoms::{AnyEvent, Envelope, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// let any = AnyEvent::from(Envelope::new(OrderCreated { order_id: "o-1".into() }));
/// assert_eq!(any.event_type(), "shop.order.created");
/// assert_eq!(any.downcast_ref::<OrderCreated>().unwrap().order_id, "o-1");
/// ```
#[derive(Clone)]
pub struct AnyEvent(DropCaught<Arc<dyn Inner>>);

/// An envelope of a type that is not known here, or a raw event.
pub(crate) trait Inner: Any + Debug + Send + Sync {
    fn event_ref(&self) -> EventRef<'_>;
    fn head_mut(&mut self) -> &mut Head;
    fn to_any(&self) -> AnyEvent;

    /// About how many bytes of memory it takes.
    fn size(&self) -> usize;

    /// The event without its envelope.
    fn payload(&self) -> &dyn Debug;

    /// The key under which it is handled in order when it is posted.
    fn key(&self) -> Option<EventKey> {
        None
    }

    /// The hash of the key's bytes, which are not moved for it: that takes longer than the hash.
    fn key_hash(&self, _hasher: &RandomState) -> Option<u64> {
        None
    }

    /// Where the reply goes, if this is a request and somebody waits for one.
    fn reply_slot(&self) -> Option<&dyn Any> {
        None
    }
}

impl<E: Event> Inner for Envelope<E> {
    fn event_ref(&self) -> EventRef<'_> {
        EventRef::new(self)
    }

    fn head_mut(&mut self) -> &mut Head {
        self.head_mut()
    }

    fn to_any(&self) -> AnyEvent {
        self.clone().into()
    }

    fn size(&self) -> usize {
        self.head().size() + memory_size(self.event())
    }

    fn payload(&self) -> &dyn Debug {
        self.event()
    }

    fn key(&self) -> Option<EventKey> {
        self.head().key().map_or_else(|| self.event().key(), |key| key.cloned())
    }

    fn key_hash(&self, hasher: &RandomState) -> Option<u64> {
        if let Some(key) = self.head().key() {
            return key.map(|key| hash(key, hasher));
        }
        let key = self.event().key();
        key.as_ref().map(|key| hash(key, hasher))
    }
}

fn hash(key: &EventKey, hasher: &RandomState) -> u64 {
    hasher.hash_one(key.as_bytes())
}

impl Inner for RawEvent {
    fn key(&self) -> Option<EventKey> {
        self.head().key().flatten().cloned()
    }

    fn key_hash(&self, hasher: &RandomState) -> Option<u64> {
        self.head().key().flatten().map(|key| hash(key, hasher))
    }

    fn event_ref(&self) -> EventRef<'_> {
        EventRef::raw(self)
    }

    fn head_mut(&mut self) -> &mut Head {
        self.head_mut()
    }

    fn to_any(&self) -> AnyEvent {
        self.clone().into()
    }

    fn size(&self) -> usize {
        self.head().size() + self.event_type().len() + self.frame().len()
    }

    fn payload(&self) -> &dyn Debug {
        self
    }
}

impl AnyEvent {
    /// Creates an event that your code keeps, and emits or posts later by [`Bus::emit_any`](crate::Bus::emit_any) or
    /// [`Bus::post_any`](crate::Bus::post_any).
    ///
    /// Like code that emits an event, code that calls this needs a linked handler of an event that declares
    /// `must_handle`. [`From`] needs none.
    ///
    /// ```
    /// use atoms::{AnyEvent, Bus, event, handler};
    ///
    /// #[event(type = "shop.refund.due", must_handle)]
    /// struct RefundDue;
    ///
    /// #[handler]
    /// fn refund(_: &RefundDue) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let later = vec![AnyEvent::to_emit(RefundDue)];
    /// for event in &later {
    ///     Bus::start()?.emit_any(event).await.into_result()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn to_emit<I: IntoEnvelope>(event: I) -> Self {
        I::Event::__needs_handler::<()>();
        event.into_envelope().into()
    }

    /// Returns the type string.
    pub fn event_type(&self) -> &str {
        self.event_ref().name()
    }

    /// Returns the description of the type, or `None` for a [`RawEvent`].
    pub fn known_type(&self) -> Option<&'static EventType> {
        self.event_ref().event_type()
    }

    /// Returns the id, which is made now if there is none yet.
    pub fn id(&self) -> &EventId {
        self.head().id()
    }

    /// Returns the timestamp, which is taken now if there is none yet.
    pub fn timestamp(&self) -> Timestamp {
        self.head().timestamp()
    }

    /// Returns the metadata.
    pub fn metadata(&self) -> &Metadata {
        self.head().metadata()
    }

    /// Returns the number of events before this one in its chain, as the bus counted them: 0 for the first one. No
    /// frame contains it.
    pub fn hops(&self) -> u32 {
        self.head().hops()
    }

    /// Returns the key of the event, if it has one: the one that it is [posted with](crate::Post::key), or otherwise that
    /// of the event itself, [`Event::key`].
    pub fn key(&self) -> Option<EventKey> {
        self.0.key()
    }

    pub(crate) fn key_hash(&self, hasher: &RandomState) -> Option<u64> {
        self.0.key_hash(hasher)
    }

    /// Returns about how many bytes of memory the event takes, with its metadata and what it owns on the heap.
    ///
    /// This is what the limits in bytes of queues, mailboxes and dead letters count. It is computed at each call,
    /// from the event's `Serialize`: fields that are skipped there are not counted. The frame of a [`RawEvent`]
    /// is counted exactly.
    ///
    /// ```
    /// use atoms::{AnyEvent, Envelope, event};
    ///
    /// #[event(type = "shop.note.taken")]
    /// struct NoteTaken {
    ///     text: String,
    /// }
    ///
    /// let note = AnyEvent::from(Envelope::new(NoteTaken { text: "x".repeat(10_000) }));
    /// assert!((10_000..11_000).contains(&note.size()));
    /// ```
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Returns whether a pattern selects the type string, as `#[handler(pattern = "shop.order.*")]` does: `*` stands for
    /// one segment, and `**` at the end for one or more.
    pub fn is_selected_by(&self, pattern: &str) -> bool {
        pattern::matches(pattern, self.event_type())
    }

    /// Returns whether this is an event `E`.
    pub fn is<E: Event>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// Returns the event `E` in its envelope, if it is one.
    pub fn downcast_ref<E: Event>(&self) -> Option<&Envelope<E>> {
        (&**self.0 as &dyn Any).downcast_ref()
    }

    /// Returns the event `E` in its envelope, or this event again if it is another one.
    pub fn downcast<E: Event>(self) -> Result<Arc<Envelope<E>>, Self> {
        if self.is::<E>() {
            let any: Arc<dyn Any + Send + Sync> = Arc::clone(&self.0) as _;
            any.downcast().map_err(|_| self)
        } else {
            Err(self)
        }
    }

    /// Returns the raw event, if this program does not know its type.
    pub fn as_raw(&self) -> Option<&RawEvent> {
        (&**self.0 as &dyn Any).downcast_ref()
    }

    /// The event without its envelope, for messages. Showing it does not panic.
    pub(crate) fn payload(&self) -> impl Debug {
        Guarded(self.0.payload())
    }

    #[inline]
    pub(crate) fn event_ref(&self) -> EventRef<'_> {
        self.0.event_ref()
    }

    /// The same event, as one that is emitted in a handler of `parent`, and waited for there.
    pub(crate) fn nested(self, parent: &Head, keys: &InheritedKeys) -> Self {
        self.changed(|head| head.nest(parent, keys))
    }

    /// The same event, as one that is posted in a handler of `parent`.
    pub(crate) fn posted_by(self, parent: &Head, keys: &InheritedKeys) -> Self {
        self.changed(|head| {
            head.follow(parent, keys);
            head.unnest();
        })
    }

    /// The same event, as one that a chain of events begins with.
    pub(crate) fn begun_anew(self) -> Self {
        self.changed(Head::begin_anew)
    }

    /// The same event, so far from the one that its chain began with.
    pub(crate) fn with_hops(self, hops: u32) -> Self {
        self.changed(|head| head.set_hops(hops))
    }

    /// The same event, which is posted with this key, or without one.
    pub(crate) fn with_key(self, key: Option<EventKey>) -> Self {
        self.changed(|head| head.set_key(key))
    }

    /// The same event, which the layers of the bus with this mark have checked.
    pub(crate) fn with_post_mark(self, mark: NonZeroU64) -> Self {
        self.changed(|head| head.set_post_mark(mark))
    }

    /// The same event, as one for which nobody waits.
    pub(crate) fn unnested(self) -> Self {
        self.changed(Head::unnest)
    }

    /// The same event, with what its envelope was when it was stored.
    pub(crate) fn with_parts(self, id: EventId, timestamp: Timestamp, metadata: Metadata) -> Self {
        self.changed(|head| head.set_parts(id, timestamp, metadata))
    }

    /// Returns the same event with other metadata. The frame of a [`RawEvent`] stays as it is.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        self.changed(|head| head.set_metadata(metadata))
    }

    /// Returns the same event with a value that it carries in this process, as all events that follow from it do.
    #[must_use]
    pub fn carry<T: Carried>(self, value: T) -> Self {
        let carrying = self.carrying().with(value);
        self.with_carrying(carrying)
    }

    /// Returns the same event with other values that it carries in this process.
    #[must_use]
    pub fn with_carrying(self, carrying: Carrying) -> Self {
        self.changed(|head| head.set_carrying(carrying))
    }

    /// Returns the values that the event carries in this process.
    pub fn carrying(&self) -> &Carrying {
        self.head().carrying()
    }

    /// Returns the value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&T> {
        self.head().carrying().get()
    }

    /// Returns the values that the event carries and keeps when it is stored: the name of each, and its JSON or the
    /// error of writing it. [`restore`](Self::restore) brings them back.
    pub fn stored_values(&self) -> impl Iterator<Item = (&'static str, serde_json::Result<String>)> {
        self.head().carrying().stored()
    }

    /// Returns the same event, which carries a value that was [stored](Self::stored_values) as this JSON. A value is
    /// left out if its type says that it is not stored.
    pub fn restore<T: Carried>(self, json: &str) -> serde_json::Result<Self> {
        match restored::<T>(json) {
            Some(value) => value.map(|value| self.carry(value)),
            None => Ok(self),
        }
    }

    /// This event if nobody else has it, and otherwise a clone; gives it back if its `Clone` panics.
    pub(crate) fn unshared(mut self) -> Result<Self, Self> {
        if Arc::get_mut(&mut self.0).is_some() {
            return Ok(self);
        }
        caught(|| self.0.to_any()).map_err(|_| self)
    }

    /// The same event with another head; cloned if it is shared.
    fn changed(mut self, change: impl FnOnce(&mut Head)) -> Self {
        if Arc::get_mut(&mut self.0).is_none() {
            self = self.0.to_any();
        }
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner.head_mut());
        }
        self
    }

    pub(crate) fn head(&self) -> &Head {
        self.event_ref().head()
    }
}

impl<E: Event> From<Envelope<E>> for AnyEvent {
    fn from(envelope: Envelope<E>) -> Self {
        Self(DropCaught::new(Arc::new(envelope)))
    }
}

impl<E: Event> From<Arc<Envelope<E>>> for AnyEvent {
    fn from(envelope: Arc<Envelope<E>>) -> Self {
        Self(DropCaught::new(envelope))
    }
}

impl From<RawEvent> for AnyEvent {
    fn from(raw: RawEvent) -> Self {
        Self(DropCaught::new(Arc::new(raw)))
    }
}

impl Debug for AnyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Guarded(&**self.0).fmt(f)
    }
}
