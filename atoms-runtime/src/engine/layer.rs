//! The one contract of what stands around the call of a handler.

use std::any::{Any, type_name};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::runner::{NotDone, Outcome, RunAsync, RunSync, call};
use super::step::{Extended, Step};
use crate::caught::{caught, panic_message};
use crate::event::erased::lent::{Lending, Lent, Slot};
use crate::handler::{Delivery, FailureKind, HandlerInfo, UNNAMED, Veto};

/// Stands around the delivery of events to handlers: those of a bus, and those of the nodes in its sessions.
///
/// A layer calls [`Next::run`] to go on to the handler, or returns a [`Veto`] instead. It may wait before it goes on,
/// change the outcome of the delivery, and add a value to it from which the handler's parameters are extracted
/// ([`Next::run_with`], [`Delivery::extension`]). [`BusBuilder::layer`](crate::BusBuilder::layer) adds one.
///
/// ```
/// use atoms::{Bus, Delivery, Layer, Next, Outcome, Veto, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// async fn confirm(_: &OrderCreated) {}
///
/// /// Lets only events with a tenant pass.
/// struct Tenants;
///
/// impl Layer for Tenants {
///     async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
///         if delivery.metadata().get("tenant").is_none() {
///             return Err(Veto::new("no tenant").into());
///         }
///         next.run().await
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().layer(Tenants).start()?;
/// let receipt = bus.emit(OrderCreated).await;
/// assert!(receipt.failures()[0].error.to_string().ends_with("::Tenants: no tenant"));
/// # Ok(())
/// # }
/// ```
///
/// # Order
///
/// From the outside to the inside, these stand around a function: `when` and `pattern`; `detached`; the layers [around
/// the delivery](Around::Delivery); `concurrency`; `retry`; `timeout`; the layers [around each
/// attempt](Around::Attempt). Of several layers at one place, each stands around those that were added after it. No
/// layers stand around the subscribers of a running bus.
///
/// # Sync handlers
///
/// A sync handler that has to wait for a layer runs among the async ones, as one with a `retry` does. A layer that
/// never waits can have a sync form, too, which [`as_sync`](Self::as_sync) returns. If all layers that cover a sync
/// handler have one, the handler runs among the sync handlers, and nothing is allocated.
///
/// # What goes wrong
///
/// A veto fails this one delivery: it is in the receipt and in the log, and the event is among the dead letters. A
/// panic in a layer is a veto.
pub trait Layer: Send + Sync + 'static {
    /// Stands around one delivery.
    ///
    /// When the emit is dropped, this is dropped where it waits.
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> impl Future<Output = Outcome> + Send;

    /// Returns whether it stands around this handler: by default, it stands around all. A bus asks once for each of its
    /// handlers, when it starts.
    fn covers(&self, _handler: &HandlerInfo) -> bool {
        true
    }

    /// Returns what it stands around: by default, the delivery with all its attempts.
    fn around(&self) -> Around {
        Around::Delivery
    }

    /// Returns its sync form, which stands around sync handlers without waiting, if it has one: usually `Some(self)`.
    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        None
    }

    /// Returns its name in messages: by default, that of its type.
    fn name(&self) -> &'static str {
        type_name::<Self>()
    }
}

/// What a [`Layer`] stands around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Around {
    /// The delivery with all its attempts, including the time that it waits for its turn.
    #[default]
    Delivery,
    /// Each attempt, as a transaction would.
    Attempt,
}

/// The sync form of a [`Layer`], which stands around sync handlers, on their thread.
///
/// It may lend them values that are neither [`Send`] nor `'static`: see [`Lent`].
pub trait SyncLayer {
    /// Stands around one delivery.
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome;
}

/// The rest of a delivery, which a [`Layer`] stands around: the layers inside of it, and the handler.
pub struct Next<'a> {
    step: &'a Step<'a>,
    handler: fn() -> &'static HandlerInfo,
    layers: &'a [Arc<dyn Stands>],
    inner: Inner<'a>,
}

/// A handler that no bus calls, for the layers of a bus to stand around: see [`Dispatch::call`](crate::Dispatch::call).
pub trait HandlerCall: Send {
    /// Calls the handler, whose parameters are extracted from this delivery.
    fn call<'a>(&'a mut self, delivery: Delivery<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;
}

enum Inner<'a> {
    Handler(&'a dyn RunAsync),
    Call(&'a mut (dyn HandlerCall + 'a)),
}

impl Inner<'_> {
    /// The layers from the next one on that stands around the handler. A bus has chosen those of its own handlers.
    fn starting_at_next<'a>(
        &self,
        layers: &'a [Arc<dyn Stands>],
        handler: fn() -> &'static HandlerInfo,
    ) -> &'a [Arc<dyn Stands>] {
        let is_chosen = matches!(self, Self::Handler(_));
        let next = layers.iter().position(|layer| is_chosen || layer.covers(handler()));
        &layers[next.unwrap_or(layers.len())..]
    }

    fn reborrow(&mut self) -> Inner<'_> {
        match self {
            Self::Handler(run) => Inner::Handler(*run),
            Self::Call(call) => Inner::Call(&mut **call),
        }
    }
}

impl<'a> Next<'a> {
    /// Calls a handler with these layers around it.
    pub(crate) fn begin(
        layers: &'a [Arc<dyn Stands>],
        run: &'a dyn RunAsync,
        step: &'a Step<'a>,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        let mut next = Self { step, handler: run.handler(), layers, inner: Inner::Handler(run) };
        match layers.split_first() {
            Some((first, rest)) => {
                next.layers = rest;
                first.deliver(next)
            }
            None => Box::pin(async move { next.run().await }),
        }
    }

    /// As [`begin`](Self::begin), for a handler that something else calls.
    pub(crate) fn around(
        layers: &'a [Arc<dyn Stands>],
        handler: fn() -> &'static HandlerInfo,
        call: &'a mut (dyn HandlerCall + 'a),
        step: &'a Step<'a>,
    ) -> Self {
        Self { step, handler, layers, inner: Inner::Call(call) }
    }

    /// Returns the delivery.
    pub fn delivery(&self) -> Delivery<'a> {
        self.step.delivery(self.handler)
    }

    /// Goes on to the handler, and returns the outcome; a panic is a failure. If the handler fails, what it emitted is
    /// discarded if it is held, as for a posted event.
    ///
    /// Called again, it calls the handler again.
    pub fn run(&mut self) -> impl Future<Output = Outcome> + Send + use<'_, 'a> {
        self.go_on(self.step)
    }

    /// Goes on as [`run`](Self::run) does, with a value that is found as the [`extension`](Delivery::extension) of this
    /// type.
    pub async fn run_with<T: Any + Send + Sync>(&mut self, value: &T) -> Outcome {
        let extended = Extended::new(self.step, value);
        self.go_on(&self.step.extended(&extended)).await
    }

    async fn go_on(&mut self, step: &Step<'_>) -> Outcome {
        let handler = self.handler;
        let outcome = match self.inner.starting_at_next(self.layers, handler).split_first() {
            Some((layer, rest)) => {
                layer.deliver(Next { step, handler, layers: rest, inner: self.inner.reborrow() }).await
            }
            None => {
                let called = match &mut self.inner {
                    Inner::Handler(run) => AssertUnwindSafe(call(*run, step)).catch_unwind().await,
                    Inner::Call(call) => {
                        AssertUnwindSafe(call.call(step.delivery(handler))).catch_unwind().await
                    }
                };
                called.unwrap_or_else(|panic| Err(NotDone::panicked(panic)))
            }
        };
        if outcome.is_err() {
            step.discard_held();
        }
        outcome
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("delivery", &self.delivery()).finish_non_exhaustive()
    }
}

/// The rest of a delivery, which a [`SyncLayer`] stands around: the layers inside of it, and the handler.
pub struct SyncNext<'a> {
    step: &'a Step<'a>,
    lent: Option<&'a Lending<'a>>,
    layers: &'a [Arc<dyn Stands>],
    run: &'a dyn RunSync,
}

impl<'a> SyncNext<'a> {
    /// A handler with these layers around it.
    pub(crate) fn new(layers: &'a [Arc<dyn Stands>], run: &'a dyn RunSync, step: &'a Step<'a>) -> Self {
        Self { step, lent: None, layers, run }
    }

    /// Returns the delivery.
    pub fn delivery(&self) -> Delivery<'a> {
        self.step.delivery(self.run.handler())
    }

    /// Goes on to the handler, as [`Next::run`] does.
    pub fn run(&mut self) -> Outcome {
        self.go_on(self.step, self.lent)
    }

    /// Goes on as [`run`](Self::run) does, with a value that is found as the [`extension`](Delivery::extension) of this
    /// type.
    pub fn run_with<T: Any + Send + Sync>(&mut self, value: &T) -> Outcome {
        let extended = Extended::new(self.step, value);
        self.go_on(&self.step.extended(&extended), self.lent)
    }

    /// Goes on as [`run`](Self::run) does, with a value that the handler [is lent](crate::SyncDelivery::lent)
    /// meanwhile.
    pub fn run_lending<K: Lent>(&mut self, value: &K::Value<'_>) -> Outcome {
        let slot = Slot::<K>::new(value);
        let lending = Lending::new(&slot, self.lent);
        self.go_on(self.step, Some(&lending))
    }

    fn go_on(&self, step: &Step<'_>, lent: Option<&Lending<'_>>) -> Outcome {
        let outcome = match self.layers.split_first() {
            Some((layer, rest)) => layer.deliver_sync(SyncNext { step, lent, layers: rest, run: self.run }),
            None => {
                let called = catch_unwind(AssertUnwindSafe(|| match lent {
                    Some(lent) => self.run.run_lent(step, lent),
                    None => self.run.run(step),
                }));
                called.unwrap_or_else(|panic| Err(NotDone::panicked(panic)))
            }
        };
        if outcome.is_err() {
            step.discard_held();
        }
        outcome
    }
}

impl fmt::Debug for SyncNext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncNext").field("delivery", &self.delivery()).finish_non_exhaustive()
    }
}

/// A [`Layer`] of any type.
pub(crate) trait Stands: Send + Sync {
    fn deliver<'a>(&'a self, next: Next<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

    fn covers(&self, handler: &HandlerInfo) -> bool;

    fn around(&self) -> Around;

    /// Whether it has a sync form.
    fn is_sync(&self) -> bool;

    /// Stands around a sync handler without waiting.
    fn deliver_sync(&self, next: SyncNext<'_>) -> Outcome;

    fn name(&self) -> &'static str;
}

impl<L: Layer> Stands for L {
    fn deliver<'a>(&'a self, mut next: Next<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            let delivery = next.delivery();
            let stood = AssertUnwindSafe(Layer::deliver(self, &delivery, &mut next)).catch_unwind();
            judged(self, stood.await)
        })
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        Layer::covers(self, handler)
    }

    fn around(&self) -> Around {
        Layer::around(self)
    }

    fn is_sync(&self) -> bool {
        self.as_sync().is_some()
    }

    fn deliver_sync(&self, mut next: SyncNext<'_>) -> Outcome {
        let Some(layer) = self.as_sync() else {
            return judged(self, Ok(Err(Veto::new("it has no sync form any more").into())));
        };
        let delivery = next.delivery();
        judged(self, catch_unwind(AssertUnwindSafe(|| layer.deliver(&delivery, &mut next))))
    }

    fn name(&self) -> &'static str {
        caught(|| Layer::name(self)).unwrap_or(UNNAMED)
    }
}

/// What a layer says of a delivery, and whose word it is if that is a veto.
fn judged(layer: &impl Layer, stood: Result<Outcome, Box<dyn Any + Send>>) -> Outcome {
    let mut outcome =
        stood.unwrap_or_else(|panic| Err(Veto::new(format!("it panicked: {}", panic_message(panic))).into()));
    if let Err(not_done) = &mut outcome
        && let NotDone::Failed { kind: FailureKind::Vetoed(veto), .. } = &mut **not_done
    {
        veto.name(Stands::name(layer));
    }
    outcome
}
