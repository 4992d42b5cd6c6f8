//! An event on its way through what stands around an emit, to whoever delivers it.

use std::pin::Pin;
use std::sync::Arc;

use super::deliver::Progress;
use super::emit_layer::{Emission, go_on};
use super::first_poll::FirstPoll;
use super::held::Held;
use super::parent::parent_of;
use super::receipt::Receipt;
use super::route::{Route, Routed};
use super::step::Step;
use super::{Bus, Engine};
use crate::caught::caught;
use crate::event::{AnyEvent, Head, Metadata};
use crate::handler::{Refusal, Veto};

/// Which way an event goes besides the handlers of the bus.
pub(crate) enum Way<'a> {
    /// This one.
    Via(&'a dyn Route),
    /// The one that it carries, if it carries one.
    Carried,
    /// None.
    Nowhere,
}

impl Way<'_> {
    fn route<'a>(&'a self, event: &'a AnyEvent) -> Option<&'a dyn Route> {
        match self {
            Self::Via(route) => Some(*route),
            Self::Carried => event.carried::<Routed>().map(|routed| &*routed.0),
            Self::Nowhere => None,
        }
    }
}

/// An event as it is delivered, and whether it may be.
pub(crate) type Judged = (AnyEvent, Result<(), Veto>);

/// A delivery that is begun. It is in a box, since emits that wait for each other are nested on the stack.
pub(crate) type Delivering<'a> = Pin<Box<dyn Future<Output = Receipt> + Send + 'a>>;

/// An emit, and what delivers it.
struct Emitting<'a, 'h, D> {
    bus: &'a Arc<Engine>,
    /// It is not there while it is judged.
    event: Option<AnyEvent>,
    /// Its metadata, if they were changed.
    metadata: Option<Metadata>,
    way: Way<'a>,
    is_checked: bool,
    /// Until it is delivered.
    deliver: Option<D>,
    held: &'a Held<'h>,
    parent: Option<AnyEvent>,
    receipt: Option<Receipt>,
}

impl<'e, D> Emission for Emitting<'_, '_, D>
where
    D: FnOnce(Judged, Option<FirstPoll>) -> Delivering<'e> + Send,
{
    fn event(&self) -> &AnyEvent {
        self.event.as_ref().expect(EVENT)
    }

    fn parts(&mut self) -> (&AnyEvent, &mut Option<Metadata>) {
        (self.event.as_ref().expect(EVENT), &mut self.metadata)
    }

    fn is_checked(&self) -> bool {
        self.is_checked
    }

    fn parent(&self) -> Option<&AnyEvent> {
        self.parent.as_ref()
    }

    fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref()
    }

    fn deliver<'a>(&'a mut self, verdict: Result<(), Veto>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let first_poll = self.held.go_on();
            // Nobody else has it, so that it is not copied.
            let event = self.event.take().expect(EVENT);
            let judged = self.bus.judged(event, self.metadata.take(), &self.way, verdict);
            let event = judged.0.clone();
            self.event = Some(event.clone());
            let receipt = match self.deliver.take() {
                Some(deliver) => self.bus.within(&event, deliver(judged, first_poll)).await,
                None => cut_off(self.bus, judged).await,
            };
            self.receipt = Some(receipt);
        })
    }
}

impl<D> Drop for Emitting<'_, '_, D> {
    fn drop(&mut self) {
        if let (Some(_), Some(event)) = (&self.deliver, &self.event) {
            let (event_type, id) = (event.event_type(), event.id());
            tracing::warn!(r#type = event_type, %id, "the delivery of an event was dropped while a layer held it");
        }
    }
}

const EVENT: &str = "it is there, but while it is judged";

/// Refuses an event whose delivery a layer has begun and dropped.
async fn cut_off(bus: &Arc<Engine>, (event, verdict): Judged) -> Receipt {
    let veto = verdict.err().unwrap_or_else(|| Veto::new("its delivery was dropped"));
    let step = Step::of_any(&event, bus);
    let mut progress = Progress::new(&step);
    progress.run(None, Some(Refusal::Vetoed(veto))).await;
    progress.into_receipt()
}

impl Engine {
    /// Whether layers stand around the emit of the event with this head, or it may have a route.
    #[inline]
    pub(crate) fn looks_at(&self, head: &Head) -> bool {
        !self.emit_layers.is_empty() || !head.carrying().is_empty()
    }

    /// Delivers an event by `deliver`, with the layers of the bus around that, and sends it its way. A root event comes
    /// with the mark of its first poll, in which what is returned is polled at once. Beside its way, a posted event says
    /// whether the layers have checked it.
    pub(crate) fn emitted<'a, D>(
        self: &'a Arc<Self>,
        event: AnyEvent,
        (way, is_checked): (Way<'a>, bool),
        first_poll: Option<FirstPoll>,
        deliver: D,
    ) -> Delivering<'a>
    where
        D: FnOnce(Judged, Option<FirstPoll>) -> Delivering<'a> + Send + 'a,
    {
        if !self.emit_layers.is_empty() {
            Box::pin(self.emitted_in_layers(event, (way, is_checked), first_poll, deliver))
        } else {
            deliver(self.judged(event, None, &way, Ok(())), first_poll)
        }
    }

    async fn emitted_in_layers<'a, D>(
        self: &'a Arc<Self>,
        event: AnyEvent,
        (way, is_checked): (Way<'a>, bool),
        first_poll: Option<FirstPoll>,
        deliver: D,
    ) -> Receipt
    where
        D: FnOnce(Judged, Option<FirstPoll>) -> Delivering<'a> + Send + 'a,
    {
        let parent = parent_of(event.metadata());
        let held = Held::new(self, event.clone(), first_poll);
        let mut emitting = Emitting {
            bus: self,
            event: Some(event),
            metadata: None,
            way,
            is_checked,
            deliver: Some(deliver),
            held: &held,
            parent,
            receipt: None,
        };
        held.around(go_on(&self.emit_layers, &mut emitting)).await;
        emitting.receipt.take().expect("`go_on` returned it")
    }

    /// The event with its metadata, and sent its way if it may be delivered.
    fn judged(
        self: &Arc<Self>,
        event: AnyEvent,
        metadata: Option<Metadata>,
        way: &Way<'_>,
        mut verdict: Result<(), Veto>,
    ) -> Judged {
        let route = if verdict.is_ok() { way.route(&event) } else { None };
        if route.is_none() && metadata.is_none() {
            return (event, verdict);
        }
        let mut metadata = metadata.unwrap_or_else(|| event.metadata().clone());
        if let Some(route) = route {
            let taken = caught(|| route.take(&Bus(Arc::clone(self)), &event, &mut metadata));
            verdict = taken.map_err(|panic| Veto::new(format!("its route panicked: {panic}")));
        }
        if metadata == *event.metadata() {
            return (event, verdict);
        }
        match event.unshared() {
            Ok(event) => (event.with_metadata(metadata), verdict),
            Err(event) => (event, verdict.and(Err(Veto::new("the event's `Clone` panicked")))),
        }
    }
}
