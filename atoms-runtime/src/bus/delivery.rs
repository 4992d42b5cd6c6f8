//! One event on its way to its handlers.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::dead_letters::{DeadLetterCause, Redelivery};
use super::failure::Recipient;
use super::outlet::Outlet;
use super::source::Source;
use super::worklist::Worklist;
use super::{Bus, Shared};
use crate::caught::caught;
use crate::event::erased::EventRef;
use crate::event::{
    AnyEvent, Carried, DeliveryFailed, Envelope, Event, EventId, Metadata, Timestamp, put_reply,
};
use crate::handler::HandlerInfo;

/// One event that is being delivered, and the place of its receipt in the tree of the root's.
pub(crate) struct Step<'a> {
    pub(crate) event: EventRef<'a>,
    pub(crate) bus: &'a Arc<Shared>,
    pub(crate) node: usize,
    /// The event as one that can be kept, if it came as one.
    shared: Option<&'a AnyEvent>,
    /// Where the handler's events go, if it is not the bus that calls it.
    outlet: Option<&'a Arc<dyn Outlet>>,
    /// One thing to make and to drop, where most events need nothing of it.
    late: OnceLock<Box<Late>>,
}

/// What is made when somebody first wants it.
#[derive(Default)]
struct Late {
    any: OnceLock<AnyEvent>,
    size: OnceLock<usize>,
    source: OnceLock<Source>,
    worklist: OnceLock<Arc<Worklist>>,
    /// The dead letter that is delivered again.
    letter: OnceLock<Arc<Redelivery>>,
}

impl<'a> Step<'a> {
    #[inline]
    pub(crate) fn new(event: EventRef<'a>, bus: &'a Arc<Shared>) -> Self {
        Self { event, bus, node: 0, shared: None, outlet: None, late: OnceLock::new() }
    }

    /// As [`new`](Self::new), of an event that is shared already.
    pub(crate) fn of_any(event: &'a AnyEvent, bus: &'a Arc<Shared>) -> Self {
        Self { shared: Some(event), ..Self::new(event.event_ref(), bus) }
    }

    /// As [`of_any`](Self::of_any), of an event that followed from a root event.
    pub(crate) fn of_follow_up(
        event: &'a AnyEvent,
        bus: &'a Arc<Shared>,
        worklist: Arc<Worklist>,
        node: usize,
    ) -> Self {
        let late = Box::new(Late { worklist: worklist.into(), ..Late::default() });
        Self { node, late: late.into(), ..Self::of_any(event, bus) }
    }

    /// The same, for a handler that emits into `outlet`.
    pub(crate) fn into_outlet(self, outlet: &'a Arc<dyn Outlet>) -> Self {
        Self { outlet: Some(outlet), ..self }
    }

    pub(crate) fn outlet(&self) -> Option<&'a Arc<dyn Outlet>> {
        self.outlet
    }

    /// As [`of_any`](Self::of_any), of a dead letter that is delivered again.
    pub(super) fn of_letter(event: &'a AnyEvent, letter: &Arc<Redelivery>, bus: &'a Arc<Shared>) -> Self {
        let late = Box::new(Late { letter: Arc::clone(letter).into(), ..Late::default() });
        Self { late: late.into(), ..Self::of_any(event, bus) }
    }

    /// The dead letter that is delivered again, if it is one.
    pub(super) fn letter(&self) -> Option<&Arc<Redelivery>> {
        self.late.get().and_then(|late| late.letter.get())
    }

    /// Whether somebody waits for this recipient's reply.
    pub(crate) fn is_answered_by(&self, recipient: Recipient) -> bool {
        let asked = self.event.reply_slot().and(self.event.event_type());
        asked.is_some_and(|request| recipient.handler_of(request).is_some())
    }

    /// Puts the event among the dead letters, and tells those who want to know.
    pub(crate) fn bury(&self, cause: DeadLetterCause) {
        if let Some(failed) = self.keep(cause) {
            self.source().tell(failed);
        }
    }

    /// As [`bury`](Self::bury), when the delivery has ended already: posts what those are told.
    pub(crate) fn bury_late(&self, cause: DeadLetterCause) {
        let Some(failed) = self.keep(cause) else { return };
        let failed = AnyEvent::from(Envelope::new(failed)).posted_by(self.event.head());
        if let Err(error) = Bus::from(Arc::clone(self.bus)).post_any(failed).try_send() {
            tracing::error!(%error, "nobody is told of a dead letter");
        }
    }

    /// Puts the event among the dead letters; what to tell those who want to know, if anybody does.
    fn keep(&self, cause: DeadLetterCause) -> Option<DeliveryFailed> {
        let Ok(event) = caught(|| self.any().clone()) else {
            tracing::error!(r#type = self.event.name(), "its `Clone` panics, so it is no dead letter");
            return None;
        };
        let letter = self.bus.add_letter(event, cause, self.letter().map(|redelivery| &**redelivery));
        if !self.is_told_of() {
            return None;
        }
        Some(DeliveryFailed {
            dead_letter: letter.id(),
            event_type: self.event.name().to_owned(),
            event_id: self.event.head().id().to_string(),
            handler: letter.recipient().map(|recipient| recipient.to_string()),
            attempts: letter.attempts().len(),
            error: letter.cause().to_string(),
        })
    }

    /// Whether `atoms.delivery.failed` is emitted if this event is not delivered.
    ///
    /// Of a chain that is too long, its end is told. What handlers of that emit is refused, too, and is not told
    /// again: otherwise the two would follow each other for ever.
    fn is_told_of(&self) -> bool {
        let telling = DeliveryFailed::event_type();
        let is_told_already = self.event.event_type() == Some(telling) || self.is_beyond_end_of_chain();
        !is_told_already && self.bus.is_taken(Some(telling))
    }

    fn late(&self) -> &Late {
        self.late.get_or_init(Box::default)
    }

    /// The event as one that can be kept; cloned once, when somebody first wants it.
    pub(crate) fn any(&self) -> &AnyEvent {
        self.shared.unwrap_or_else(|| self.late().any.get_or_init(|| self.event.to_any()))
    }

    /// About how many bytes the event takes; counted once, when somebody first wants to know.
    pub(crate) fn size(&self) -> usize {
        *self.late().size.get_or_init(|| self.any().size())
    }

    /// What was emitted, if anything was or may be.
    #[inline]
    pub(crate) fn worklist(&self) -> Option<&Arc<Worklist>> {
        self.late.get().and_then(|late| late.worklist.get())
    }

    /// Where the handlers' events come from; made once, when one is emitted or may be.
    fn source(&self) -> &Source {
        let late = self.late();
        late.source.get_or_init(|| {
            if let Some(outlet) = self.outlet {
                return Source::Outlet(Arc::clone(outlet));
            }
            let worklist = late.worklist.get_or_init(|| Arc::new(Worklist::new(self.bus)));
            Source::new(worklist.clone(), self.event.head(), self.node, self.bus.hop_limit)
        })
    }
}

/// One call of one handler for one event: what its parameters are extracted from.
pub struct Delivery<'a> {
    step: &'a Step<'a>,
    handler: fn() -> &'static HandlerInfo,
}

impl<'a> Delivery<'a> {
    #[inline]
    pub(crate) fn new(step: &'a Step<'a>, handler: fn() -> &'static HandlerInfo) -> Self {
        Self { step, handler }
    }

    /// The handler that is called.
    pub fn handler(&self) -> &'static HandlerInfo {
        (self.handler)()
    }

    /// The event, shared: a clone of it, made once for all that ask.
    pub fn any(&self) -> &'a AnyEvent {
        self.step.any()
    }

    /// The type string of the event.
    pub fn event_type(&self) -> &'a str {
        self.step.event.name()
    }

    /// The id of the event; made now if there is none yet.
    pub fn id(&self) -> &'a EventId {
        self.step.event.head().id()
    }

    /// The timestamp of the event; taken now if there is none yet.
    pub fn timestamp(&self) -> Timestamp {
        self.step.event.head().timestamp()
    }

    /// The metadata of the event.
    pub fn metadata(&self) -> &'a Metadata {
        self.step.event.head().metadata()
    }

    /// The value of this type that the event carries, if it carries one.
    pub fn carried<T: Carried>(&self) -> Option<&'a T> {
        self.step.event.head().carrying().get()
    }

    /// How many events lie between this one and the one that its chain began with.
    pub fn hops(&self) -> u32 {
        self.step.event.head().hops()
    }

    /// The bus that the handler runs on.
    pub fn bus(&self) -> Bus {
        Bus::from(Arc::clone(self.step.bus))
    }

    pub(super) fn step(&self) -> &'a Step<'a> {
        self.step
    }

    #[inline]
    pub(crate) fn event(&self) -> EventRef<'a> {
        self.step.event
    }

    pub(crate) fn source(&self) -> Source {
        self.step.source().clone()
    }

    /// Hands the reply to the one who asked. It is dropped where nobody waits for it: the request came
    /// as a frame, or is a dead letter that is delivered again.
    #[inline]
    pub(crate) fn reply<Reply: 'static>(&self, reply: Reply) {
        if let Some(slot) = self.step.event.reply_slot() {
            put_reply(slot, reply);
        }
    }

    /// Emits an event as a consequence of this one.
    pub(crate) fn follow_up<E: Event>(&self, envelope: Envelope<E>) {
        E::__needs_handler::<()>();
        drop(self.step.source().emit(envelope));
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
