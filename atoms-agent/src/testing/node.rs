//! One node alone.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use atoms_runtime::testing::Recording;
use atoms_runtime::{Bus, IntoEnvelope};
use tokio::task::JoinHandle;

use super::client::response;
use crate::events::{ConversationType, Init, LlmRequest, Object, Role, TranscriptUpdate};
use crate::graph::{Graph, GraphError};
use crate::instance::{GraphStopped, RunningGraph};
use crate::node::{Node, NodeShape};

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
        Self::start_with(bus, Init::new(ConversationType::Chat))
    }

    /// Starts the node in a conversation that begins with this event.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not have what the node takes.
    pub fn start_with(bus: &Bus, init: Init) -> Result<Self, GraphError> {
        // What it emits may be for nodes behind it, which are not there.
        let graph = Graph::checked(&[NodeShape::of::<N>()], &[]);
        let (running, mut output) = graph.run_alone(bus, init)?;
        let emitted = Recording::new();
        let recording = emitted.clone();
        let reading = tokio::spawn(async move {
            while let Some(event) = output.next().await {
                recording.add(event);
            }
        });
        Ok(Self { running, emitted, reading: Reading(reading), node: PhantomData })
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
