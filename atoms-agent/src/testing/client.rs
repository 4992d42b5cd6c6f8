//! A client of a session, without a socket.

use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use atoms_runtime::testing::{Recording, TestDelivery};
use atoms_runtime::{AnyEvent, Bus, Envelope, Event, IntoEnvelope};
use futures_util::{Sink, StreamExt, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

use crate::events::{
    ConversationType, Init, LlmRequest, Object, Ready, ResponseChunk, ResponseEnd, ResponseStart, Role,
    SystemInterrupt, TranscriptUpdate,
};
use crate::instance::Host;
use crate::session::{AnyIdentity, Outgoing, Session, SessionEnd, Sessions};

/// How many frames wait for the session.
const WAITING: usize = 64;

/// How often other tasks get a turn before time may pass.
const YIELDS: u32 = 64;

/// A client of a session, without a socket: the session runs as it does for a client that is connected, with the frames
/// of both sides.
///
/// It dereferences to the [`Recording`] of what the client has received, for assertions about that, and for
/// [`expect`](Recording::expect). What it receives is read at once.
///
/// ```
/// use atoms::agent::events::{LlmRequest, Speak, UserJoined};
/// use atoms::prelude::*;
/// use atoms::testing::TestClient;
/// use futures_util::{Stream, stream};
///
/// #[derive(Default)]
/// struct Greeter;
///
/// #[node(output)]
/// impl Greeter {
///     #[handler]
///     fn greet(&mut self, _: &UserJoined) -> Speak {
///         Speak { text: "Good day!".into() }
///     }
///
///     #[respond]
///     fn answer(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
///         let last = said.last_user_text().unwrap_or("nothing").to_owned();
///         stream::iter(["You said: ".to_owned(), last])
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
/// let sessions = atoms::agent::Sessions::builder(Desk::graph()).start(&Bus::start()?)?;
/// let client = TestClient::connect(&sessions).await;
/// client.send(UserJoined).await;
/// assert_eq!(client.expect::<Speak>().await.text, "Good day!");
/// client.say("hello").await;
/// assert_eq!(client.response().await, "You said: hello");
/// client.nothing_else();
/// client.leave().await;
/// # Ok(())
/// # }
/// ```
///
/// Dropping it drops the session, which then tells nobody of its end.
#[must_use = "the session ends when this is dropped"]
pub struct TestClient {
    session: Session,
    link: Link,
}

/// Both ends of a connection.
struct Link {
    received: Recording,
    incoming: mpsc::Sender<Vec<u8>>,
    running: Option<JoinHandle<SessionEnd>>,
    bus: Bus,
}

/// A [`TestClient`] that is about to connect, as [`TestClient::of`] returns it.
#[derive(Debug)]
#[must_use = "nothing is connected before `connect`"]
pub struct Connecting<'a> {
    sessions: &'a Sessions,
    init: Envelope<Init>,
    identity: Option<AnyIdentity>,
}

impl Connecting<'_> {
    /// Sets the first event of the client: by default, that of a chat.
    pub fn init(self, init: impl Into<Envelope<Init>>) -> Self {
        Self { init: init.into(), ..self }
    }

    /// Sets who the client is, as the server finds out: see [`Identity`](crate::Identity).
    pub fn identity<T: Send + Sync + 'static>(self, identity: T) -> Self {
        Self { identity: Some(AnyIdentity::new(identity)), ..self }
    }

    /// As [`identity`](Self::identity), with what found out who the client is: the `test_client` of a server's routes.
    pub fn any_identity(self, identity: impl Into<Option<AnyIdentity>>) -> Self {
        Self { identity: identity.into(), ..self }
    }

    /// Begins the session, and waits until the agent is ready.
    ///
    /// # Panics
    ///
    /// If the session does not begin.
    pub async fn connect(self) -> TestClient {
        self.try_connect().await.unwrap_or_else(|end| panic!("the session did not begin: {end}"))
    }

    /// As [`connect`](Self::connect), but returns why the session does not begin.
    pub async fn try_connect(self) -> Result<TestClient, SessionEnd> {
        let id = self.init.id().clone();
        let mut link = Link::new(self.sessions, self.identity);
        link.send(&self.init.into()).await;
        let received = link.received.clone();
        tokio::select! {
            _ = received.expect::<Ready>() => {}
            end = link.ended() => return Err(end),
        }
        // It is in the list before it says that it is ready.
        let began = |session: &Session| *session.instance().init_event().id() == id;
        match self.sessions.list().into_iter().find(began) {
            Some(session) => Ok(TestClient { session, link }),
            None => Err(link.ended().await),
        }
    }
}

impl TestClient {
    /// Begins a session of a chat, and waits until the agent is ready. [`of`](Self::of) sets what else the client says, and
    /// who it is.
    ///
    /// # Panics
    ///
    /// If the session does not begin.
    pub async fn connect(sessions: &Sessions) -> Self {
        Self::of(sessions).connect().await
    }

    /// Returns a client that is about to connect.
    ///
    /// ```
    /// # use atoms::agent::Sessions;
    /// use atoms::agent::events::{ConversationType, Init, Object};
    /// use atoms::testing::TestClient;
    ///
    /// # struct Customer { id: u64 }
    /// # async fn connect(sessions: &Sessions) {
    /// let mut init = Init::new(ConversationType::Webcall);
    /// init.session_context.initial_variables = Object::new().with("name", "Ada");
    /// let client = TestClient::of(sessions).init(init).identity(Customer { id: 7 }).connect().await;
    /// # }
    /// ```
    pub fn of(sessions: &Sessions) -> Connecting<'_> {
        let init = Envelope::new(Init::new(ConversationType::Chat));
        Connecting { sessions, init, identity: None }
    }

    /// Returns the session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends an event, as the client does, with what the client says of it in its [`Envelope`]. It waits until the
    /// session has room for it. An event that the session does not take from a client is answered by an
    /// [`AgentError`](crate::events::AgentError).
    pub async fn send<I: IntoEnvelope>(&self, event: I) {
        self.link.send(&event.into_envelope().into()).await;
    }

    /// Sends a frame as it is, such as one of an unknown type, or one that is no event.
    pub async fn send_frame(&self, frame: impl Into<Vec<u8>>) {
        self.link.send_frame(frame.into()).await;
    }

    /// Says something as the user, and asks for a response.
    pub async fn say(&self, text: impl Into<String>) {
        self.send(TranscriptUpdate { role: Role::User, content: text.into() }).await;
        self.send(LlmRequest { messages: None, extra_params: Object::new() }).await;
    }

    /// Waits for the next response, and returns its text: all of it, or what came until it was interrupted. Nodes in
    /// different groups of speakers speak at the same time, and their texts are not told apart here.
    pub async fn response(&self) -> String {
        response(self).await
    }

    /// Interrupts the agent.
    pub async fn interrupt(&self) {
        self.send(SystemInterrupt).await;
    }

    /// Waits until the session has read what was sent, and nothing of it is under way, nor anything that was posted on
    /// the bus. It waits for a response without end as long as that goes on.
    pub async fn idle(&self) {
        self.link.read().await;
        self.session.instance().quiet().await;
        self.link.bus.idle().await;
        // What was posted may have come back.
        self.session.instance().quiet().await;
    }

    /// Creates the delivery of an event that belongs to this session, from which handlers on the bus extract it as a
    /// [`Session`].
    pub fn delivery<E: Event>(&self, event: impl Into<Envelope<E>>) -> TestDelivery<E> {
        let event = self.session.as_on_bus(&AnyEvent::from(event.into()));
        let event = event.downcast_ref::<E>().expect("it is the same event").clone();
        TestDelivery::new(&self.link.bus, event)
    }

    /// Leaves, and waits for the end of the session, which it returns.
    pub async fn leave(self) -> SessionEnd {
        let Self { mut link, .. } = self;
        link.incoming = mpsc::channel(1).0;
        link.ended().await
    }

    /// Waits until the agent ends the session, and returns why.
    pub async fn ended(mut self) -> SessionEnd {
        self.link.ended().await
    }
}

/// Waits for the next response among the events that are recorded, and returns its text.
pub(super) async fn response(received: &Recording) -> String {
    received.expect::<ResponseStart>().await;
    let end = received.expect::<ResponseEnd>().await;
    // The next response may have begun.
    let chunks = received.emitted::<ResponseChunk>().unexpected().before(&end);
    chunks.payloads().into_iter().map(|chunk| chunk.text).collect()
}

impl Link {
    fn new(sessions: &Sessions, identity: Option<AnyIdentity>) -> Self {
        let (incoming, mut from_client) = mpsc::channel::<Vec<u8>>(WAITING);
        let (received, bus) = (Recording::new(), sessions.bus().clone());
        let (closed, is_closed) = oneshot::channel();
        let outgoing = Received { recording: received.clone(), bus: bus.clone(), closed: Some(closed) };
        let sessions = sessions.clone();
        let running = tokio::spawn(async move {
            let frames = stream::poll_fn(|cx| from_client.poll_recv(cx).map(|frame| frame.map(Ok)));
            let incoming = frames.take_until(is_closed);
            match identity {
                Some(who) => sessions.run_as(who, incoming, outgoing).await,
                None => sessions.run(incoming, outgoing).await,
            }
        });
        Self { received, incoming, running: Some(running), bus }
    }

    async fn send(&self, event: &AnyEvent) {
        let frame = self.bus.encode(event);
        self.send_frame(frame.unwrap_or_else(|error| panic!("the event cannot be sent: {error}"))).await;
    }

    async fn send_frame(&self, frame: Vec<u8>) {
        // A session that has ended takes nothing more, as one that is connected.
        let _ = self.incoming.send(frame).await;
    }

    /// Waits until the session has read all that was sent, or has ended.
    async fn read(&self) {
        let is_read =
            || self.incoming.is_closed() || self.incoming.capacity() == self.incoming.max_capacity();
        for attempt in 0_u32.. {
            // The session takes an event on in the poll in which it reads it.
            yield_now().await;
            match is_read() {
                true => return,
                false if attempt < YIELDS => {}
                // It waits for room, or for its pace.
                false => sleep(Duration::from_millis(1)).await,
            }
        }
    }

    async fn ended(&mut self) -> SessionEnd {
        let Some(running) = &mut self.running else { return poll_fn(|_| Poll::Pending).await };
        let end = running.await;
        self.running = None;
        end.unwrap_or_else(|error| panic!("the session panicked: {error}"))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

/// Takes what the agent sends.
struct Received {
    recording: Recording,
    bus: Bus,
    /// Closes the client's side, once the agent has closed its own.
    closed: Option<oneshot::Sender<()>>,
}

impl Sink<Outgoing> for Received {
    type Error = std::convert::Infallible;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, item: Outgoing) -> Result<(), Self::Error> {
        match item {
            Outgoing::Frame(frame) => {
                let event = self.bus.decode(&frame);
                let event = event.unwrap_or_else(|error| panic!("the agent has sent a bad frame: {error}"));
                self.recording.add(event);
            }
            Outgoing::Close(_) => drop(self.closed.take()),
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

impl Deref for TestClient {
    type Target = Recording;

    fn deref(&self) -> &Recording {
        &self.link.received
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("session", &self.session)
            .field("received", &self.link.received)
            .finish_non_exhaustive()
    }
}
