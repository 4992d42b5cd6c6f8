//! What handlers take, made without a bus that calls them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::recording::Recording;
use crate::bus::Dispatch;
use crate::engine::Bus;
use crate::event::{AnyEvent, Cause, Envelope, Event};
use crate::handler::{
    EmitOutcome, Emitter, EventSet, FromDelivery, Handler, HandlerError, HandlerInfo, Outlet,
};

/// Creates an [`Emitter`] for calling a handler's function directly, and the recording of what it emits.
///
/// ```
/// use atoms::prelude::*;
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.order.packed")]
/// struct OrderPacked;
///
/// #[handler]
/// async fn pack(_: &OrderCreated, out: Emitter<OrderPacked>) {
///     out.emit(OrderPacked).await;
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (out, emitted) = atoms::testing::emitter();
/// pack(&OrderCreated, out).await;
/// emitted.emitted::<OrderPacked>().once();
/// # }
/// ```
pub fn emitter<S: EventSet>() -> (Emitter<S>, Recording) {
    let recording = Recording::new();
    let outlet = Recorded { recording: recording.clone(), cause: None };
    (Emitter::into_outlet(Arc::new(outlet)), recording)
}

/// The delivery of an event in a test, from which the parameters of a handler are extracted, so that its function can
/// be called directly: [`Context`](crate::Context), [`Emitter`], [`State`](crate::State) and those of your own.
///
/// It dereferences to the [`Recording`] of what the emitters that were extracted from it emit.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::testing::TestDelivery;
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
/// #[event(type = "shop.order.packed")]
/// struct OrderPacked {
///     by: String,
/// }
///
/// struct Packer(String);
///
/// #[handler]
/// fn pack(_: &OrderCreated, out: Emitter<OrderPacked>, packer: State<Packer>, context: Context) {
///     assert_eq!(context.hops(), 0);
///     drop(out.emit(OrderPacked { by: packer.0.clone() }));
/// }
///
/// # fn main() -> Result<(), atoms::StartError> {
/// let bus = Bus::builder().state(Packer("Ada".into())).start()?;
/// let delivery = TestDelivery::new(&bus, OrderCreated);
/// pack(delivery.event(), delivery.extract(), delivery.extract(), delivery.extract());
/// assert_eq!(delivery.emitted::<OrderPacked>().once().by, "Ada");
/// # Ok(())
/// # }
/// ```
pub struct TestDelivery<E> {
    bus: Bus,
    event: Arc<Envelope<E>>,
    handler: fn() -> &'static HandlerInfo,
    outlet: Arc<dyn Outlet>,
    recording: Recording,
}

impl<E: Event> TestDelivery<E> {
    /// Creates the delivery of an event, or of one in its [`Envelope`], to a handler that runs on this bus.
    pub fn new(bus: &Bus, event: impl Into<Envelope<E>>) -> Self {
        let (event, recording) = (event.into(), Recording::new());
        let cause = Cause::of(event.head(), &bus.0.inherited);
        let outlet = Recorded { recording: recording.clone(), cause: Some(cause) };
        Self {
            bus: bus.clone(),
            event: Arc::new(event),
            handler: in_test,
            outlet: Arc::new(outlet),
            recording,
        }
    }

    /// Returns the same as a delivery to this handler, which [`Context::handler`](crate::Context::handler) returns then.
    #[must_use]
    pub fn to<H: Handler>(self) -> Self {
        Self { handler: H::info, ..self }
    }

    /// Returns the event.
    pub fn event(&self) -> &Envelope<E> {
        &self.event
    }

    /// Extracts a parameter of a handler.
    ///
    /// # Panics
    ///
    /// If it cannot be extracted, for example because the bus does not have the state.
    #[track_caller]
    pub fn extract<P: FromDelivery>(&self) -> P {
        self.try_extract().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`extract`](Self::extract), but returns why it cannot be extracted.
    pub fn try_extract<P: FromDelivery>(&self) -> Result<P, HandlerError> {
        let prepared = P::prepare(&self.bus.start_context())?;
        let event = AnyEvent::from(Arc::clone(&self.event));
        let dispatch = Dispatch::new(&event, &self.bus, &self.outlet);
        Ok(P::from_delivery(&prepared, &dispatch.delivery(self.handler))?)
    }
}

impl<E> Deref for TestDelivery<E> {
    type Target = Recording;

    fn deref(&self) -> &Recording {
        &self.recording
    }
}

impl<E: Event> fmt::Debug for TestDelivery<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDelivery").field("event", &self.event).finish_non_exhaustive()
    }
}

/// The handler of a delivery that is to none.
fn in_test() -> &'static HandlerInfo {
    static INFO: HandlerInfo = HandlerInfo::in_test();
    &INFO
}

/// Keeps what is emitted; the recording is bounded.
struct Recorded {
    recording: Recording,
    cause: Option<Cause>,
}

impl Outlet for Recorded {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        self.recording.add(event);
        EmitOutcome::Accepted
    }

    fn poll_room(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }
}
