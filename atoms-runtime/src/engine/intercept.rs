//! Looking on, and having a say, at each emit and each delivery.

use std::fmt;
use std::time::Duration;

use super::receipt::Receipt;
use super::runner::{NotDone, Outcome};
use crate::caught::caught;
use crate::event::{AnyEvent, Metadata};
use crate::handler::{Delivery, FailureKind, Veto};

/// Stands around each emit and each delivery of a bus: to veto, to measure, to enrich metadata.
///
/// [`BusBuilder::interceptor`](crate::BusBuilder::interceptor) adds one. Several are asked in the order
/// in which they were added, before, and in the opposite order, after; the first veto decides. They run
/// on the emit's own task, so they must not block. A panic in one is a veto before, and is logged after.
///
/// What is delivered are root events and all that follow from them. A delivery is one event for one
/// handler, with all its attempts; subscribers of a running bus are not asked for.
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
///     fn before_emit(&self, event: &AnyEvent, metadata: &mut Metadata) -> Result<(), Veto> {
///         let verdict = metadata.get("tenant").map(drop).ok_or_else(|| Veto::new("no tenant"));
///         println!("{}: {verdict:?}", event.event_type());
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
    /// Before an event is delivered. It may change the metadata, as the interceptors before it may have
    /// done, but for the frame of a [`RawEvent`](crate::RawEvent), which is carried on as it is. A veto
    /// refuses the event.
    fn before_emit(&self, _event: &AnyEvent, _metadata: &mut Metadata) -> Result<(), Veto> {
        Ok(())
    }

    /// After all handlers of an event are done, or it was refused. The receipt of an event that followed
    /// from another one is here without what followed from it. It is not called when the emit is
    /// dropped before its end.
    fn after_emit(&self, _event: &AnyEvent, _receipt: &Receipt, _took: Duration) {}

    /// Before a handler is called. A veto is a failure of this one delivery.
    fn before_delivery(&self, _delivery: &Delivery<'_>) -> Result<(), Veto> {
        Ok(())
    }

    /// After a handler is done, with the last attempt's outcome, or a veto. It is not called when the
    /// delivery is cancelled.
    fn after_delivery(&self, _delivery: &Delivery<'_>, _outcome: Result<(), &FailureKind>, _took: Duration) {}

    /// What messages call it: the name of its type.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// The interceptors of a bus, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Interceptors {
    added: Vec<Box<dyn Interceptor>>,
}

impl Interceptors {
    pub(crate) fn add(&mut self, interceptor: Box<dyn Interceptor>) {
        self.added.push(interceptor);
    }

    fn each(&self) -> impl DoubleEndedIterator<Item = &dyn Interceptor> {
        self.added.iter().map(|interceptor| &**interceptor)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty()
    }

    /// The event with its metadata as they are now, and whether it may be delivered. One that may is sent its
    /// `route`.
    pub(crate) fn before_emit(
        &self,
        event: AnyEvent,
        route: impl FnOnce(&AnyEvent, &mut Metadata),
    ) -> (AnyEvent, Result<(), Veto>) {
        let mut metadata = event.metadata().clone();
        let verdict = ask(self.each(), |interceptor| interceptor.before_emit(&event, &mut metadata));
        let verdict = verdict.and_then(|()| {
            caught(|| route(&event, &mut metadata))
                .map_err(|panic| Veto::new(format!("its route panicked: {panic}")))
        });
        if metadata == *event.metadata() {
            return (event, verdict);
        }
        match event.unshared() {
            Ok(event) => (event.with_metadata(metadata), verdict),
            Err(event) => (event, verdict.and(Err(Veto::new("the event's `Clone` panicked")))),
        }
    }

    pub(crate) fn after_emit(&self, event: &AnyEvent, receipt: &Receipt, took: Duration) {
        self.tell(|interceptor| interceptor.after_emit(event, receipt, took));
    }

    pub(crate) fn before_delivery(&self, delivery: &Delivery<'_>) -> Result<(), Box<NotDone>> {
        let verdict = ask(self.each(), |interceptor| interceptor.before_delivery(delivery));
        verdict.map_err(|veto| NotDone::failed(FailureKind::Vetoed(veto)))
    }

    pub(crate) fn after_delivery(&self, delivery: &Delivery<'_>, outcome: &Outcome, took: Duration) {
        let outcome = match outcome.as_ref().map_err(|not_done| &**not_done) {
            Ok(()) => Ok(()),
            Err(NotDone::Failed { kind, .. }) => Err(kind),
            Err(NotDone::Skipped) => return,
        };
        self.tell(|interceptor| interceptor.after_delivery(delivery, outcome, took));
    }

    fn tell(&self, news: impl Fn(&dyn Interceptor)) {
        for interceptor in self.each().rev() {
            if let Err(panic) = caught(|| news(interceptor)) {
                tracing::error!(interceptor = name_of(interceptor), panic, "an interceptor panicked");
            }
        }
    }
}

fn ask<'a>(
    mut interceptors: impl Iterator<Item = &'a dyn Interceptor>,
    mut question: impl FnMut(&dyn Interceptor) -> Result<(), Veto>,
) -> Result<(), Veto> {
    interceptors.try_for_each(|interceptor| {
        let verdict = caught(|| question(interceptor));
        let verdict = verdict.unwrap_or_else(|panic| Err(Veto::new(format!("it panicked: {panic}"))));
        verdict.map_err(|veto| veto.by(name_of(interceptor)))
    })
}

fn name_of(interceptor: &dyn Interceptor) -> &'static str {
    caught(|| interceptor.name()).unwrap_or("an interceptor")
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.each().map(|interceptor| interceptor.name())).finish()
    }
}
