//! The settings of sessions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{Bus, HandlerError};

use super::SOURCE_KEYS;
use super::Session;
use super::client::KeptMetadata;
use super::opening::Opening;
use super::sessions::Sessions;
use super::state::{Loader, SessionState};
use crate::graph::{Graph, GraphError};
use crate::instance::Limits;
use crate::node::conversation::ConversationLimit;
use crate::zero::ZeroSetting;

const MIB: usize = 1024 * 1024;

type ActorIds = Arc<dyn Fn(&Opening) -> Vec<String> + Send + Sync>;

/// Sets up [`Sessions`].
#[derive(Clone)]
#[must_use = "nothing starts before `start`"]
pub struct SessionsBuilder {
    pub(super) graph: Graph,
    pub(super) options: Options,
}

/// The settings of each session.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) handshake: Duration,
    pub(super) init_bytes: usize,
    pub(super) idle: Duration,
    pub(super) grace: Duration,
    pub(super) frames_per_second: u32,
    pub(super) blocking_limit: Duration,
    pub(super) limits: Limits,
    pub(super) read_ahead_bytes: usize,
    pub(super) spawn_limit: usize,
    pub(super) states: Vec<Loader>,
    pub(super) state_timeout: Duration,
    pub(super) client_metadata: KeptMetadata,
    pub(super) actor_ids: ActorIds,
}

impl SessionsBuilder {
    pub(super) fn new(graph: Graph) -> Self {
        let options = Options {
            handshake: Duration::from_secs(10),
            init_bytes: MIB,
            idle: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(3),
            frames_per_second: 1_000,
            blocking_limit: Duration::from_millis(500),
            limits: Limits::default(),
            read_ahead_bytes: MIB,
            spawn_limit: 16,
            states: Vec::new(),
            state_timeout: Duration::from_secs(10),
            client_metadata: KeptMetadata {
                keys: ["traceparent", "schema_version"].map(Into::into).into(),
                bytes: 1024,
            },
            actor_ids: Arc::new(|_| Vec::new()),
        };
        Self { graph, options }
    }

    /// Sets how long a client has to send its [`Init`](crate::events::Init): 10 seconds by default. Sessions do not start with zero.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake = timeout;
        self
    }

    /// Sets how many bytes of memory the client's [`Init`](crate::events::Init) may take: 1 MiB by default. A larger one is refused, and no
    /// session begins. The session keeps it to its end; [`AnyEvent::size`](atoms_runtime::AnyEvent::size) counts.
    /// Sessions do not start with zero.
    pub fn init_bytes(mut self, bytes: usize) -> Self {
        self.options.init_bytes = bytes;
        self
    }

    /// Sets how long a client may send nothing before its session ends: 15 minutes by default. Only events count; pings
    /// do not. Sessions do not start with zero.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle = timeout;
        self
    }

    /// Sets how long the connection stays open after [`EndCall`](crate::events::EndCall), for the client to close it
    /// first: 3 seconds by default. With zero, it is closed at once.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// Sets how many frames of one client are read in a second: 1,000 by default. Further frames wait in its
    /// connection. After a warning, the server reads nothing more from a client until the client has read the warning.
    /// Pings and fragments of a frame are not counted: a proxy has to limit these. Sessions do not start with zero.
    pub fn frames_per_second(mut self, frames: u32) -> Self {
        self.options.frames_per_second = frames;
        self
    }

    /// Sets how long a node's handler may hold its thread without awaiting before the log names it: 500 milliseconds by
    /// default. The log later also says how long the handler took.
    ///
    /// The thread `atoms-watchdog` checks twice in this time. It finds every handler that takes longer than one and a
    /// half times the limit. Sessions do not start with zero.
    pub fn blocking_limit(mut self, limit: Duration) -> Self {
        self.options.blocking_limit = limit;
        self
    }

    /// Sets how many bytes of events are read ahead for a session: 1 MiB by default. At most 1,024 events are read
    /// ahead, and the last one may exceed the limit.
    ///
    /// Events are read ahead while the session's nodes and the bus have no room for them. An event takes more memory
    /// than its frame has bytes; [`AnyEvent::size`](atoms_runtime::AnyEvent::size) counts. Sessions do not start with
    /// zero.
    pub fn read_ahead_bytes(mut self, bytes: usize) -> Self {
        self.options.read_ahead_bytes = bytes;
        self
    }

    /// Loads a value that all nodes of a session share, before they are made: see [`SessionState`]. Call it for each
    /// type.
    ///
    /// If it fails, no session begins: the client is told the kind of the failure, and the log has the rest. It refuses the
    /// session with words for the client if its error is a [`SessionEnd`](super::SessionEnd):
    ///
    /// ```
    /// use atoms::HandlerError;
    /// use atoms::agent::{Opening, SessionEnd, SessionsBuilder};
    ///
    /// # struct Customer { owes: bool }
    /// # struct Basket;
    /// # fn set(sessions: SessionsBuilder) -> SessionsBuilder {
    /// sessions.session_state(async |opening: Opening| -> Result<Basket, HandlerError> {
    ///     if opening.identity::<Customer>().is_some_and(|customer| customer.owes) {
    ///         return Err(SessionEnd::NotBegun("please pay your last order first".into()).into());
    ///     }
    ///     Ok(Basket)
    /// })
    /// # }
    /// ```
    ///
    /// # Order
    ///
    /// 1. The states are loaded, one after the other.
    /// 2. All nodes are made and started at the same time, each by its `#[factory]` and then its `#[started]`. A node handles
    ///    no event before, and those that come wait for it; other nodes may handle theirs already.
    /// 3. Each node has called its `#[stopped]`, at the same time as the others, when it has done its last event.
    /// 4. The states are saved, in the order in which they were loaded. Then the client is told of the end.
    ///
    /// # Panics
    ///
    /// Panics if there is one of this type already.
    pub fn session_state<T, F, R, E>(mut self, load: F) -> Self
    where
        T: Send + 'static,
        F: Fn(Opening) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<HandlerError>,
    {
        let name = std::any::type_name::<T>();
        let is_new = self.options.states.iter().all(|loader| !loader.is_of::<T>());
        assert!(is_new, "sessions have a state `{name}` already: remove one of the two `session_state`");
        self.options.states.push(Loader::new(load));
        self
    }

    /// Saves a [`session_state`](Self::session_state) when its session has ended and all nodes have stopped, however that
    /// came: also after a panic, and when the connection was dropped, be it during the save. Nodes of a dropped connection, and
    /// the futures of [`Session::spawn`](super::Session::spawn), stop at their next await, for which the save waits ten seconds
    /// at most. What still holds the state after that, and bus handlers that do, can change it later, which is not saved.
    /// [`Sessions::shutdown`] waits for the save. A failure is in the log, also if the runtime ended before.
    ///
    /// # Panics
    ///
    /// Panics if no state of this type is loaded: call `session_state` first.
    pub fn save_session_state<T, F, R, E>(mut self, save: F) -> Self
    where
        T: Send + 'static,
        F: Fn(Session, SessionState<T>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HandlerError>,
    {
        let name = std::any::type_name::<T>();
        let loader = self.options.states.iter_mut().find(|loader| loader.is_of::<T>());
        let Some(loader) = loader else {
            panic!("sessions have no state `{name}`: call `session_state` with what loads it first");
        };
        loader.save = Some(Loader::save(save));
        self
    }

    /// Sets how long each load and each save of a [`session_state`](Self::session_state) may take: 10 seconds by default.
    /// Then it has failed. When sessions are cut short by a shutdown, a save has a moment only. Sessions do not start with
    /// zero.
    pub fn state_timeout(mut self, timeout: Duration) -> Self {
        self.options.state_timeout = timeout;
        self
    }

    /// Sets how many futures of [`Session::spawn`](super::Session::spawn) may run at once in a session: 16 by default.
    /// Sessions do not start with zero.
    pub fn spawn_limit(mut self, futures: usize) -> Self {
        self.options.spawn_limit = futures;
        self
    }

    /// Sets how many bytes of events may wait for one node, or for the client, before senders wait: 1 MiB by default.
    /// Senders also wait when 64 events wait, and the last event may exceed the limit. Sessions do not start with zero.
    ///
    /// [`Session::emit`](super::Session::emit) and the bus do not wait: their events are refused when 1,024 wait, or
    /// four times the bytes. A node that emits without waiting loses its events when 65,536 wait, or 64 times the
    /// bytes. Nobody waits for a background node: it misses events when 1,024 wait for it, or four times the bytes.
    pub fn mailbox_bytes(mut self, bytes: usize) -> Self {
        self.options.limits.mailbox_bytes = bytes;
        self
    }

    /// Sets how many messages, and how many bytes, of the conversation an output node keeps: 1,000 and 1 MiB by
    /// default. Beyond that the oldest are dropped, which [`Conversation::forgotten`](crate::Conversation::forgotten)
    /// counts. The last message is kept, however large. Sessions do not start if either is zero.
    pub fn conversation_limit(mut self, messages: usize, bytes: usize) -> Self {
        self.options.limits.conversation = ConversationLimit { messages, bytes };
        self
    }

    /// Sets which keys of the metadata of a client's events are kept: `traceparent` and `schema_version` by default.
    /// The others are dropped, so that a client cannot claim causes and chains of events on the bus.
    ///
    /// `source` and `session_id` are never kept: the bus sees those of the session instead.
    pub fn client_metadata<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let keys = keys.into_iter().map(Into::into);
        let keys = keys.filter(|key: &String| !SOURCE_KEYS.contains(&key.as_str()));
        self.options.client_metadata.keys = keys.collect();
        self
    }

    /// Sets how many bytes of metadata are kept for each event of a client, keys and JSON values together: 1,024 by
    /// default. Keys are kept in the order in which they are listed, and one that does not fit is dropped. With zero,
    /// none is kept.
    pub fn client_metadata_bytes(mut self, bytes: usize) -> Self {
        self.options.client_metadata.bytes = bytes;
        self
    }

    /// Sets which actors take part in a session, by what is known when it [opens](Opening): none by default.
    /// [`ToSessions::to_actors`](super::ToSessions::to_actors) finds sessions by these ids.
    ///
    /// ```
    /// # use atoms::agent::{Graph, Sessions, SessionsBuilder};
    /// # struct Customer { id: String }
    /// # fn set(sessions: SessionsBuilder) -> SessionsBuilder {
    /// sessions.actor_ids(|opening| opening.identity::<Customer>().map(|customer| customer.id.clone()))
    /// # }
    /// ```
    ///
    /// Ids that are read from the client's [`Init`](crate::events::Init) are the client's word: a client can name any
    /// actor, and is then sent that actor's events.
    pub fn actor_ids<F, I>(mut self, factory: F) -> Self
    where
        F: Fn(&Opening) -> I + Send + Sync + 'static,
        I: IntoIterator<Item: Into<String>>,
    {
        self.options.actor_ids =
            Arc::new(move |opening| factory(opening).into_iter().map(Into::into).collect());
        self
    }

    /// Checks that the bus has the states that the nodes take, and that no setting is zero that must not be; then
    /// starts the sessions.
    pub fn start(self, bus: &Bus) -> Result<Sessions, GraphError> {
        Sessions::new(self, bus.clone())
    }
}

impl Options {
    /// The settings that are zero and must not be.
    pub(super) fn zeros(&self) -> Vec<ZeroSetting> {
        let limits = [
            ("init_bytes", self.init_bytes),
            ("frames_per_second", usize::try_from(self.frames_per_second).unwrap_or(usize::MAX)),
            ("read_ahead_bytes", self.read_ahead_bytes),
            ("spawn_limit", self.spawn_limit),
            ("mailbox_bytes", self.limits.mailbox_bytes),
            ("conversation_limit", self.limits.conversation.messages.min(self.limits.conversation.bytes)),
        ];
        let times = [
            ("handshake_timeout", self.handshake),
            ("idle_timeout", self.idle),
            ("state_timeout", self.state_timeout),
            ("blocking_limit", self.blocking_limit),
        ];
        ZeroSetting::find(&limits, &times)
    }
}

impl From<Graph> for SessionsBuilder {
    fn from(graph: Graph) -> Self {
        Self::new(graph)
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder")
            .field("graph", &self.graph)
            .field("handshake_timeout", &self.options.handshake)
            .field("init_bytes", &self.options.init_bytes)
            .field("idle_timeout", &self.options.idle)
            .field("grace", &self.options.grace)
            .field("frames_per_second", &self.options.frames_per_second)
            .field("blocking_limit", &self.options.blocking_limit)
            .field("read_ahead_bytes", &self.options.read_ahead_bytes)
            .field("spawn_limit", &self.options.spawn_limit)
            .field("mailbox_bytes", &self.options.limits.mailbox_bytes)
            .field("conversation_limit", &self.options.limits.conversation)
            .finish_non_exhaustive()
    }
}
