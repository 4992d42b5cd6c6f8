//! What is known of one occurrence of an event, whatever its type, and what follows from it.

use std::num::NonZeroU64;
use std::sync::{LazyLock, OnceLock};

use super::carried::Carrying;
use super::metadata::InheritedKeys;
use super::{Carried, Envelope, EventId, EventKey, InSession, Metadata, Timestamp};

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
    post: AsPosted,
}

/// What is known of an event that was posted, and not of what follows from it.
#[derive(Debug, Clone, Default)]
struct AsPosted {
    /// The key that it is posted with, or that it is posted without one, if that is not what the event itself says.
    key: Option<Option<EventKey>>,
    /// Which bus has checked it then.
    mark: Option<NonZeroU64>,
}

impl Extra {
    fn boxed(metadata: Metadata, carrying: Carrying) -> Option<Box<Self>> {
        let is_needed = !metadata.is_empty() || !carrying.is_empty();
        is_needed.then(|| Box::new(Self { metadata, carrying, post: AsPosted::default() }))
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

    /// The id, if anybody has looked at it.
    pub(crate) fn known_id(&self) -> Option<&EventId> {
        self.id.get()
    }

    /// The timestamp, if anybody has looked at it.
    pub(crate) fn known_timestamp(&self) -> Option<&Timestamp> {
        self.timestamp.get()
    }

    pub(crate) fn set_id(&mut self, id: EventId) {
        self.id = id.into();
    }

    pub(crate) fn set_timestamp(&mut self, timestamp: Timestamp) {
        self.timestamp = timestamp.into();
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.extra.as_deref().map_or(&NO_METADATA, |extra| &extra.metadata)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        let key = self.key().flatten().map_or(0, |key| key.as_bytes().len());
        size_of::<Self>() + key + self.extra.as_deref().map_or(0, |extra| extra.metadata.size())
    }

    pub(crate) fn set_metadata(&mut self, metadata: Metadata) {
        *self.metadata_mut() = metadata;
    }

    pub(crate) fn metadata_mut(&mut self) -> &mut Metadata {
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

    /// The key that it is posted with, if that is not its own.
    #[inline]
    pub(crate) fn key(&self) -> Option<Option<&EventKey>> {
        self.extra.as_deref()?.post.key.as_ref().map(Option::as_ref)
    }

    pub(crate) fn set_key(&mut self, key: Option<EventKey>) {
        self.extra.get_or_insert_default().post.key = Some(key);
    }

    /// The mark of the bus whose layers have checked it when it was posted.
    pub(crate) fn post_mark(&self) -> Option<NonZeroU64> {
        self.extra.as_deref()?.post.mark
    }

    pub(crate) fn set_post_mark(&mut self, mark: NonZeroU64) {
        self.extra.get_or_insert_default().post.mark = Some(mark);
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
    pub(crate) fn nest(&mut self, parent: &Head, keys: &InheritedKeys) {
        self.follow(parent, keys);
        self.nested = parent.nested + 1;
    }

    /// Says that a chain of events begins with this one.
    pub(crate) fn begin_anew(&mut self) {
        (self.hops, self.nested) = (0, 0);
    }

    /// Says what the envelope of the event was when it was stored.
    pub(crate) fn set_parts(&mut self, id: EventId, timestamp: Timestamp, metadata: Metadata) {
        self.set_id(id);
        self.set_timestamp(timestamp);
        self.set_metadata(metadata);
    }

    /// Says how many events lie between this one and the one that its chain began with.
    pub(crate) fn set_hops(&mut self, hops: u32) {
        self.hops = hops;
    }

    /// Says that nobody waits for this event.
    pub(crate) fn unnest(&mut self) {
        self.nested = 0;
        if let Some(session) = self.carrying().get::<InSession>().and_then(InSession::unattended) {
            self.set_carrying(self.carrying().with(session));
        }
    }

    /// What those that follow from this event need of it: the id, the hops, and of the metadata what is inherited.
    pub(crate) fn as_cause(&self, keys: &InheritedKeys) -> Self {
        let inherited = self.metadata().inherited(keys).map(|(key, value)| (key, value.clone()));
        Self {
            id: self.id().clone().into(),
            timestamp: OnceLock::new(),
            extra: Extra::boxed(inherited.collect(), self.carrying().clone()),
            hops: self.hops,
            nested: self.nested,
        }
    }

    /// Makes this event a consequence of `parent`, from which it inherits these keys, too.
    pub(crate) fn follow(&mut self, parent: &Head, keys: &InheritedKeys) {
        // It may be a copy of one that was posted.
        if let Some(extra) = &mut self.extra {
            extra.post = AsPosted::default();
        }
        self.hops = parent.hops + 1;
        self.nested = parent.nested;
        if !parent.carrying().is_empty() {
            self.set_carrying(self.carrying().or(parent.carrying()));
        }
        parent.pass_on(self.metadata_mut(), keys);
    }

    /// Says in the metadata of an event that it is a consequence of this one.
    pub(crate) fn pass_on(&self, metadata: &mut Metadata, keys: &InheritedKeys) {
        if let Some(session) = self.carrying().get::<InSession>()
            && metadata.session_id().is_none()
        {
            metadata.set_session_id(session.id());
        }
        metadata.inherit(self.id(), self.metadata(), keys);
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

/// What the events that follow from an event need of it: its id, how long its chain is, and what they inherit of
/// its metadata.
#[derive(Debug)]
pub struct Cause {
    head: Head,
    keys: InheritedKeys,
}

impl Cause {
    /// Of an event whose followers inherit these keys, too.
    pub(crate) fn of(head: &Head, keys: &InheritedKeys) -> Self {
        Self { head: head.as_cause(keys), keys: keys.clone() }
    }

    /// Returns the id of the event.
    pub fn id(&self) -> &EventId {
        self.head.id()
    }

    /// Returns what the events that follow inherit of its metadata.
    pub fn metadata(&self) -> &Metadata {
        self.head.metadata()
    }

    /// Returns the id of the session that the event belongs to, if it belongs to one.
    pub fn session_id(&self) -> Option<&str> {
        let carried = self.carried().map(InSession::id);
        carried.or_else(|| self.metadata().session_id())
    }

    /// Returns the value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&T> {
        self.head.carrying().get()
    }

    /// Returns how many events wait for each other, each in a handler of the one before it, up to this one.
    pub fn nested(&self) -> u32 {
        self.head.nested()
    }

    /// Makes an event a consequence of this one, for which the handler waits.
    pub fn wait_for<E>(&self, envelope: &mut Envelope<E>) {
        envelope.head_mut().nest(&self.head, &self.keys);
    }

    /// Makes an event a consequence of this one.
    pub fn lead_to<E>(&self, envelope: &mut Envelope<E>) {
        envelope.head_mut().follow(&self.head, &self.keys);
    }
}
