//! The one contract of what stands around an emit.

use std::any::type_name;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::post_check::{PostCheck, PostLayer};
use super::receipt::Receipt;
use crate::caught::{caught, panic_message};
use crate::event::{AnyEvent, Metadata};
use crate::handler::{UNNAMED, Veto};

/// Stands around each emit of a bus: of root events, of those that follow from them, of posted events when they are
/// delivered, of requests and of what is received. What looks at posted events when they are posted is a [`PostLayer`].
///
/// A layer calls [`NextEmit::run`] to go on, or returns a [`Veto`] instead. Then no handler gets the event: it is
/// refused in the receipt and in the log, and is among the dead letters. A layer may wait before it goes on, and change
/// the metadata. [`BusBuilder::emit_layer`](crate::BusBuilder::emit_layer) adds one, around those that are added after
/// it. A [`Layer`](crate::Layer) stands around the calls of single handlers.
///
/// What an event follows from is in its metadata and in itself: [`Metadata::causation_id`],
/// [`Metadata::correlation_id`], the [inherited](crate::BusBuilder::inherit) keys, [`AnyEvent::hops`] and
/// [`AnyEvent::carried`]. That event itself is [`NextEmit::parent`], where it is at hand.
///
/// ```
/// use atoms::{Bus, EmitLayer, NextEmit, Veto, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) {}
///
/// /// Lets only events with a tenant pass.
/// struct Tenants;
///
/// impl EmitLayer for Tenants {
///     async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
///         next.metadata().get("tenant").ok_or_else(|| Veto::new("no tenant"))?;
///         println!("{}", next.run().await);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().emit_layer(Tenants).start()?;
/// let receipt = bus.emit(OrderCreated).await;
/// assert!(receipt.refusal().unwrap().to_string().ends_with("::Tenants: no tenant"));
/// # Ok(())
/// # }
/// ```
///
/// An emit that waits in a layer is under way: a shutdown waits for it, and names it if the deadline comes first. If
/// the emit is dropped, the layer is dropped where it waits, and the log says that the event was not delivered. Events
/// that handlers emit wait within the limits of the worklist ([`follow_up_capacity`]). Posted events wait within those
/// of the queue, and hold up events with the same key.
///
/// [`follow_up_capacity`]: crate::BusBuilder::follow_up_capacity
pub trait EmitLayer: Send + Sync + 'static {
    /// Stands around one emit. A panic before the event is delivered is a veto, and later it is logged.
    fn emit(&self, next: &mut NextEmit<'_>) -> impl Future<Output = Result<(), Veto>> + Send;

    /// Returns what looks at events when they are posted, if it does that: usually `Some(self)`. A bus asks whether there is
    /// one when it starts, and again for each post.
    fn as_post_layer(&self) -> Option<&dyn PostLayer> {
        None
    }

    /// Returns its name in messages: by default, that of its type.
    fn name(&self) -> &'static str {
        type_name::<Self>()
    }
}

/// The rest of an emit, which an [`EmitLayer`] stands around: the layers inside of it, and the handlers of the event.
pub struct NextEmit<'a> {
    emission: &'a mut (dyn Emission + 'a),
    layers: &'a [Arc<dyn StandsAroundEmits>],
    /// The layer that has this.
    layer: &'static str,
}

/// One emit, whatever delivers it.
pub(crate) trait Emission: Send {
    fn event(&self) -> &AnyEvent;

    /// The event, and its metadata if they are to be changed.
    fn parts(&mut self) -> (&AnyEvent, &mut Option<Metadata>);

    /// Whether the layers have let it pass when it was posted.
    fn is_checked(&self) -> bool;

    /// The event that it follows from, if that is at hand.
    fn parent(&self) -> Option<&AnyEvent>;

    /// What became of it, when it was delivered or refused.
    fn receipt(&self) -> Option<&Receipt>;

    /// Delivers or refuses the event.
    fn deliver<'a>(&'a mut self, verdict: Result<(), Veto>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

impl NextEmit<'_> {
    /// Returns the event: as it came, until it is delivered, and then as it was delivered.
    pub fn event(&self) -> &AnyEvent {
        self.emission.event()
    }

    /// Returns whether the [`PostLayer`]s of the bus have let the event pass when it was posted, so that they need not look
    /// at it again.
    pub fn was_checked(&self) -> bool {
        self.emission.is_checked()
    }

    /// Returns the event in whose handler this one was emitted or returned, or asked if it is a request.
    ///
    /// `None` if there is no such event, and where it may be gone: of posted events when they are delivered, of what the
    /// handlers of these return and emit with an [`Emitter`](crate::Emitter), which is posted, and of events that are emitted
    /// in a task that a handler has spawned. The [`causation_id`](Metadata::causation_id) is known there, too.
    pub fn parent(&self) -> Option<&AnyEvent> {
        self.emission.parent()
    }

    /// Returns the receipt, once the event was delivered or refused.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.emission.receipt()
    }

    /// Returns the metadata that the event will have, as the layers around this one left them.
    pub fn metadata(&mut self) -> &Metadata {
        let (event, metadata) = self.emission.parts();
        metadata.as_ref().unwrap_or_else(|| event.metadata())
    }

    /// Returns the metadata that the event will have, so that they can be changed. The frame of a
    /// [`RawEvent`](crate::RawEvent) stays as it is.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        self.parts().1
    }

    /// Returns the event as it came, and the metadata that it will have.
    pub fn parts(&mut self) -> (&AnyEvent, &mut Metadata) {
        let (event, metadata) = self.emission.parts();
        (event, metadata.get_or_insert_with(|| event.metadata().clone()))
    }

    /// Goes on to the layers inside, and then to the handlers. Resolves when all handlers of the event are done, and
    /// for a root event or a request when all that followed is done. The receipt of an event that followed from another
    /// one does not contain what followed from it.
    ///
    /// Called again, it returns the same receipt.
    pub fn run(&mut self) -> impl Future<Output = &Receipt> + Send {
        go_on(self.layers, &mut *self.emission)
    }

    /// Refuses the event, as returning the veto does, and returns the receipt. An event that was delivered is not
    /// refused any more.
    pub async fn refuse(&mut self, mut veto: Veto) -> &Receipt {
        veto.name(self.layer);
        if self.emission.receipt().is_none() {
            self.emission.deliver(Err(veto)).await;
        }
        self.emission.receipt().expect(RECEIPT)
    }
}

impl fmt::Debug for NextEmit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextEmit").field("event", self.event()).finish_non_exhaustive()
    }
}

const RECEIPT: &str = "it was delivered or refused";

/// Goes through the layers to the handlers.
pub(crate) async fn go_on<'a>(
    layers: &[Arc<dyn StandsAroundEmits>],
    emission: &'a mut (dyn Emission + '_),
) -> &'a Receipt {
    if emission.receipt().is_none() {
        match layers.split_first() {
            Some((layer, rest)) => stand(&**layer, rest, emission).await,
            None => emission.deliver(Ok(())).await,
        }
    }
    emission.receipt().expect(RECEIPT)
}

/// Lets one layer decide.
async fn stand(
    layer: &dyn StandsAroundEmits,
    rest: &[Arc<dyn StandsAroundEmits>],
    emission: &mut (dyn Emission + '_),
) {
    let mut next = NextEmit { emission: &mut *emission, layers: rest, layer: layer.name() };
    let stood = AssertUnwindSafe(layer.emit(&mut next)).catch_unwind().await;
    let stood =
        stood.unwrap_or_else(|panic| Err(Veto::new(format!("it panicked: {}", panic_message(panic)))));
    let is_done = next.receipt().is_some();
    match stood {
        Err(veto) if is_done => {
            let (event_type, id) = (next.event().event_type(), next.event().id());
            tracing::error!(r#type = event_type, %id, %veto, "a layer failed after the event was delivered");
        }
        Ok(()) if is_done => {}
        stood => {
            let veto = stood.err().unwrap_or_else(|| Veto::new("it did not go on"));
            let _receipt = next.refuse(veto).await;
        }
    }
}

/// An [`EmitLayer`] of any type.
pub(crate) trait StandsAroundEmits: Send + Sync {
    fn emit<'a>(
        &'a self,
        next: &'a mut NextEmit<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Veto>> + Send + 'a>>;

    fn looks_at_posts(&self) -> bool;

    /// Looks at an event that is about to be posted.
    fn before_post(&self, post: &mut PostCheck<'_>) -> Result<(), Veto>;

    fn name(&self) -> &'static str;
}

impl<L: EmitLayer> StandsAroundEmits for L {
    fn emit<'a>(
        &'a self,
        next: &'a mut NextEmit<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Veto>> + Send + 'a>> {
        Box::pin(EmitLayer::emit(self, next))
    }

    fn looks_at_posts(&self) -> bool {
        caught(|| self.as_post_layer().is_some()).unwrap_or(true)
    }

    fn before_post(&self, post: &mut PostCheck<'_>) -> Result<(), Veto> {
        self.as_post_layer().map_or(Ok(()), |layer| layer.before_post(post))
    }

    fn name(&self) -> &'static str {
        caught(|| EmitLayer::name(self)).unwrap_or(UNNAMED)
    }
}
