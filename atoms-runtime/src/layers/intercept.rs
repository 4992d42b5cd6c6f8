//! Looking on, and having a say, at each emit and each delivery.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caught::caught;
use crate::engine::emit_layer::{EmitLayer, NextEmit};
use crate::engine::layer::{Layer, Next, Stands, SyncLayer, SyncNext};
use crate::engine::post_check::{PostCheck, PostLayer};
use crate::engine::receipt::Receipt;
use crate::engine::runner::Outcome;
use crate::event::{AnyEvent, Metadata};
use crate::handler::{Delivery, FailureKind, Veto};

/// A [`Layer`](crate::Layer) and an [`EmitLayer`](crate::EmitLayer) that do not wait, as functions that are called
/// before and after: to veto, to measure, to add metadata.
///
/// [`BusBuilder::interceptor`](crate::BusBuilder::interceptor) adds one, inside of the layers and interceptors that
/// were added before. If one vetoes, those inside of it are not called. Interceptors run on the emit's own task, so
/// they must not block. A panic before the delivery is a veto, and a panic after it is logged.
///
/// ```
/// use atoms::{AnyEvent, Bus, Delivery, Interceptor, Metadata, Veto, event, handler};
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
/// impl Interceptor for Tenants {
///     fn before_emit(
///         &self,
///         event: &AnyEvent,
///         metadata: &mut Metadata,
///         parent: Option<&AnyEvent>,
///     ) -> Result<(), Veto> {
///         let verdict = metadata.get("tenant").map(drop).ok_or_else(|| Veto::new("no tenant"));
///         println!("{} after {:?}: {verdict:?}", event.event_type(), parent.map(AnyEvent::event_type));
///         verdict
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().interceptor(Tenants).start()?;
/// let receipt = bus.emit(OrderCreated).await;
/// assert!(receipt.refusal().unwrap().to_string().ends_with("::Tenants: no tenant"));
/// # Ok(())
/// # }
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Called before an event is delivered. It may change the metadata, as the interceptors around it may have done.
    /// They say what the event follows from: its [`causation_id`](Metadata::causation_id), and the values that it has
    /// [inherited](crate::BusBuilder::inherit). The frame of a [`RawEvent`](crate::RawEvent) stays as it is. A veto refuses
    /// the event.
    ///
    /// The `parent` is the event in whose handler this one was emitted, returned or asked, or is posted. It is `None` if there
    /// is no such event, and where it may be gone, so that only its id is known: of posted events when they are delivered
    /// ([`NextEmit::parent`] says more).
    ///
    /// Of a [posted](crate::Bus::post) event it is called once, when it is posted: who posts it gets a veto as
    /// [`PostRefusal::Vetoed`](crate::PostRefusal::Vetoed). It is called when the event is delivered, instead or again, if
    /// this bus has not posted it, but a handler has returned or emitted it, or it comes from a store after a restart; if it
    /// was given back to its store; and if it was a dead letter.
    fn before_emit(
        &self,
        _event: &AnyEvent,
        _metadata: &mut Metadata,
        _parent: Option<&AnyEvent>,
    ) -> Result<(), Veto> {
        Ok(())
    }

    /// Returns whether [`before_emit`](Self::before_emit) is called when an event is posted: by default, it is. An
    /// interceptor that only measures may return `false`: then it is called when the event is delivered.
    fn looks_at_posts(&self) -> bool {
        true
    }

    /// Called after all handlers of an event are done, or after it was refused. The receipt of an event that followed
    /// from another one does not contain what followed from it. This is not called if the emit is dropped before its
    /// end.
    fn after_emit(&self, _event: &AnyEvent, _receipt: &Receipt, _took: Duration) {}

    /// Called before a handler. A veto is a failure of this one delivery.
    fn before_delivery(&self, _delivery: &Delivery<'_>) -> Result<(), Veto> {
        Ok(())
    }

    /// Called after a handler, with the outcome of the last attempt, or a veto. This is not called if the delivery is
    /// cancelled.
    fn after_delivery(&self, _delivery: &Delivery<'_>, _outcome: Result<(), &FailureKind>, _took: Duration) {}

    /// Returns its name in messages: by default, that of its type.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// An [`Interceptor`] as a layer around deliveries, and one around emits.
#[derive(Clone)]
pub(crate) struct Intercepting(Arc<dyn Interceptor>);

impl Intercepting {
    pub(crate) fn new(interceptor: impl Interceptor) -> Self {
        Self(Arc::new(interceptor))
    }

    fn before(&self, delivery: &Delivery<'_>) -> Outcome {
        Ok(self.0.before_delivery(delivery)?)
    }

    fn after(&self, delivery: &Delivery<'_>, outcome: &Outcome, began: Instant) {
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(not_done) => match not_done.failure() {
                Some(kind) => Err(kind),
                None => return,
            },
        };
        self.tell(|| self.0.after_delivery(delivery, outcome, began.elapsed()));
    }

    fn tell(&self, tell: impl FnOnce()) {
        if let Err(panic) = caught(tell) {
            tracing::error!(interceptor = Stands::name(self), panic, "an interceptor panicked");
        }
    }
}

impl Layer for Intercepting {
    async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        let began = Instant::now();
        let outcome = match self.before(delivery) {
            Ok(()) => next.run().await,
            vetoed => vetoed,
        };
        self.after(delivery, &outcome, began);
        outcome
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }
}

impl SyncLayer for Intercepting {
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        let began = Instant::now();
        let outcome = self.before(delivery).and_then(|()| next.run());
        self.after(delivery, &outcome, began);
        outcome
    }
}

impl PostLayer for Intercepting {
    fn before_post(&self, post: &mut PostCheck<'_>) -> Result<(), Veto> {
        let parent = post.parent().cloned();
        let (event, metadata) = post.parts();
        self.0.before_emit(event, metadata, parent.as_ref())
    }
}

impl EmitLayer for Intercepting {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        let began = Instant::now();
        let verdict = if next.was_checked() && self.0.looks_at_posts() {
            Ok(())
        } else {
            let parent = next.parent().cloned();
            let (event, metadata) = next.parts();
            self.0.before_emit(event, metadata, parent.as_ref())
        };
        match verdict {
            Ok(()) => next.run().await,
            Err(veto) => next.refuse(veto).await,
        };
        if let Some(receipt) = next.receipt() {
            self.tell(|| self.0.after_emit(next.event(), receipt, began.elapsed()));
        }
        Ok(())
    }

    fn as_post_layer(&self) -> Option<&dyn PostLayer> {
        self.0.looks_at_posts().then_some(self)
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }
}
