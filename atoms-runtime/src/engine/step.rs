//! One event on its way to its handlers.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock};

use super::Engine;
use super::outlet::FollowUpOutlet;
use super::posts::{Hold as _, Posts};
use super::table::Table;
use super::worklist::{Queued, Worklist};
use crate::caught::caught;
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, DeliveryFailed, Envelope, Event};
use crate::handler::{Caller, Delivery, HandlerInfo, Outlet, Recipient};
use crate::letters::{DeadLetter, DeadLetterCause, Redelivery};

type Hold = <Engine as Posts>::Hold;

/// One event that is being delivered, and the place of its receipt in the tree of the root's.
pub(crate) struct Step<'a> {
    pub(crate) event: EventRef<'a>,
    pub(crate) bus: &'a Arc<Engine>,
    pub(crate) node: usize,
    /// The event as one that can be kept, if it came as one.
    shared: Option<&'a AnyEvent>,
    /// Where the handler's events go, if it is not the bus that calls it.
    outlet: Option<&'a Arc<dyn Outlet>>,
    /// Where the handler's events wait, if its event was posted.
    hold: Option<&'a Hold>,
    /// What a layer lays around the call.
    extended: Option<&'a Extended<'a>>,
    /// One thing to make and to drop, where most events need nothing of it.
    late: OnceLock<Box<Late>>,
}

/// A value that a layer lays around a call, and what it is of otherwise.
pub(crate) struct Extended<'a> {
    outer: &'a Step<'a>,
    value: &'a (dyn Any + Send + Sync),
}

impl<'a> Extended<'a> {
    pub(crate) fn new<T: Any + Send + Sync>(outer: &'a Step<'a>, value: &'a T) -> Self {
        Self { outer, value }
    }
}

/// What is made when somebody first wants it.
#[derive(Default)]
struct Late {
    any: OnceLock<AnyEvent>,
    size: OnceLock<usize>,
    outlet: OnceLock<Arc<dyn Outlet>>,
    worklist: OnceLock<Arc<Worklist>>,
    /// The dead letter that is delivered again.
    letter: OnceLock<Arc<Redelivery>>,
}

impl<'a> Step<'a> {
    #[inline]
    pub(crate) fn new(event: EventRef<'a>, bus: &'a Arc<Engine>) -> Self {
        Self {
            event,
            bus,
            node: 0,
            shared: None,
            outlet: None,
            hold: None,
            extended: None,
            late: OnceLock::new(),
        }
    }

    /// Who handles the event.
    #[inline]
    pub(crate) fn table(&self) -> &'a Table {
        self.bus.tables.of(self.event.event_type())
    }

    /// As [`new`](Self::new), of an event that is shared already.
    #[inline]
    pub(crate) fn of_any(event: &'a AnyEvent, bus: &'a Arc<Engine>) -> Self {
        Self::of_seen(event.event_ref(), event, bus)
    }

    /// The same, if there is a reference to the event already.
    #[inline]
    pub(crate) fn of_seen(seen: EventRef<'a>, event: &'a AnyEvent, bus: &'a Arc<Engine>) -> Self {
        Self { shared: Some(event), ..Self::new(seen, bus) }
    }

    /// As [`of_seen`](Self::of_seen), of a posted event, for a handler of it.
    #[inline]
    pub(crate) fn of_held(
        seen: EventRef<'a>,
        event: &'a AnyEvent,
        bus: &'a Arc<Engine>,
        hold: &'a Hold,
    ) -> Self {
        Self { hold: Some(hold), ..Self::of_seen(seen, event, bus) }
    }

    /// As [`of_any`](Self::of_any), of an event that followed from a root event.
    pub(crate) fn of_follow_up(
        event: &'a AnyEvent,
        bus: &'a Arc<Engine>,
        worklist: Arc<Worklist>,
        node: usize,
    ) -> Self {
        let late = Box::new(Late { worklist: worklist.into(), ..Late::default() });
        Self { node, late: late.into(), ..Self::of_any(event, bus) }
    }

    /// The same, for a handler that emits into `outlet`.
    #[inline]
    pub(crate) fn into_outlet(self, outlet: &'a Arc<dyn Outlet>) -> Self {
        Self { outlet: Some(outlet), ..self }
    }

    /// The same, for a call that a layer lays a value around.
    pub(crate) fn extended(&'a self, extended: &'a Extended<'a>) -> Self {
        let Self { event, bus, node, shared, outlet, hold, .. } = *self;
        Self { event, bus, node, shared, outlet, hold, extended: Some(extended), late: OnceLock::new() }
    }

    /// The same, for a handler whose events are held, though its own was not posted.
    pub(crate) fn held(&'a self, hold: &'a Hold) -> Self {
        let Self { event, bus, node, shared, outlet, extended, .. } = *self;
        let late = self.letter().map(|letter| Late { letter: Arc::clone(letter).into(), ..Late::default() });
        let late = late.map_or_else(OnceLock::new, |late| Box::new(late).into());
        Self { event, bus, node, shared, outlet, hold: Some(hold), extended, late }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// An attempt of the handler has failed: what it emitted is thrown away, if it was held.
    pub(crate) fn discard_held(&self) {
        if let Some(hold) = self.hold {
            hold.discard(self.bus);
        }
    }

    /// As [`of_any`](Self::of_any), of a dead letter that is delivered again.
    pub(crate) fn of_letter(event: &'a AnyEvent, letter: &Arc<Redelivery>, bus: &'a Arc<Engine>) -> Self {
        let late = Box::new(Late { letter: Arc::clone(letter).into(), ..Late::default() });
        Self { late: late.into(), ..Self::of_any(event, bus) }
    }

    /// The dead letter that is delivered again, if it is one.
    pub(crate) fn letter(&self) -> Option<&Arc<Redelivery>> {
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
            self.tell(failed);
        }
    }

    /// Emits what the bus itself has to tell, also at the end of a chain that was too long.
    fn tell(&self, failed: DeliveryFailed) {
        let mut envelope = Envelope::new(failed);
        match self.outlet {
            Some(outlet) => drop(outlet.emit(envelope.into())),
            None => {
                envelope.head_mut().follow(self.event.head(), &self.bus.inherited);
                // What is lost is among the dead letters.
                let _ = self.own_worklist().push(Queued::new(envelope.into(), self.node, None));
            }
        }
    }

    /// As [`bury`](Self::bury), when the delivery has ended already: posts what those are told.
    pub(crate) fn bury_late(&self, cause: DeadLetterCause) {
        let Some(failed) = self.keep(cause) else { return };
        let told = AnyEvent::from(Envelope::new(failed));
        self.bus.post_told(told.posted_by(self.event.head(), &self.bus.inherited));
    }

    /// Puts the event among the dead letters; what to tell those who want to know, if anybody does.
    fn keep(&self, cause: DeadLetterCause) -> Option<DeliveryFailed> {
        let Ok(event) = caught(|| self.any().clone()) else {
            tracing::error!(
                r#type = self.event.name(),
                "the event's `Clone` panicked, so it is not kept as a dead letter"
            );
            return None;
        };
        let redelivered = self.letter().map(|redelivery| redelivery.letter());
        let earlier = self.hold.map_or(&[][..], |hold| hold.earlier_letters());
        let letter = self.bus.letter(event, cause, redelivered.into_iter().chain(earlier).map(Arc::as_ref));
        if !self.hold.is_some_and(|hold| hold.keep_letter(self.bus, &letter)) {
            self.bus.keep_letter(Arc::clone(&letter));
        }
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
        match self.extended {
            None => self.late.get_or_init(Box::default),
            Some(extended) => extended.outer.late(),
        }
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

    fn own_worklist(&self) -> &Arc<Worklist> {
        self.late().worklist.get_or_init(|| match self.hold {
            Some(hold) => Arc::clone(hold.worklist(self.bus)),
            None => Arc::new(Worklist::new(self.bus)),
        })
    }

    /// The call of this handler.
    #[inline]
    pub(crate) fn delivery(&'a self, handler: fn() -> &'static HandlerInfo) -> Delivery<'a> {
        Delivery::new(&self.event, self, handler)
    }
}

impl Engine {
    /// Makes a dead letter of an event. One that was delivered again, and had one of these, goes on as the same letter.
    pub(crate) fn letter<'a>(
        &self,
        event: AnyEvent,
        cause: DeadLetterCause,
        earlier: impl IntoIterator<Item = &'a DeadLetter>,
    ) -> Arc<DeadLetter> {
        self.dead_letters.letter(&self.registry, event, cause, earlier)
    }

    /// Keeps a dead letter, without waiting for the store.
    pub(crate) fn keep_letter(&self, letter: Arc<DeadLetter>) {
        self.dead_letters.keep(letter, || self.under_way.enter());
    }
}

impl Caller for Step<'_> {
    fn any(&self) -> &AnyEvent {
        Step::any(self)
    }

    fn outlet(&self) -> &Arc<dyn Outlet> {
        self.outlet.unwrap_or_else(|| {
            let new = || Arc::new(FollowUpOutlet::new(self, Arc::clone(self.own_worklist()))) as _;
            self.late().outlet.get_or_init(new)
        })
    }

    fn own_outlet(&self) -> Option<&Arc<dyn Outlet>> {
        self.outlet
    }

    fn bus(&self) -> &dyn Any {
        self.bus
    }

    fn hold(&self) -> Option<&dyn Any> {
        self.hold.map(|hold| hold as _)
    }

    fn extension(&self, type_id: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        let mut next = self.extended;
        while let Some(Extended { outer, value }) = next {
            if (**value).type_id() == type_id {
                return Some(*value);
            }
            next = outer.extended;
        }
        None
    }
}
