//! The task of a node.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use atoms_runtime::{AnyEvent, Dispatch, Event, Outlet};
use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::enter::enter;
use super::failure::Why;
use super::flight::Flight;
use super::floor::{Speaking, Waiting};
use super::lane::Lane;
use super::mailbox::NotPut;
use super::outlet::NodeOutlet;
use super::ready::{Prepared, Spawn};
use super::respond::Told;
use super::{Host, Instance};
use crate::events::Init;
use crate::node::factory::Factory;
use crate::node::method::{Methods, Ran};
use crate::node::{Node, NodeParts};

/// A node in an instance: its mailbox, and its outlet.
pub(crate) struct Seat {
    outlet: Arc<NodeOutlet>,
    /// The outlet as handlers take it.
    shared: Arc<dyn Outlet>,
    /// Interrupts that came while a handler ran, were passed on, and are not handled yet.
    deferred: Lane,
    /// Events whose responses wait until others have spoken.
    waiting: Waiting,
}

const NOT_STARTED: &str = "a node could not start";
const GOES_ON: &str = "the start of a node failed, and the node goes on without it";

/// Why a handler was not run to its end.
enum Cut {
    /// Its turn was interrupted.
    Interrupted,
    /// The instance is over.
    Over,
}

impl Instance {
    /// Starts the nodes. Each task keeps what `keep` makes until it ends.
    pub(crate) fn start<K: Send + 'static>(
        self: &Arc<Self>,
        host: &Arc<dyn Host>,
        nodes: &[Box<dyn Spawn>],
        keep: impl Fn() -> K,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for (place, node) in nodes.iter().enumerate() {
            let outlet = NodeOutlet::new(Arc::clone(self), Arc::clone(host), node.shape(), place);
            let running = node.run(Seat::new(outlet));
            let (kept, instance) = (keep(), Arc::clone(self));
            tasks.spawn(async move {
                let _kept = kept;
                let mut running = pin!(running);
                poll_fn(|cx| {
                    let _polled = instance.pulses[place].polled();
                    running.as_mut().poll(cx)
                })
                .await;
            });
        }
        tasks
    }
}

/// Waits for the tasks of nodes to end.
pub(crate) async fn joined(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && !error.is_cancelled()
        {
            tracing::error!(%error, "the task of a node did not end well");
        }
    }
}

/// Runs a node until its instance is over.
pub(crate) async fn run<N: Node, P: NodeParts<N>>(prepared: Arc<Prepared<N, P>>, mut seat: Seat) {
    let Some(Made { mut node, mut has_started }) = seat.make(&prepared).await else { return };
    while let Some((flight, speaking)) = seat.next().await {
        seat.outlet.note(&flight);
        if speaking.is_none() {
            seat.outlet.keep(&flight);
        }
        let (runs, passes) = routes::<N, P::Methods>(&seat.outlet, &flight);
        if let Some(place) = runs {
            if passes {
                seat.outlet.pass(flight.clone());
            }
            let responds = seat.outlet.shape.responds(place);
            if (!responds || seat.may_respond(&flight, speaking))
                && let Err(Rebuild) =
                    seat.drive::<N, P::Methods>(&flight, &prepared.methods, place, &mut node).await
            {
                match seat.make(&prepared).await {
                    Some(anew) => Made { node, has_started } = anew,
                    None => return,
                }
            }
        } else if passes {
            seat.outlet.pass(flight);
        }
        seat.wait_for_room::<N, P::Methods>().await;
    }
    if has_started {
        seat.stop(&prepared, &mut node).await;
    }
}

/// As [`run`]. A panic outside of the node's methods, such as in a `Drop` or a `Display`, ends the instance.
pub(crate) async fn guarded<N: Node, P: NodeParts<N>>(prepared: Arc<Prepared<N, P>>, seat: Seat) {
    let outlet = Arc::clone(&seat.outlet);
    if let Err(panic) = AssertUnwindSafe(run(prepared, seat)).catch_unwind().await {
        end(&outlet, "a node cannot go on", &Why::panicked(panic));
    }
}

/// Ends the instance, which does not go on without one of its nodes, unless that is a background node.
fn end(outlet: &NodeOutlet, what: &str, why: &Why) {
    if outlet.is_background() {
        outlet.tell(what, Init::TYPE, why);
    } else {
        outlet.host.fail(outlet.report(what, Init::TYPE, why));
    }
    outlet.mailbox().close();
}

/// The place of the method that takes the event, and whether the node passes it on.
fn routes<N, M: Methods<N>>(outlet: &NodeOutlet, flight: &Flight) -> (Option<usize>, bool) {
    let found = M::find(flight.known, false).or_else(|| M::find(flight.known, true));
    let consumes = found.is_some_and(|(_, consumes)| consumes);
    let passes = !consumes && !outlet.is_background() && !flight.is_passed;
    (found.map(|(place, _)| place), passes)
}

/// Runs a future of a node until it is done, or the instance is over.
async fn unless_over<F: Future>(outlet: &NodeOutlet, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match outlet.mailbox().poll_closed(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => future.as_mut().poll(cx).map(Some),
    })
    .await
}

/// A node that has been made.
struct Made<N> {
    node: N,
    /// Whether its `#[started]` has succeeded. If it has not, its `#[stopped]` is not called, since it would save an empty
    /// memory for a node that could not load its own.
    has_started: bool,
}

/// A node panicked, and is made anew, since its state may be broken.
struct Rebuild;

impl Seat {
    fn new(outlet: NodeOutlet) -> Self {
        let outlet = Arc::new(outlet);
        let waiting = Waiting::new(outlet.floor());
        Self { shared: outlet.clone(), outlet, deferred: Lane::default(), waiting }
    }

    /// Waits for the next event of a turn that was not interrupted, or for the floor for one that waits for it. Returns
    /// `None` when the instance is over.
    async fn next(&mut self) -> Option<(Flight, Option<Speaking>)> {
        if let Some(deferred) = self.deferred.pop() {
            return Some((deferred, None));
        }
        loop {
            let next = poll_fn(|cx| self.poll_next(cx)).await?;
            if !self.outlet.instance.is_interrupted(&next.0) {
                return Some(next);
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Flight, Option<Speaking>)>> {
        let Self { outlet, waiting, .. } = self;
        let (mailbox, instance) = (outlet.mailbox(), &outlet.instance);
        waiting.forget(|flight| instance.is_late(flight));
        if let Poll::Ready((flight, speaking)) = waiting.poll_next(cx) {
            return Poll::Ready(Some((flight, Some(speaking))));
        }
        let taken = if waiting.flights().is_empty() {
            mailbox.poll_take(cx, || instance.notify_idle())
        } else {
            mailbox.poll_take_busy(cx)
        };
        taken.map(|flight| Some((flight?, None)))
    }

    /// Whether the node may answer the event now. If others speak, the event waits until they have; if the turn was
    /// interrupted before the response began, there is none, even if the event itself survives that.
    fn may_respond(&mut self, flight: &Flight, speaking: Option<Speaking>) -> bool {
        if self.outlet.is_of_old_turn() {
            return false;
        }
        if self.waiting.is_needless() {
            return true;
        }
        let speaking = speaking.or_else(|| self.waiting.take_floor());
        let may = speaking.is_some();
        if may {
            self.outlet.set_speaking(speaking);
        } else if self.outlet.mailbox().has_room_for(self.waiting.flights()) {
            let mut waits = flight.clone();
            waits.is_passed = true;
            self.waiting.push(waits);
        } else {
            self.outlet.instance.lose(flight.clone(), NotPut::Full, &*self.outlet.host);
        }
        may
    }

    /// Makes and starts the node. Returns `None` if that fails, or the instance is over.
    async fn make<N: Node, P: NodeParts<N>>(&mut self, prepared: &Prepared<N, P>) -> Option<Made<N>> {
        let instance = &self.outlet.instance;
        let init = instance.init_event();
        let dispatch = Dispatch::new(&init, instance.bus(), &self.shared).without_layers();
        let made = P::Factory::make(instance.init(), &prepared.factory, &dispatch);
        let made = enter(&init, AssertUnwindSafe(made).catch_unwind());
        let made = unless_over(&self.outlet, made).await?;
        let mut node = match made {
            Ok(Ok(node)) => node,
            Ok(Err(error)) => return self.not_made("a node could not be made", &Why::Error(error)),
            Err(panic) => return self.not_made("a node could not be made", &Why::panicked(panic)),
        };
        let started = P::Started::run(&mut node, &prepared.started, &dispatch, 0);
        let started = enter(&init, AssertUnwindSafe(started).catch_unwind());
        let has_started = match unless_over(&self.outlet, started).await? {
            Ok(Ran::Failed(error)) if self.outlet.shape.start_may_fail => {
                self.outlet.tell(GOES_ON, Init::TYPE, &Why::Error(error));
                false
            }
            Ok(Ran::Failed(error)) => return self.not_made(NOT_STARTED, &Why::Error(error)),
            Ok(Ran::Done | Ran::Told(_)) => true,
            Err(panic) => return self.not_made(NOT_STARTED, &Why::panicked(panic)),
        };
        Some(Made { node, has_started })
    }

    fn not_made<N>(&self, what: &str, why: &Why) -> Option<N> {
        end(&self.outlet, what, why);
        None
    }

    /// Runs a method for an event, and watches for interrupts meanwhile.
    async fn drive<N, M: Methods<N>>(
        &mut self,
        flight: &Flight,
        prepared: &M::Prepared,
        place: usize,
        node: &mut N,
    ) -> Result<(), Rebuild> {
        self.waiting.leave_queue();
        let outlet = Arc::clone(&self.outlet);
        let _handles = outlet.pulse().handles(place);
        let shared = Arc::clone(&self.shared);
        let (in_turn, moved) = outlet.instance.now_in(flight);
        let _in_turn = outlet.handles(in_turn);
        let event = moved.as_ref().unwrap_or(&flight.event);
        let dispatch = Dispatch::new(event, outlet.instance.bus(), &shared);
        let may_be_cut = flight.is_interruptible || outlet.shape.responds(place);
        let running = AssertUnwindSafe(M::run(node, prepared, &dispatch, place)).catch_unwind();
        let mut running = pin!(enter(event, running));
        let ran = poll_fn(|cx| match self.look_out::<N, M>(cx, may_be_cut) {
            Some(cut) => Poll::Ready(Err(cut)),
            None => running.as_mut().poll(cx).map(Ok),
        });
        let ran = ran.await;
        // If nothing was said.
        drop(outlet.set_speaking(None));
        match ran {
            Ok(Ok(Ran::Done | Ran::Told(_))) => Ok(()),
            Ok(Ok(Ran::Failed(error))) => {
                self.failed(event, &Why::Error(error));
                Ok(())
            }
            Ok(Err(panic)) => {
                if !panic.is::<Told>() {
                    self.failed(event, &Why::panicked(panic));
                }
                Err(Rebuild)
            }
            Err(Cut::Interrupted | Cut::Over) => Ok(()),
        }
    }

    /// Passes interrupts on at once. The node handles them when its method is done.
    fn pass_interrupts<N, M: Methods<N>>(&mut self, cx: &Context<'_>) {
        let Self { outlet, deferred, .. } = self;
        let mailbox = outlet.mailbox();
        while let Some(mut urgent) = mailbox.poll_urgent(cx, mailbox.has_room_for(deferred)) {
            if routes::<N, M>(outlet, &urgent).1 {
                outlet.pass(urgent.clone());
            }
            urgent.is_passed = true;
            deferred.push(urgent);
        }
    }

    /// Returns why to stop the method that handles an event, if it has to stop.
    fn look_out<N, M: Methods<N>>(&mut self, cx: &Context<'_>, may_be_cut: bool) -> Option<Cut> {
        self.pass_interrupts::<N, M>(cx);
        if self.outlet.instance.is_over() {
            return Some(Cut::Over);
        }
        (may_be_cut && self.outlet.is_of_old_turn()).then_some(Cut::Interrupted)
    }

    /// Waits for room in the mailboxes behind the node, or until the instance is over.
    async fn wait_for_room<N, M: Methods<N>>(&mut self) {
        if self.outlet.has_room() {
            return;
        }
        let outlet = Arc::clone(&self.outlet);
        poll_fn(|cx| {
            self.waiting.let_speak(cx);
            self.pass_interrupts::<N, M>(cx);
            outlet.poll_room(cx)
        })
        .await;
    }

    /// Calls the `#[stopped]` of the node.
    async fn stop<N: Node, P: NodeParts<N>>(&mut self, prepared: &Prepared<N, P>, node: &mut N) {
        let instance = &self.outlet.instance;
        let init = instance.init_event();
        let dispatch = Dispatch::new(&init, instance.bus(), &self.shared).without_layers();
        let stopped = AssertUnwindSafe(P::Stopped::run(node, &prepared.stopped, &dispatch, 0)).catch_unwind();
        let why = match enter(&init, stopped).await {
            Ok(Ran::Failed(error)) => Why::Error(error),
            Ok(Ran::Done | Ran::Told(_)) => return,
            Err(panic) => Why::panicked(panic),
        };
        // The client has gone.
        self.outlet.report("a node could not stop", Init::TYPE, &why);
    }

    fn failed(&self, event: &AnyEvent, why: &Why) {
        if self.outlet.is_cancelled() {
            // Who has cancelled it expects that, and the client is told of no failure.
            self.outlet.report("a node failed in a turn that was cancelled", event.event_type(), why);
            return;
        }
        self.outlet.tell("a node failed", event.event_type(), why);
    }
}
