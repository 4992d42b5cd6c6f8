//! What stands around emits and deliveries of a bus that can be paused.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use atoms_runtime::{
    AnyEvent, Bus, BusBuilder, Delivery, EmitLayer, Extension, Layer, Next, NextEmit, Outcome, SyncLayer,
    SyncNext, Veto,
};

use super::deliveries::{Deliveries, Entered, Running};
use super::gate::{Gate, Limits};
use super::scope::{Place, Scope};
use crate::work::Run;

/// Lets a bus be paused, and what runs on it be cancelled: give it to
/// [`ControlBuilder::steering`](crate::ControlBuilder::steering).
///
/// It stands around each emit and each delivery. On a bus without it, [`Runs::cancel`](crate::Runs::cancel) reaches the work
/// of runs, but neither drops their handlers where these wait nor refuses what they emit later.
///
/// With it, each turn of a session is a run, named after the event that begins it. The nodes of a paused turn or session get
/// nothing but interrupts.
#[derive(Debug, Clone)]
pub struct Steering {
    limits: Limits,
}

impl Steering {
    /// Creates it with the default limits.
    pub fn new() -> Self {
        Self { limits: Limits { events: 65_536, bytes: 64 * 1024 * 1024 } }
    }

    /// Sets how many events are held at most while something is paused: 65,536 by default. Those beyond are refused.
    #[must_use]
    pub fn held_events(mut self, events: usize) -> Self {
        self.limits.events = events;
        self
    }

    /// Sets the same limit in bytes of memory: 64 MiB by default. A larger event is held alone.
    #[must_use]
    pub fn held_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }
}

impl Default for Steering {
    fn default() -> Self {
        Self::new()
    }
}

/// The gate of a bus, and what runs on it.
pub(crate) struct Steered(Arc<Shared>);

pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    running: Arc<Running>,
}

impl Steered {
    pub(crate) fn new(steering: Steering) -> Self {
        let gate = Arc::new(Gate::new(steering.limits));
        Self(Arc::new(Shared { gate, running: Arc::default() }))
    }

    /// That of a bus, if it can be paused.
    pub(super) fn of(bus: &Bus) -> Option<Arc<Shared>> {
        bus.borrow_extension::<Self>().map(|steered| Arc::clone(&steered.0))
    }
}

impl Extension for Steered {
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus.emit_layer(AroundEmits(Arc::clone(&self.0))).layer(AroundDeliveries(Arc::clone(&self.0)))
    }

    /// What is held is delivered before the bus ends.
    fn closing(&self) {
        self.0.gate.open();
    }
}

impl Shared {
    /// Says to the deliveries in this scope that they are cancelled, and returns them.
    pub(super) fn cancel(&self, scope: &Scope) -> Deliveries {
        self.running.cancel(scope)
    }

    pub(super) fn running(&self) -> Arc<Running> {
        Arc::clone(&self.running)
    }

    fn enter(&self, delivery: &Delivery<'_>, run: Option<&Run>) -> Entered<&Running> {
        let place = Place::new(run, delivery.carried(), delivery.metadata());
        Running::enter(&*self.running, place, delivery.handler().path(), delivery.id().clone())
    }
}

/// The standard events of a conversation that stop what is being said. They pass as well.
const INTERRUPTS: [&str; 2] = ["agent.control.interrupt", "system.control.interrupt"];

/// Whether an event is control's own, which passes whatever is paused: it tells of something, and is no work.
fn is_control(event_type: &str) -> bool {
    event_type.starts_with("atoms.") && !event_type.starts_with("atoms.tool.")
}

/// Why an event is not delivered, if its run has ended as cancelled.
fn is_over(run: Option<&Run>) -> Option<Veto> {
    let run = run.filter(|run| run.is_cancelled() && (run.has_ended() || run.stopped().is_cancelled()))?;
    Some(Veto::new(format!("the run `{run}`, to which it belongs, was cancelled")))
}

struct AroundEmits(Arc<Shared>);

impl EmitLayer for AroundEmits {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        let event = next.event();
        if is_control(event.event_type()) {
            next.run().await;
            return Ok(());
        }
        let run = event.carried::<Run>();
        if let Some(veto) = is_over(run) {
            return Err(veto);
        }
        if self.0.gate.is_open() || INTERRUPTS.contains(&event.event_type()) {
            next.run().await;
            return Ok(());
        }
        let event = event.clone();
        let place = Place::new(event.carried(), event.carried(), next.metadata());
        let turn = self.0.gate.pass(place, &event).await?;
        // Not shared any more, so that it need not be copied when it is delivered.
        drop(event);
        begin(next.run(), turn).await;
        Ok(())
    }

    fn name(&self) -> &'static str {
        "steering"
    }
}

/// Waits for it; the turn is over when it has begun.
async fn begin<F: Future>(going: F, turn: Option<impl Sized>) -> F::Output {
    let (mut going, mut turn) = (pin!(going), turn);
    poll_fn(|cx| {
        let polled = going.as_mut().poll(cx);
        drop(turn.take());
        polled
    })
    .await
}

struct AroundDeliveries(Arc<Shared>);

impl Layer for AroundDeliveries {
    async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        if is_control(delivery.event_type()) {
            return next.run().await;
        }
        let run = delivery.carried::<Run>();
        let mut turn = None;
        // What no bus calls, such as a node, was not emitted on one, and so has passed no gate.
        if delivery.outlet().is_some() {
            if let Some(veto) = is_over(run) {
                return Err(veto.into());
            }
            if !self.0.gate.is_open() && !INTERRUPTS.contains(&delivery.event_type()) {
                let place = Place::new(run, delivery.carried(), delivery.metadata());
                let event: &AnyEvent = delivery.any();
                turn = self.0.gate.pass(place, event).await?;
            }
        }
        let entered = self.0.enter(delivery, run);
        let going = begin(next.run_with(entered.cancelled()), turn);
        tokio::select! {
            biased;
            outcome = going => outcome,
            () = entered.stopped().cancelled() => Err(Veto::new("it was cancelled").into()),
        }
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }

    fn name(&self) -> &'static str {
        "steering"
    }
}

impl SyncLayer for AroundDeliveries {
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        if is_control(delivery.event_type()) {
            return next.run();
        }
        let entered = self.0.enter(delivery, delivery.carried::<Run>());
        next.run_with(entered.cancelled())
    }
}

impl fmt::Debug for Steered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Steered").field(&self.0.gate).finish()
    }
}
