//! Events that go from the bus into sessions.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use atoms_runtime::{AnyEvent, Interceptor, LogLimit, Metadata, Receipt, Veto};

use super::sessions::Agent;
use super::{SOURCE, Session, SessionError};

/// A handler can emit any number of events for a session that has ended, or has no room.
static NOT_SENT: LogLimit = LogLimit::new(1, "more events did not go into their sessions");

/// Each is a mistake of the program's, which it may make in a loop.
static STAYED: LogLimit = LogLimit::new(1, "more events for sessions stayed on the bus");

thread_local! {
    /// Where the next event goes that is emitted on this thread, and then what became of it there.
    static ADDRESS: RefCell<Address> = const { RefCell::new(Address::Default) };
}

enum Address {
    Default,
    To(Target),
    Sent(Vec<(String, Result<(), SessionError>)>),
}

/// The sessions that an event is for.
#[derive(Debug, Clone)]
enum Target {
    Session(Session),
    Actors(Vec<String>),
    All,
}

/// Sends what [`Bus::emit`](atoms_runtime::Bus::emit) emits into sessions as well.
///
/// Without any of these, an event that is emitted in a handler of a session, or by one on the bus for an
/// event of a session, goes to that session.
///
/// What is sent into a session goes to the roots of its graph, as [`Session::emit`] says; an event that
/// declares neither `from(bus)` nor `to(client)` stays on the bus.
///
/// ```no_run
/// use atoms::agent::{Session, ToSessions};
/// use atoms::{Bus, event};
///
/// #[event(type = "shop.stock.restocked", from(bus), to(client))]
/// struct Restocked {
///     item: String,
/// }
///
/// async fn tell(bus: &Bus, session: &Session) {
///     let nails = || Restocked { item: "nails".into() };
///     bus.emit(nails()).to(session).await;
///     bus.emit(nails()).to_actors(["agent-7"]).await;
///     let sent = bus.emit(nails()).global().await;
///     println!("{} sessions, and {}", sent.sessions.len(), sent.receipt);
/// }
/// ```
pub trait ToSessions: Future<Output = Receipt> + Sized {
    /// To this session.
    fn to(self, session: &Session) -> Addressed<Self> {
        Addressed::new(self, Target::Session(session.clone()))
    }

    /// To the sessions that one of these actors takes part in.
    fn to_actors<I: IntoIterator<Item: Into<String>>>(self, actor_ids: I) -> Addressed<Self> {
        Addressed::new(self, Target::Actors(actor_ids.into_iter().map(Into::into).collect()))
    }

    /// To all sessions.
    fn global(self) -> Addressed<Self> {
        Addressed::new(self, Target::All)
    }
}

impl<F: Future<Output = Receipt>> ToSessions for F {}

pin_project_lite::pin_project! {
    /// An emit that goes into sessions as well; what the methods of [`ToSessions`] return.
    ///
    /// Dropping it before its end is as dropping the emit: what has been sent into sessions stays there.
    #[must_use = "nothing is emitted unless this is awaited"]
    pub struct Addressed<F> {
        target: Option<Target>,
        sent: Vec<(String, Result<(), SessionError>)>,
        #[pin]
        emit: F,
    }
}

impl<F> Addressed<F> {
    fn new(emit: F, target: Target) -> Self {
        Self { target: Some(target), sent: Vec::new(), emit }
    }
}

impl<F: Future<Output = Receipt>> Future for Addressed<F> {
    type Output = Sent;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent> {
        let this = self.project();
        // The first event that is emitted in the first poll is the one that this is about.
        let polled = match this.target.take() {
            None => this.emit.poll(cx),
            Some(target) => {
                let outer = Outer(ADDRESS.replace(Address::To(target)));
                let polled = this.emit.poll(cx);
                *this.sent = outer.sent();
                polled
            }
        };
        let receipt = ready!(polled);
        Poll::Ready(Sent { receipt, sessions: std::mem::take(this.sent) })
    }
}

/// What the address was before, and will be again, also after a panic.
struct Outer(Address);

impl Outer {
    /// What became of the event in the sessions that it was for.
    fn sent(&self) -> Vec<(String, Result<(), SessionError>)> {
        match ADDRESS.replace(Address::Default) {
            Address::Sent(sent) => sent,
            _ => {
                if STAYED.allows() {
                    tracing::error!(
                        "an event for sessions stays on the bus, which has none or did not emit it at once"
                    );
                }
                Vec::new()
            }
        }
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        ADDRESS.set(std::mem::replace(&mut self.0, Address::Default));
    }
}

impl<F> fmt::Debug for Addressed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressed").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What became of an event on the bus and in the sessions that it was for.
#[derive(Debug)]
pub struct Sent {
    /// What became of it on the bus.
    pub receipt: Receipt,
    /// The sessions that it was for, by their ids, and whether they took it.
    pub sessions: Vec<(String, Result<(), SessionError>)>,
}

/// Takes what is emitted on a bus to the sessions that it is for.
pub(super) struct Router {
    /// Several agents may share a bus.
    agents: Mutex<Vec<Weak<Agent>>>,
}

impl Router {
    pub(super) fn new() -> Self {
        Self { agents: Mutex::default() }
    }

    pub(super) fn add(&self, agent: Weak<Agent>) {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.retain(|agent| agent.strong_count() > 0);
        agents.push(agent);
    }

    pub(super) fn session(&self, id: &str) -> Option<Session> {
        let agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.iter().find_map(|agent| agent.upgrade()?.session(id))
    }

    fn sessions(&self) -> Vec<Session> {
        let agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.iter().filter_map(Weak::upgrade).flat_map(|agent| agent.sessions()).collect()
    }

    fn of(&self, target: Target) -> Vec<Session> {
        match target {
            Target::Session(session) => vec![session],
            Target::All => self.sessions(),
            Target::Actors(ids) => {
                let takes_part = |session: &Session| session.actor_ids().iter().any(|id| ids.contains(id));
                self.sessions().into_iter().filter(takes_part).collect()
            }
        }
    }

    /// The session that an event belongs to without being told so.
    fn conversation(&self, metadata: &Metadata) -> Option<Session> {
        if metadata.source() == Some(SOURCE) {
            return None;
        }
        Session::current().or_else(|| self.session(metadata.session_id()?))
    }
}

impl Interceptor for Router {
    fn before_emit(&self, event: &AnyEvent, metadata: &mut Metadata) -> Result<(), Veto> {
        let address = ADDRESS.replace(Address::Default);
        if let Address::To(target) = address {
            if let Target::Session(session) = &target {
                metadata.set_session_id(session.id());
            }
            let sent =
                self.of(target).into_iter().map(|session| (session.id().to_owned(), send(&session, event)));
            ADDRESS.set(Address::Sent(sent.collect()));
            return Ok(());
        }
        ADDRESS.set(address);
        if let Some(session) = self.conversation(metadata) {
            metadata.set_session_id(session.id());
            if let Err(error @ (SessionError::Ended | SessionError::Full)) = send(&session, event)
                && NOT_SENT.allows()
            {
                let r#type = event.event_type();
                tracing::warn!(
                    r#type,
                    session = session.id(),
                    "an event does not go into its session: {error}"
                );
            }
        }
        Ok(())
    }
}

/// Sends an event into a session, if it may go there. What it followed from is nobody's business there.
fn send(session: &Session, event: &AnyEvent) -> Result<(), SessionError> {
    let flow = event.known_type().map(|known| known.flow());
    if !flow.is_some_and(|flow| flow.from_bus || flow.to_client) {
        return Err(SessionError::StaysOnTheBus);
    }
    let mut metadata = event.metadata().clone();
    for key in ["session_id", "causation_id", "correlation_id", "source"] {
        metadata.remove(key);
    }
    session.emit_any(event.clone().with_metadata(metadata))
}
