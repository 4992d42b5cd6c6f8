//! One node alone.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use atoms_runtime::testing::Recording;
use atoms_runtime::{Bus, Carrying, Envelope, IntoEnvelope};
use tokio::task::JoinHandle;

use super::client::response;
use crate::events::{ConversationType, Init, LlmRequest, Object, Role, TranscriptUpdate};
use crate::graph::{Graph, GraphError};
use crate::instance::{AnyState, GraphStopped, RunningGraph};
use crate::node::declared::Declared;
use crate::node::{Node, NodeShape};
use crate::session::{AnyIdentity, SessionState};

/// One node without a graph, a session and a client: a test sends it events, and sees what it emits.
///
/// It dereferences to the [`Recording`] of what the node emits, for assertions about that, and for
/// [`expect`](Recording::expect). What the node passes on is not there.
///
/// ```
/// use atoms::agent::events::{LlmRequest, Role, TranscriptUpdate};
/// use atoms::prelude::*;
/// use atoms::testing::TestNode;
/// use futures_util::{Stream, stream};
///
/// #[event(type = "desk.customer.angry")]
/// struct CustomerAngry {
///     because: String,
/// }
///
/// #[derive(Default)]
/// struct SupportBot;
///
/// #[node(output)]
/// impl SupportBot {
///     #[handler]
///     fn listen(&mut self, said: &TranscriptUpdate) -> Option<CustomerAngry> {
///         said.content.contains("angry").then(|| CustomerAngry { because: said.content.clone() })
///     }
///
///     #[respond]
///     fn answer(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
///         stream::iter([format!("This is message {}.", said.messages().len())])
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = TestNode::<SupportBot>::start(&Bus::start()?)?;
/// node.given([(Role::User, "hello"), (Role::Assistant, "Good day!")]).await;
/// node.handle(TranscriptUpdate { role: Role::User, content: "I am angry".into() }).await;
/// assert_eq!(node.emitted::<CustomerAngry>().once().because, "I am angry");
/// assert_eq!(node.respond().await, "This is message 3.");
/// node.nothing_else();
/// node.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// As in a [graph without a session](Graph::run_alone), a handler that takes a [`Session`](crate::Session) fails, and one
/// that takes an `Option` of it gets `None`.
#[must_use = "the node stops when this is dropped"]
pub struct TestNode<N> {
    running: RunningGraph,
    emitted: Recording,
    reading: Reading,
    node: PhantomData<fn() -> N>,
}

/// A [`TestNode`] that is about to start, as [`TestNode::of`] returns it.
#[must_use = "nothing runs before `start`"]
pub struct Starting<'a, N> {
    bus: &'a Bus,
    init: Init,
    identity: Option<AnyIdentity>,
    states: Vec<AnyState>,
    /// The types of the states.
    types: Vec<TypeId>,
    node: PhantomData<fn() -> N>,
}

impl<N: Node> Starting<'_, N> {
    /// Sets the first event of the client: by default, that of a chat.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Sets who the client is, as the server finds out: see [`Identity`](crate::Identity).
    pub fn identity<T: Send + Sync + 'static>(self, identity: T) -> Self {
        Self { identity: Some(AnyIdentity::new(identity)), ..self }
    }

    /// Adds a state of the session, as if it was loaded: see [`SessionState`]. Call it for each one that the node takes.
    pub fn session_state<T: Send + 'static>(mut self, state: T) -> Self {
        self.states.push(SessionState::from(state).into_any());
        self.types.push(TypeId::of::<T>());
        self
    }

    /// Starts the node.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not have what the node takes, or if it takes a state of the session that was not added.
    pub fn start(self) -> Result<TestNode<N>, GraphError> {
        TestNode::run(self)
    }
}

impl<N> fmt::Debug for Starting<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starting")
            .field("init", &self.init)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// The task that records what comes out of the node.
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<N: Node> TestNode<N> {
    /// Starts the node, as in a chat. It takes its states from the bus.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not have what the node takes.
    pub fn start(bus: &Bus) -> Result<Self, GraphError> {
        Self::of(bus).start()
    }

    /// Starts the node in a conversation that begins with this event.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not have what the node takes.
    pub fn start_with(bus: &Bus, init: Init) -> Result<Self, GraphError> {
        Self::of(bus).init(init).start()
    }

    /// Returns a node that is about to start, for a test that says who the client is, or what the nodes of the session share.
    ///
    /// ```
    /// use atoms::agent::events::{Speak, UserJoined};
    /// use atoms::agent::{Identity, SessionState};
    /// use atoms::prelude::*;
    /// use atoms::testing::TestNode;
    ///
    /// struct Customer {
    ///     name: String,
    /// }
    ///
    /// struct Visits(u32);
    ///
    /// #[derive(Default)]
    /// struct Greeter;
    ///
    /// #[node]
    /// impl Greeter {
    ///     #[handler]
    ///     fn greet(&mut self, _: &UserJoined, who: Identity<Customer>, visits: SessionState<Visits>) -> Speak {
    ///         visits.lock().0 += 1;
    ///         Speak { text: format!("Hello, {}!", who.name) }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// let node = TestNode::<Greeter>::of(&bus).identity(Customer { name: "Ada".into() }).session_state(Visits(2));
    /// let node = node.start()?;
    /// node.handle(UserJoined).await;
    /// assert_eq!(node.emitted::<Speak>().once().text, "Hello, Ada!");
    /// assert_eq!(node.session_state::<Visits>().unwrap().lock().0, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(bus: &Bus) -> Starting<'_, N> {
        let (init, node) = (Init::new(ConversationType::Chat), PhantomData);
        Starting { bus, init, identity: None, states: Vec::new(), types: Vec::new(), node }
    }

    fn run(starting: Starting<'_, N>) -> Result<Self, GraphError> {
        let Starting { bus, init, identity, states, types, .. } = starting;
        let carrying = identity.map(|who| who.carried_by(Carrying::new())).unwrap_or_default();
        let init = Envelope::new(init).with_carrying(carrying);
        // What it emits may be for nodes behind it, which are not there.
        let graph = Graph::checked(&[NodeShape::of::<N>()], &[]);
        let (running, mut output) = graph.run_alone_with(bus, init, states, &Declared::new(types))?;
        let emitted = Recording::new();
        let recording = emitted.clone();
        let reading = tokio::spawn(async move {
            while let Some(event) = output.next().await {
                recording.add(event);
            }
        });
        Ok(Self { running, emitted, reading: Reading(reading), node: PhantomData })
    }

    /// Returns the state of this type that was given to [`Starting::session_state`].
    pub fn session_state<T: Send + 'static>(&self) -> Option<SessionState<T>> {
        SessionState::among(self.running.states())
    }

    /// Lets the node go through a conversation, as it does in a session: its handlers are called for what was said, and
    /// an output node keeps it. What it emits meanwhile is not recorded.
    pub async fn given<T: Into<String>>(&self, conversation: impl IntoIterator<Item = (Role, T)>) {
        for (role, content) in conversation {
            self.handle(TranscriptUpdate { role, content: content.into() }).await;
        }
        self.emitted.clear();
    }

    /// Sends an event to the node, and waits until there is room for it. An interrupt does not wait.
    ///
    /// # Panics
    ///
    /// If the node has stopped, for example because it could not be made.
    pub async fn send<E: IntoEnvelope>(&self, event: E) {
        if let Err(stopped) = self.running.send(event).await {
            panic!("{stopped}");
        }
    }

    /// Sends an event to the node, and waits until it has nothing more to do.
    ///
    /// # Panics
    ///
    /// If the node has stopped.
    pub async fn handle<E: IntoEnvelope>(&self, event: E) {
        self.send(event).await;
        self.idle().await;
    }

    /// Asks the node for a response to the conversation so far, and returns its text: all of it, or what came until it
    /// was interrupted.
    pub async fn respond(&self) -> String {
        self.send(LlmRequest { messages: None, extra_params: Object::new() }).await;
        response(self).await
    }

    /// Waits until the node has nothing to do, and what it has emitted is recorded.
    pub async fn idle(&self) {
        self.running.quiet().await;
    }

    /// Stops the node, and waits until it has called its `#[stopped]`.
    ///
    /// # Errors
    ///
    /// Fails if it could not be made or started, or panicked outside of its handlers.
    pub async fn stop(self) -> Result<(), GraphStopped> {
        let Self { running, mut reading, .. } = self;
        running.stop().await?;
        // It ends when all that came out is recorded.
        let _ = (&mut reading.0).await;
        Ok(())
    }
}

impl<N> Deref for TestNode<N> {
    type Target = Recording;

    fn deref(&self) -> &Recording {
        &self.emitted
    }
}

impl<N> fmt::Debug for TestNode<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestNode")
            .field("running", &self.running)
            .field("emitted", &self.emitted)
            .finish_non_exhaustive()
    }
}
