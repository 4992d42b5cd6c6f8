//! All sessions of an agent.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, RwLock};
use std::time::Duration;

use atoms_runtime::{Bus, Cancellation, Envelope, Event, InSession};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::identity::AnyIdentity;
use super::opening::Opening;
use super::options::{Options, SessionsBuilder};
use super::routing::{Agents, carrying};
use super::state::declared;
use super::{Core, Session, SessionEnd};
use crate::events::Init;
use crate::graph::{Graph, GraphError, GraphProblem, Plan};
use crate::instance::failure::{self, Why};
use crate::instance::pulse::Pulse;
use crate::instance::ready::Spawn;
use crate::instance::turns::Turns;
use crate::instance::{Host, Instance};
use crate::node::NodeShape;

/// How long sessions have to tell their clients that they were cut short.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs a graph of nodes for each connection. It is cheap to clone, and all clones are the same.
///
/// Several of them may share a bus.
///
/// ```
/// use atoms::agent::events::{Speak, UserJoined};
/// use atoms::agent::{Outgoing, SessionEnd, Sessions, graph, node};
/// use atoms::Bus;
/// use futures_channel::mpsc;
/// use futures_util::{StreamExt, stream};
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
/// let sessions = Sessions::builder(Desk::graph()).start(&Bus::start()?)?;
/// // Any stream of frames is a client; `atoms-server` has WebSockets.
/// let client = stream::iter([
///     br#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#.as_slice(),
///     br#"{"type":"system.user.joined"}"#,
/// ]);
/// let (outgoing, mut received) = mpsc::channel(8);
/// let session = sessions.run(Box::pin(client.map(Ok).chain(stream::pending())), outgoing);
/// let frames = async {
///     let ready = received.next().await;
///     let greeting = received.next().await;
///     sessions.list()[0].end();
///     (ready, greeting)
/// };
/// let (end, (ready, greeting)) = futures_util::join!(session, frames);
/// assert!(matches!(ready, Some(Outgoing::Frame(frame)) if frame.starts_with(br#"{"type":"agent.ready""#)));
/// assert!(matches!(greeting, Some(Outgoing::Frame(frame)) if frame.ends_with(br#""text":"Good day!"}"#)));
/// assert_eq!(end, SessionEnd::ByAgent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions(pub(super) Arc<Agent>);

pub(super) struct Agent {
    bus: Bus,
    plan: Arc<Plan>,
    nodes: Vec<Box<dyn Spawn>>,
    /// The types of the identities that nodes take.
    identities: Vec<(TypeId, &'static str)>,
    pub(super) options: Options,
    running: RwLock<HashMap<String, Session>>,
    /// The sessions that have ended, and of which a node still holds a thread.
    lingering: Mutex<Vec<Session>>,
    /// Whether the watchdog runs.
    pub(super) watched: Once,
    pub(super) closing: CancellationToken,
    /// When this is cancelled, sessions end without waiting for what is under way.
    pub(super) cut: CancellationToken,
    /// Tracks all connections, also those whose sessions have not begun.
    pub(super) connections: TaskTracker,
    pub(super) counters: Counters,
}

/// The counts since the start.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) started: AtomicU64,
    pub(super) frames_in: AtomicU64,
    pub(super) frames_out: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) background_failures: AtomicU64,
    pub(super) background_missed: AtomicU64,
    tasks: AtomicUsize,
}

/// The counters of [`Sessions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Sessions that run now.
    pub active: usize,
    /// Tasks of their nodes that run now.
    pub tasks: usize,
    /// Sessions that began, since the start.
    pub started: u64,
    /// Frames that came from clients, since the start.
    pub frames_in: u64,
    /// Frames that went to clients, since the start.
    pub frames_out: u64,
    /// Frames that could not be read, or that a client may not send, since the start.
    pub refused: u64,
    /// Events of clients whose types the program does not know, since the start. They went to the nodes that take every
    /// event. At the level DEBUG, the log names the types.
    pub unknown: u64,
    /// Failures of background nodes, since the start. Clients are not told of them.
    pub background_failures: u64,
    /// Events that background nodes missed because they did not keep up, since the start.
    pub background_missed: u64,
}

/// Counts a task until this is dropped.
struct Counted(Sessions);

impl Counted {
    fn new(sessions: &Sessions) -> Self {
        sessions.0.counters.tasks.fetch_add(1, Ordering::Relaxed);
        Self(sessions.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.counters.tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Sessions {
    /// Sets up sessions with this graph.
    pub fn builder(graph: Graph) -> SessionsBuilder {
        SessionsBuilder::new(graph)
    }

    pub(super) fn new(
        SessionsBuilder { graph, options }: SessionsBuilder,
        bus: Bus,
    ) -> Result<Self, GraphError> {
        let zeros: Vec<_> = options.zeros().into_iter().map(GraphProblem::Zero).collect();
        graph.warn_of_unheard(&bus);
        let declared = declared(&options.states);
        let nodes = match graph.prepare(&bus, &declared) {
            Ok(nodes) => GraphError::of(zeros).map(|()| nodes)?,
            Err(error) => return Err(error.and(zeros)),
        };
        let agent = Arc::new(Agent {
            plan: graph.plan(),
            nodes,
            identities: declared.into_identities(),
            options,
            running: RwLock::default(),
            lingering: Mutex::default(),
            watched: Once::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
            connections: TaskTracker::new(),
            counters: Counters::default(),
            bus,
        });
        Agents::of(&agent.bus).add(Arc::downgrade(&agent));
        let sessions = Self(agent);
        if let Ok(runtime) = Handle::try_current() {
            sessions.watch(runtime);
        }
        Ok(sessions)
    }

    /// Returns the bus that sees the events of all sessions.
    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Returns the types of the identities that its nodes take, each with its name, also of those that take an `Option`: see
    /// [`Identity`](super::Identity). What finds out who clients are can check that it says that.
    pub fn taken_identities(&self) -> &[(TypeId, &'static str)] {
        &self.0.identities
    }

    /// Returns the sessions that run now, in no particular order.
    pub fn list(&self) -> Vec<Session> {
        self.0.sessions()
    }

    /// Returns the session with this id, if it runs.
    pub fn get(&self, id: &str) -> Option<Session> {
        self.0.session(id)
    }

    /// Returns the counters.
    pub fn counts(&self) -> Counts {
        let counters = &self.0.counters;
        Counts {
            active: self.0.running.read().unwrap_or_else(PoisonError::into_inner).len(),
            tasks: counters.tasks.load(Ordering::Relaxed),
            started: counters.started.load(Ordering::Relaxed),
            frames_in: counters.frames_in.load(Ordering::Relaxed),
            frames_out: counters.frames_out.load(Ordering::Relaxed),
            refused: counters.refused.load(Ordering::Relaxed),
            unknown: counters.unknown.load(Ordering::Relaxed),
            background_failures: counters.background_failures.load(Ordering::Relaxed),
            background_missed: counters.background_missed.load(Ordering::Relaxed),
        }
    }

    /// Returns whether [`shutdown`](Self::shutdown) was called.
    pub fn is_closing(&self) -> bool {
        self.0.closing.is_cancelled()
    }

    /// Ends all sessions, each as [`Session::end`] does, and begins no more. What is under way at the deadline is
    /// dropped, and the log names it. Returns how many connections were still open then. A client that does not close its side of the
    /// connection delays the end of its session by up to two seconds.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        let connections = &self.0.connections;
        self.0.closing.cancel();
        connections.close();
        if timeout(deadline, connections.wait()).await.is_ok() {
            return 0;
        }
        let left = connections.len();
        let handlers = self.running_text();
        tracing::error!(left, "sessions did not end in time: {handlers}");
        self.0.cut.cancel();
        let _ = timeout(LAST_WORDS, connections.wait()).await;
        left
    }

    /// Makes a session, which is not in the list yet.
    pub(super) async fn open(
        &self,
        init: Arc<Envelope<Init>>,
        identity: Option<AnyIdentity>,
    ) -> Result<Session, SessionEnd> {
        let id = uuid::Uuid::now_v7().to_string().into();
        let opening = Opening { id, init, identity, bus: self.bus().clone() };
        let actor_ids = catch_unwind(AssertUnwindSafe(|| (self.0.options.actor_ids)(&opening)));
        let actor_ids = actor_ids.map_err(|panic| {
            let what = "the participants of the session could not be found";
            let error_id = failure::log(Some(opening.id()), None, Init::TYPE, what, &Why::panicked(panic));
            SessionEnd::Failed(failure::told(what, None, error_id))
        })?;
        let states = self.load(&opening).await?;
        let (bus, plan) = (self.bus().clone(), Arc::clone(&self.0.plan));
        let core = Arc::new_cyclic(|core| {
            let (on_bus, ending) = (InSession::new(Arc::clone(&opening.id)), Cancellation::new());
            let in_nodes = opening.identified(carrying(core, on_bus.clone().ending(ending.clone())));
            let on_bus = opening.identified(carrying(core, on_bus));
            let Opening { id, init, identity, .. } = opening;
            let metadata = self.0.options.client_metadata.of(init.metadata());
            let init = Arc::unwrap_or_clone(init).with_metadata(metadata).with_carrying(in_nodes);
            let (init, turns) = (Arc::new(init), Turns::of(&bus, &id));
            Core {
                on_bus,
                ending,
                id,
                identity,
                actor_ids,
                sessions: self.clone(),
                instance: Arc::new(Instance::new(bus, plan, init, self.0.options.limits, turns)),
                changed: Default::default(),
                ends_at: Default::default(),
                end: Default::default(),
                work: Default::default(),
                states,
            }
        });
        Ok(Session(core, None))
    }

    /// Puts a session into the list and starts its nodes.
    pub(super) fn begin(&self, session: &Session) -> JoinSet<()> {
        self.0.counters.started.fetch_add(1, Ordering::Relaxed);
        self.watch(Handle::current());
        self.0.write().insert(session.id().to_owned(), session.clone());
        let host: Arc<dyn Host> = Arc::new(session.clone());
        session.instance().start(&host, &self.0.nodes, || Counted::new(self))
    }

    /// Takes a session out of the list.
    pub(super) fn forget(&self, session: &Session) {
        self.0.write().remove(session.id());
    }
}

impl Agent {
    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, Session>> {
        self.running.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn session(&self, id: &str) -> Option<Session> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Returns the description of the node at this place.
    pub(super) fn shape(&self, place: usize) -> &'static NodeShape {
        self.nodes[place].shape()
    }

    /// Calls `look` for each node of each session.
    pub(super) fn each_pulse(&self, mut look: impl FnMut(&Session, usize, &Pulse)) {
        let mut look = |session: &Session| {
            session
                .instance()
                .pulses()
                .iter()
                .enumerate()
                .for_each(|(place, pulse)| look(session, place, pulse));
        };
        self.running.read().unwrap_or_else(PoisonError::into_inner).values().for_each(&mut look);
        let mut lingering = self.lingering.lock().unwrap_or_else(PoisonError::into_inner);
        lingering.retain(|session| session.instance().pulses().iter().any(|pulse| pulse.poll().is_some()));
        lingering.iter().for_each(look);
    }

    /// Keeps a session that has left the list, so that the watchdog still sees its nodes.
    pub(super) fn linger(&self, session: &Session) {
        self.lingering.lock().unwrap_or_else(PoisonError::into_inner).push(session.clone());
    }

    pub(super) fn sessions(&self) -> Vec<Session> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("bus", &self.0.bus)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
