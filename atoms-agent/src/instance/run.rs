//! The task of a node.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use atoms_runtime::__private::{Call, Outlet};
use atoms_runtime::{AnyEvent, Event};
use futures_util::FutureExt;

use super::failure::Why;
use super::flight::Flight;
use super::lane::Lane;
use super::mailbox::Mailbox;
use super::outlet::NodeOutlet;
use super::respond::Told;
use crate::events::{AgentError, Init};
use crate::node::entry::Prepared;
use crate::node::factory::Factory;
use crate::node::method::{Methods, Ran};
use crate::node::shape::Kind;
use crate::node::{Node, NodeParts};
use crate::session::Session;

/// Where a node sits in a session: what comes to it, and where its events go.
pub(crate) struct Seat {
    mailbox: Arc<Mailbox>,
    outlet: Arc<NodeOutlet>,
    /// The same, as handlers know it.
    shared: Arc<dyn Outlet>,
    /// Interrupts that came while a handler ran: passed on, and not yet handled.
    deferred: Lane,
}

const NOT_STARTED: &str = "a node could not start";
const GOES_ON: &str = "the start of a node failed, and the node goes on without it";

/// Why a handler was not run to its end.
enum Stopped {
    /// Its turn was interrupted.
    Interrupted,
    /// The session is over.
    Over,
}

/// Runs a node until its session is over.
pub(crate) async fn run<N: Node, P: NodeParts<N>>(prepared: Arc<Prepared<N, P>>, mut seat: Seat) {
    let Some(Made { mut node, mut has_started }) = seat.make(&prepared).await else { return };
    while let Some(flight) = seat.next().await {
        seat.outlet.note(&flight);
        let (runs, passes) = seat.routes::<N, P::Methods>(&flight);
        if let Some(place) = runs {
            if passes {
                seat.outlet.pass(flight.clone());
            }
            match seat.drive::<N, P::Methods>(&flight, &prepared.methods, place, &mut node).await {
                Ok(()) => {}
                Err(Rebuild) => match seat.make(&prepared).await {
                    Some(anew) => Made { node, has_started } = anew,
                    None => return,
                },
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

/// As [`run`]; a panic outside of the node's methods, as in a `Drop` or a `Display`, ends the session.
pub(crate) async fn guarded<N: Node, P: NodeParts<N>>(prepared: Arc<Prepared<N, P>>, seat: Seat) {
    let (mailbox, outlet) = (Arc::clone(&seat.mailbox), Arc::clone(&seat.outlet));
    if let Err(panic) = AssertUnwindSafe(run(prepared, seat)).catch_unwind().await {
        end(&outlet, &mailbox, "a node cannot go on", &Why::panicked(panic));
    }
}

/// Ends the session: it does not go on without one of its nodes.
fn end(outlet: &NodeOutlet, mailbox: &Mailbox, what: &str, why: &Why) {
    let told = outlet.report(what, Init::TYPE, why);
    outlet.session.fail(told);
    mailbox.close();
}

/// A node that has been made.
struct Made<N> {
    node: N,
    /// Whether its `#[started]` has come to a good end, without which it is not stopped either: what a node that
    /// could not load its memory would save is an empty one.
    has_started: bool,
}

/// A node panicked, and is not to be trusted any more.
struct Rebuild;

impl Seat {
    pub(crate) fn new(mailbox: Arc<Mailbox>, outlet: NodeOutlet) -> Self {
        let outlet = Arc::new(outlet);
        Self { mailbox, shared: outlet.clone(), outlet, deferred: Lane::default() }
    }

    fn session(&self) -> &Session {
        &self.outlet.session
    }

    /// The next event that is still wanted; `None` when the session is over.
    async fn next(&mut self) -> Option<Flight> {
        if let Some(deferred) = self.deferred.pop() {
            return Some(deferred);
        }
        loop {
            let session = &self.outlet.session;
            let flight = poll_fn(|cx| self.mailbox.poll_take(cx, || session.notify_idle())).await?;
            if !session.is_interrupted(&flight) {
                return Some(flight);
            }
        }
    }

    /// The place of the method that takes the event, and whether the node passes it on.
    fn routes<N, M: Methods<N>>(&self, flight: &Flight) -> (Option<usize>, bool) {
        let found = M::find(flight.known, false).or_else(|| M::find(flight.known, true));
        let consumes = found.is_some_and(|(_, consumes)| consumes);
        (
            found.map(|(place, _)| place),
            !consumes && self.outlet.shape.kind != Kind::Background && !flight.is_passed,
        )
    }

    /// Makes the node, and tells it so. `None` if it cannot be made or started, or the session is over.
    async fn make<N: Node, P: NodeParts<N>>(&mut self, prepared: &Prepared<N, P>) -> Option<Made<N>> {
        let init = self.session().init_event();
        let call = Call::new(&init, self.session().bus_ref(), &self.shared);
        let made = P::Factory::make(self.session().init(), &prepared.factory, &call);
        let made = self.outlet.session.enter(&init, AssertUnwindSafe(made).catch_unwind());
        let made = self.unless_over(made).await?;
        let mut node = match made {
            Ok(Ok(node)) => node,
            Ok(Err(error)) => return self.not_made("a node could not be made", &Why::Error(error)),
            Err(panic) => return self.not_made("a node could not be made", &Why::panicked(panic)),
        };
        let started = P::Started::run(&mut node, &prepared.started, &call, 0);
        let started = self.outlet.session.enter(&init, AssertUnwindSafe(started).catch_unwind());
        let has_started = match self.unless_over(started).await? {
            Ok(Ran::Failed(error)) if self.outlet.shape.start_may_fail => {
                self.tell(GOES_ON, Init::TYPE, &Why::Error(error));
                false
            }
            Ok(Ran::Failed(error)) => return self.not_made(NOT_STARTED, &Why::Error(error)),
            Ok(Ran::Done | Ran::Told) => true,
            Err(panic) => return self.not_made(NOT_STARTED, &Why::panicked(panic)),
        };
        Some(Made { node, has_started })
    }

    /// Runs a future, unless the session is over first.
    async fn unless_over<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| match self.mailbox.poll_closed(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }

    fn not_made<N>(&self, what: &str, why: &Why) -> Option<N> {
        end(&self.outlet, &self.mailbox, what, why);
        None
    }

    /// Runs a method for an event, and looks out for interrupts meanwhile.
    async fn drive<N, M: Methods<N>>(
        &mut self,
        flight: &Flight,
        prepared: &M::Prepared,
        place: usize,
        node: &mut N,
    ) -> Result<(), Rebuild> {
        let (session, outlet) = (self.session().clone(), Arc::clone(&self.outlet));
        let _handles = outlet.pulse().handles(place);
        let shared = Arc::clone(&self.shared);
        let call = Call::new(&flight.event, session.bus_ref(), &shared);
        let running = AssertUnwindSafe(M::run(node, prepared, &call, place)).catch_unwind();
        let mut running = pin!(session.enter(&flight.event, running));
        let ran = poll_fn(|cx| match self.look_out::<N, M>(cx, flight) {
            Some(stopped) => Poll::Ready(Err(stopped)),
            None => running.as_mut().poll(cx).map(Ok),
        });
        match ran.await {
            Ok(Ok(Ran::Done | Ran::Told)) => Ok(()),
            Ok(Ok(Ran::Failed(error))) => {
                self.failed(&flight.event, &Why::Error(error));
                Ok(())
            }
            Ok(Err(panic)) => {
                if !panic.is::<Told>() {
                    self.failed(&flight.event, &Why::panicked(panic));
                }
                Err(Rebuild)
            }
            Err(Stopped::Interrupted | Stopped::Over) => Ok(()),
        }
    }

    /// Passes on at once what overtakes; the node handles it when it is done with what it does now.
    fn pass_interrupts<N, M: Methods<N>>(&mut self, cx: &Context<'_>) {
        while let Some(mut urgent) = self.mailbox.poll_urgent(cx, self.mailbox.has_room_for(&self.deferred)) {
            if self.routes::<N, M>(&urgent).1 {
                self.outlet.pass(urgent.clone());
            }
            urgent.is_passed = true;
            self.deferred.push(urgent);
        }
    }

    /// Says whether to stop what is being done for an event.
    fn look_out<N, M: Methods<N>>(&mut self, cx: &Context<'_>, flight: &Flight) -> Option<Stopped> {
        self.pass_interrupts::<N, M>(cx);
        if self.session().is_over() {
            return Some(Stopped::Over);
        }
        (flight.is_interruptible && self.outlet.is_of_old_turn()).then_some(Stopped::Interrupted)
    }

    /// Waits until those behind can take more, which they never have to when the session is over.
    async fn wait_for_room<N, M: Methods<N>>(&mut self) {
        if self.outlet.has_room() {
            return;
        }
        let outlet = Arc::clone(&self.outlet);
        poll_fn(|cx| {
            self.pass_interrupts::<N, M>(cx);
            outlet.poll_room(cx)
        })
        .await;
    }

    /// Tells the node that its session is over.
    async fn stop<N: Node, P: NodeParts<N>>(&mut self, prepared: &Prepared<N, P>, node: &mut N) {
        let init = self.session().init_event();
        let call = Call::new(&init, self.session().bus_ref(), &self.shared);
        let stopped = AssertUnwindSafe(P::Stopped::run(node, &prepared.stopped, &call, 0)).catch_unwind();
        let why = match self.outlet.session.enter(&init, stopped).await {
            Ok(Ran::Failed(error)) => Why::Error(error),
            Ok(Ran::Done | Ran::Told) => return,
            Err(panic) => Why::panicked(panic),
        };
        // The client is not there any more.
        self.outlet.report("a node could not stop", Init::TYPE, &why);
    }

    fn failed(&self, event: &AnyEvent, why: &Why) {
        self.tell("a node failed", event.event_type(), why);
    }

    /// Tells the client that something went wrong in the node.
    fn tell(&self, what: &str, event_type: &str, why: &Why) {
        let (message, severity) = (self.outlet.report(what, event_type, why), self.outlet.shape.severity);
        self.outlet.emit_event(AgentError { message, severity, payload: Default::default() });
    }
}
