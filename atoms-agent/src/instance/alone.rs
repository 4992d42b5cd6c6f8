//! Graphs that run without a session.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use atoms_runtime::{AnyEvent, Bus, Envelope, IntoEnvelope};
use futures_core::Stream;
use tokio::task::JoinSet;

use super::mailbox::Mailbox;
use super::run::joined;
use super::turns::Turns;
use super::{AnyState, Host, Instance, Limits};
use crate::events::Init;
use crate::graph::{Graph, GraphError};
use crate::node::declared::Declared;
use crate::protocol::rules::Rules;

impl Graph {
    /// Runs the graph without a session: for tests, and for programs that have no client.
    ///
    /// The nodes are made with `init`, and take their states from the bus. Events that are [sent](RunningGraph::send)
    /// go to the roots, as a client's events do in a session. The [`GraphOutput`] yields what comes out of the leaves:
    /// every event except those that were sent in, whether it declares `to(client)` or not.
    ///
    /// These events are not shown to the bus, and `agent.end_call` ends nothing: the reader of the output decides what
    /// to do. There are no [session states](crate::SessionState). A handler that takes a [`Session`](crate::Session) fails, and one that takes an `Option` of it gets
    /// `None`.
    ///
    /// At most 64 events, or 1 MiB, wait in the output and for each node before senders wait, as is the default in
    /// sessions. A node that emits without waiting loses its events when 65,536, or 64 MiB, wait.
    ///
    /// ```
    /// use atoms::agent::events::{ConversationType, Init, Speak, UserJoined};
    /// use atoms::agent::{graph, node};
    /// use atoms::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Greeter;
    ///
    /// #[node]
    /// impl Greeter {
    ///     #[handler]
    ///     fn greet(&mut self, _: &UserJoined) -> Speak {
    ///         Speak { text: "Good day!".into() }
    ///     }
    /// }
    ///
    /// graph! {
    ///     struct Desk {
    ///         Greeter,
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let init = Init::new(ConversationType::Chat);
    /// let (desk, mut output) = Desk::graph().run_alone(&Bus::start()?, init)?;
    /// desk.send(UserJoined).await?;
    /// let greeting = output.next().await.unwrap();
    /// assert_eq!(greeting.downcast_ref::<Speak>().unwrap().event().text, "Good day!");
    /// desk.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the bus does not have what the nodes take.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, in which the nodes run.
    pub fn run_alone(&self, bus: &Bus, init: Init) -> Result<(RunningGraph, GraphOutput), GraphError> {
        self.run_alone_with(bus, Envelope::new(init), Vec::new(), &Declared::default())
    }

    /// Runs the graph without a session, with these states, whose types are declared.
    pub(crate) fn run_alone_with(
        &self,
        bus: &Bus,
        init: Envelope<Init>,
        states: Vec<AnyState>,
        declared: &Declared,
    ) -> Result<(RunningGraph, GraphOutput), GraphError> {
        let nodes = self.prepare(bus, declared)?;
        let init = Arc::new(init);
        let instance =
            Arc::new(Instance::new(bus.clone(), self.plan(), init, Limits::default(), Turns::NONE));
        let host = Arc::new(Alone { instance: Arc::clone(&instance), states, failure: OnceLock::new() });
        let as_host: Arc<dyn Host> = host.clone();
        let tasks = instance.start(&as_host, &nodes, || ());
        instance.put_at_roots(instance.admit(instance.init_event()), &*host);
        Ok((RunningGraph { host, tasks }, GraphOutput(instance)))
    }
}

/// A program that runs a graph by itself.
struct Alone {
    instance: Arc<Instance>,
    states: Vec<AnyState>,
    /// Why the nodes cannot go on.
    failure: OnceLock<String>,
}

impl Host for Alone {
    fn id(&self) -> Option<&str> {
        None
    }

    fn fail(&self, why: String) {
        // The first reason is the one that counts.
        let _ = self.failure.set(why);
        self.instance.finish();
    }

    fn show(&self, _: &AnyEvent) {}

    fn states(&self) -> &[AnyState] {
        &self.states
    }

    fn as_on_bus(&self, event: &AnyEvent) -> AnyEvent {
        event.clone()
    }
}

impl Alone {
    fn stopped(&self) -> GraphStopped {
        GraphStopped { failure: self.failure.get().cloned() }
    }
}

/// A graph that runs without a session, as [`Graph::run_alone`] starts it.
///
/// Dropping it stops its nodes at their next await, without calling their `#[stopped]`.
#[must_use = "the nodes stop when this is dropped"]
pub struct RunningGraph {
    host: Arc<Alone>,
    tasks: JoinSet<()>,
}

impl RunningGraph {
    /// Sends an event to the roots of the graph, and waits for room there. An interrupt does not wait.
    ///
    /// Cancel-safe: the event is sent when this returns, and not before.
    ///
    /// # Errors
    ///
    /// Fails if the nodes have stopped.
    pub async fn send<E: IntoEnvelope>(&self, event: E) -> Result<(), GraphStopped> {
        let event = AnyEvent::from(event.into_envelope());
        let instance = &self.host.instance;
        if !(Rules::of(event.known_type()).overtakes && instance.roots(Mailbox::has_urgent_room)) {
            poll_fn(|cx| instance.poll_room_at_roots(cx)).await;
        }
        if instance.is_over() {
            return Err(self.host.stopped());
        }
        instance.heed_agent(Rules::of(event.known_type()));
        // An event that is refused all the same is in the log, and among the dead letters of the bus.
        instance.put_at_roots(instance.admit(event), &*self.host);
        Ok(())
    }

    /// Waits until no node has anything to do. A node that waits for room in the output still has something to do.
    pub async fn idle(&self) {
        self.host.instance.nodes_quiet().await;
    }

    /// The values that its nodes share.
    pub(crate) fn states(&self) -> &[AnyState] {
        &self.host.states
    }

    /// Waits until no node has anything to do, and the output is read.
    pub(crate) async fn quiet(&self) {
        self.host.instance.quiet().await;
    }

    /// Stops the nodes, and waits until each has called its `#[stopped]`. Events that wait are dropped, and running
    /// handlers are dropped at their next await; await [`idle`](Self::idle) first to finish them. What has come out of
    /// the graph can still be read.
    ///
    /// # Errors
    ///
    /// Fails if a node could not be made or started, or panicked outside of its handlers.
    pub async fn stop(mut self) -> Result<(), GraphStopped> {
        self.host.instance.finish();
        joined(&mut self.tasks).await;
        if self.host.failure.get().is_some() { Err(self.host.stopped()) } else { Ok(()) }
    }
}

impl Drop for RunningGraph {
    fn drop(&mut self) {
        self.host.instance.finish();
    }
}

impl fmt::Debug for RunningGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningGraph").field("failure", &self.host.failure.get()).finish_non_exhaustive()
    }
}

/// What comes out of a graph that runs without a session: a stream of events, with room for 64 events, or 1 MiB.
///
/// It ends when the nodes have stopped. Nodes wait until it is read; if it is dropped, what comes out is dropped.
#[must_use = "the nodes wait until this is read"]
pub struct GraphOutput(Arc<Instance>);

impl GraphOutput {
    /// Returns the next event, or `None` if the nodes have stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<AnyEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<AnyEvent>> {
        loop {
            let taken = ready!(self.0.end().poll_take(cx, || self.0.notify_idle()));
            match taken {
                Some(flight) if self.0.is_interrupted(&flight) => {}
                taken => return Poll::Ready(taken.map(|flight| flight.event.clone())),
            }
        }
    }
}

impl Stream for GraphOutput {
    type Item = AnyEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AnyEvent>> {
        self.poll_event(cx)
    }
}

impl Drop for GraphOutput {
    fn drop(&mut self) {
        self.0.end().close();
    }
}

impl fmt::Debug for GraphOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphOutput").finish_non_exhaustive()
    }
}

/// The nodes of a [`RunningGraph`] have stopped.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphStopped {
    failure: Option<String>,
}

impl GraphStopped {
    /// Returns why a node could not continue, if that has stopped the nodes: what kind of thing failed, and the id
    /// under which the log has the rest. For a node with `expose_errors` it contains the text of the error.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl fmt::Display for GraphStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(failure) => write!(f, "the nodes of the graph have stopped: {failure}"),
            None => f.write_str("the nodes of the graph have stopped"),
        }
    }
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for GraphStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for GraphStopped {}
