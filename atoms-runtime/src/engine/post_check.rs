//! What layers do when an event is posted, long before it is delivered.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::num::NonZeroU64;

use super::Engine;
use super::parent::parent_of;
use crate::caught::caught;
use crate::event::{AnyEvent, Head, Metadata};
use crate::handler::Veto;

/// The part of an [`EmitLayer`](crate::EmitLayer) that looks at events when they are posted.
///
/// What is posted can be refused at once: whoever posts gets a veto as
/// [`PostRefusal::Vetoed`](crate::PostRefusal::Vetoed), with the event.
///
/// It is called once for each post, in the task that posts, also if the event is due later or the queue is full then. It is
/// not called for events that handlers return or emit, nor for [`into_new_post`](crate::Post::into_new_post): the layer
/// sees these when they are delivered. When a checked event is delivered,
/// [`NextEmit::was_checked`](crate::NextEmit::was_checked) says so. It does not say so of an event that another process
/// posted, that was given back to its store, or that was a dead letter: these are checked again.
pub trait PostLayer {
    /// Looks at an event that is about to be posted. A veto refuses it, and so does a panic. It must not block.
    fn before_post(&self, post: &mut PostCheck<'_>) -> Result<(), Veto>;
}

/// An event that is about to be posted.
#[derive(Debug)]
pub struct PostCheck<'a> {
    event: &'a AnyEvent,
    metadata: Option<Metadata>,
    parent: Option<AnyEvent>,
}

impl PostCheck<'_> {
    /// Returns the event as it came.
    pub fn event(&self) -> &AnyEvent {
        self.event
    }

    /// Returns the event in whose handler this one is posted; `None` outside of a handler, and in a task that one has spawned.
    pub fn parent(&self) -> Option<&AnyEvent> {
        self.parent.as_ref()
    }

    /// Returns the metadata that the event will have, as the layers around this one left them.
    pub fn metadata(&self) -> &Metadata {
        self.metadata.as_ref().unwrap_or_else(|| self.event.metadata())
    }

    /// Returns the event as it came, and the metadata that it will have, so that they can be changed. The frame of a
    /// [`RawEvent`](crate::RawEvent) stays as it is.
    pub fn parts(&mut self) -> (&AnyEvent, &mut Metadata) {
        let event = self.event;
        (event, self.metadata.get_or_insert_with(|| event.metadata().clone()))
    }
}

/// Says in an event that the layers of this bus have checked it when it was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PostMark(NonZeroU64);

impl PostMark {
    /// One that no other bus has.
    pub(crate) fn new() -> Self {
        let number = RandomState::new().build_hasher().finish();
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }
}

impl Engine {
    /// Whether a layer looks at what is posted.
    #[inline]
    pub(crate) fn checks_posts(&self) -> bool {
        self.post_mark.is_some()
    }

    /// Whether the layers have checked this posted event.
    pub(crate) fn has_checked(&self, head: &Head) -> bool {
        self.post_mark.is_some_and(|mark| head.post_mark() == Some(mark.0))
    }

    /// The event as the layers let it pass, or the veto of one.
    #[cold]
    pub(crate) fn check_post(&self, event: AnyEvent) -> Result<AnyEvent, (AnyEvent, Veto)> {
        let Some(mark) = self.post_mark else { return Ok(event) };
        let mut check = PostCheck { event: &event, metadata: None, parent: parent_of(event.metadata()) };
        for layer in &self.emit_layers {
            let verdict = caught(|| layer.before_post(&mut check));
            let verdict = verdict.unwrap_or_else(|panic| Err(Veto::new(format!("it panicked: {panic}"))));
            if let Err(mut veto) = verdict {
                veto.name(layer.name());
                return Err((event, veto));
            }
        }
        let metadata = check.metadata.take();
        let event = event.unshared().map_err(|event| (event, Veto::new("the event's `Clone` panicked")))?;
        let event = event.with_post_mark(mark.0);
        Ok(match metadata {
            Some(metadata) if metadata != *event.metadata() => event.with_metadata(metadata),
            _ => event,
        })
    }
}
