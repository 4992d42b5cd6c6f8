//! Emitting events.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use crate::caught::DropCaught;
use crate::engine::deliver::delivered;
use crate::engine::receipt::Receipt;
use crate::engine::route::Route;
use crate::engine::step::Step;
use crate::engine::{Bus, scope};
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, Carried, Envelope, Event, Head, IntoEnvelope};

/// How many events of a batch are under way at once.
const AT_ONCE: usize = 64;

impl Bus {
    /// Emits an event, or one in its [`Envelope`](crate::Envelope), and waits until every handler
    /// of it, and of every event that those emitted, is done.
    ///
    /// Await the returned [`Emit`]; nothing happens before that. The sync handlers run first, by their order and path,
    /// and then the async ones concurrently. A handler that fails or panics is in the receipt, and does not stop the
    /// others. An event that is emitted while a handler runs is a consequence of that handler's event. In a task that
    /// the handler spawned it is not, unless this is called before the task is spawned.
    ///
    /// Dropping the future cancels the async handlers that still run at their next await, and
    /// what was emitted but not delivered; each of them is logged.
    ///
    /// Functions that take a [`Future`] take `bus.emit(event).into_future()`.
    #[inline]
    pub fn emit<I: IntoEnvelope>(
        &self,
        event: I,
    ) -> I::Returned<Emit<'_, Typed<I>, impl Future<Output = Receipt> + Send + use<'_, I>>> {
        I::Event::__needs_handler::<()>();
        // A copy of the parent is made before there is an envelope, and the envelope changed after it
        // has come to rest: a function that might touch it on its way would cost it a move.
        let parent = scope::current(&self.0.inherited);
        let envelope = DropCaught::<_, I::Event>::new(event.into_envelope());
        I::returned(Emit { bus: self, emitted: Typed { parent, envelope }, deliver: deliver::<I> })
    }

    /// Emits an event whose type is known at run time only, as [`emit`](Self::emit) does.
    ///
    /// The event keeps its id, its timestamp, and all metadata that it already has.
    pub fn emit_any<'a>(
        &'a self,
        event: &'a AnyEvent,
    ) -> Emit<'a, Untyped<'a>, impl Future<Output = Receipt> + Send + use<'a>> {
        let nested = scope::nested(&self.0.inherited, || event.clone());
        Emit { bus: self, emitted: Untyped { event, nested }, deliver: deliver_any }
    }

    /// Emits events one after the other, waits until all are done, and returns their receipts in the same order.
    ///
    /// The sync handlers of each event run before those of the next one. Async handlers run concurrently, for up to 64
    /// events at once. Dropping the future cancels as it does at [`emit`](Self::emit).
    ///
    /// ```
    /// # use atoms::{Bus, event};
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated { order_id: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let orders = ["o-1", "o-2"].map(|id| OrderCreated { order_id: id.into() });
    /// let receipts = bus.emit_all(orders).await;
    /// assert!(receipts.iter().all(|receipt| receipt.is_ok()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_all<I: IntoEnvelope>(
        &self,
        events: impl IntoIterator<Item = I, IntoIter: Send>,
    ) -> I::Returned<impl Future<Output = Vec<Receipt>> + Send> {
        let events = stream::iter(events);
        I::returned(async move {
            events.map(|event| self.emit(event).into_future()).buffered(AT_ONCE).collect().await
        })
    }
}

/// An event that is about to be emitted, as [`Bus::emit`] returns it. Await it.
///
/// Other crates send it along [routes](Route) with [`via`](Self::via).
#[must_use = "nothing is emitted unless this is awaited"]
pub struct Emit<'a, T, F> {
    bus: &'a Bus,
    emitted: T,
    deliver: fn(&'a Bus, T) -> F,
}

impl<'a, T: Emittable, F> Emit<'a, T, F> {
    /// Emits the event, and sends it along this route too, instead of the route that it would inherit.
    pub fn via(self, route: Arc<dyn Route>) -> Pin<Box<dyn Future<Output = Receipt> + Send + 'a>> {
        let (bus, event) = (&self.bus.0, self.emitted.into_any(self.bus));
        Box::pin(async move { bus.deliver_root(event, Some(&*route)).await })
    }

    /// Lets the event carry this value, as all events that follow from it do.
    pub fn carry<V: Carried>(mut self, value: V) -> Self {
        self.emitted.carry(value);
        self
    }
}

impl<T, F: Future<Output = Receipt>> IntoFuture for Emit<'_, T, F> {
    type Output = Receipt;
    type IntoFuture = F;

    #[inline]
    fn into_future(self) -> F {
        (self.deliver)(self.bus, self.emitted)
    }
}

impl<T: Emittable, F> fmt::Debug for Emit<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emit").field("event_type", &self.emitted.event_type()).finish_non_exhaustive()
    }
}

/// An event that [`Emit`] holds: of a known type, or of any type.
pub trait Emittable: sealed::Emittable {}

impl<T: sealed::Emittable> Emittable for T {}

mod sealed {
    use super::{AnyEvent, Bus, Carried};

    pub trait Emittable {
        fn event_type(&self) -> &str;
        fn carry<V: Carried>(&mut self, value: V);
        fn into_any(self, bus: &Bus) -> AnyEvent;
    }
}

/// An event of a known type.
pub struct Typed<I: IntoEnvelope> {
    /// The event in whose handler it is emitted, if it is in one's.
    parent: Option<Box<Head>>,
    envelope: DropCaught<Envelope<I::Event>, I::Event>,
}

impl<I: IntoEnvelope> fmt::Debug for Typed<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Typed").field(&I::Event::TYPE).finish()
    }
}

impl<I: IntoEnvelope> Typed<I> {
    /// Makes the event a consequence of its parent.
    #[inline]
    fn follow(&mut self, bus: &Bus) {
        if let Some(parent) = &self.parent {
            self.envelope.head_mut().nest(parent, &bus.0.inherited);
        }
    }
}

impl<I: IntoEnvelope> sealed::Emittable for Typed<I> {
    fn event_type(&self) -> &str {
        I::Event::TYPE
    }

    fn carry<V: Carried>(&mut self, value: V) {
        let carrying = self.envelope.carrying().with(value);
        self.envelope.head_mut().set_carrying(carrying);
    }

    fn into_any(mut self, bus: &Bus) -> AnyEvent {
        self.follow(bus);
        self.envelope.into_inner().into()
    }
}

/// An event whose type is known at run time only.
#[derive(Debug)]
pub struct Untyped<'a> {
    event: &'a AnyEvent,
    /// The same as a consequence of the event in whose handler it is emitted, if it is in one's.
    nested: Option<AnyEvent>,
}

impl sealed::Emittable for Untyped<'_> {
    fn event_type(&self) -> &str {
        self.event.event_type()
    }

    fn carry<V: Carried>(&mut self, value: V) {
        let event = self.nested.take().unwrap_or_else(|| self.event.clone());
        self.nested = Some(event.carry(value));
    }

    fn into_any(self, _: &Bus) -> AnyEvent {
        self.nested.unwrap_or_else(|| self.event.clone())
    }
}

#[expect(clippy::manual_async_fn, reason = "the arguments of an `async fn` are moved once more")]
#[inline]
fn deliver<I: IntoEnvelope>(
    bus: &Bus,
    mut emitted: Typed<I>,
) -> impl Future<Output = Receipt> + Send + use<'_, I> {
    async move {
        emitted.follow(bus);
        if bus.0.looks_at(emitted.envelope.head()) {
            return bus.emit_seen(emitted.envelope.into_inner().into()).await;
        }
        delivered!(Step::new(EventRef::new(&*emitted.envelope), &bus.0))
    }
}

async fn deliver_any<'a>(bus: &'a Bus, emitted: Untyped<'a>) -> Receipt {
    let event = emitted.nested.as_ref().unwrap_or(emitted.event);
    if bus.0.looks_at(event.event_ref().head()) {
        return bus.emit_seen(event.clone()).await;
    }
    delivered!(Step::of_any(event, &bus.0))
}

impl Bus {
    /// In a box, so that the future of an emit need not have room for it. It is polled at once.
    #[cold]
    fn emit_seen(&self, event: AnyEvent) -> Pin<Box<dyn Future<Output = Receipt> + Send + '_>> {
        self.0.deliver_root(event, None)
    }
}
