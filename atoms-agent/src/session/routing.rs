//! Events that go from the bus into sessions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use atoms_runtime::{
    AnyEvent, Bus, Carrying, Emit, Emittable, Extension, InSession, LogLimit, Metadata, Receipt, Route,
    Routed,
};

use super::extract::OfSession;
use super::sessions::Agent;
use super::{Core, SOURCE, Session, SessionError};

/// A handler can emit any number of events for a session that has ended, or has no room.
static NOT_SENT: LogLimit = LogLimit::new(1, "more events did not go into their sessions");

/// The sessions that an event is for.
#[derive(Debug, Clone)]
enum Target {
    Session(Session),
    Actors(Vec<String>),
    All,
}

/// Sends events that [`Bus::emit`](atoms_runtime::Bus::emit) emits into sessions as well.
///
/// Without these, an event that is emitted in a handler of a session, or in a handler on the bus for an event of a
/// session, goes to that session.
///
/// An event that is sent into a session goes to the roots of its graph, as [`Session::emit`] says. An event that
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
pub trait ToSessions<'a>: Sized {
    /// Sends the event to this session. Events that follow from it belong to the session as well.
    fn to(self, session: &Session) -> Addressed<'a>;

    /// Sends the event to the sessions in which one of these actors takes part.
    fn to_actors<I: IntoIterator<Item: Into<String>>>(self, actor_ids: I) -> Addressed<'a>;

    /// Sends the event to all sessions.
    fn global(self) -> Addressed<'a>;
}

impl<'a, T: Emittable, F> ToSessions<'a> for Emit<'a, T, F> {
    fn to(self, session: &Session) -> Addressed<'a> {
        let core = Arc::downgrade(&session.0);
        let emit = self.carry(Conversation::routed(&core)).carry(OfSession(core));
        let emit = emit.carry(InSession::new(session.id()));
        Addressed::new(emit, Target::Session(session.clone()))
    }

    fn to_actors<I: IntoIterator<Item: Into<String>>>(self, actor_ids: I) -> Addressed<'a> {
        Addressed::new(self, Target::Actors(actor_ids.into_iter().map(Into::into).collect()))
    }

    fn global(self) -> Addressed<'a> {
        Addressed::new(self, Target::All)
    }
}

/// An emit that goes into sessions as well, as the methods of [`ToSessions`] return it.
///
/// Dropping it before its end cancels the emit; events that have been sent into sessions stay there.
#[must_use = "nothing is emitted unless this is awaited"]
pub struct Addressed<'a> {
    address: Arc<Address>,
    emit: Pin<Box<dyn Future<Output = Receipt> + Send + 'a>>,
}

impl<'a> Addressed<'a> {
    fn new<T: Emittable, F>(emit: Emit<'a, T, F>, target: Target) -> Self {
        let address = Arc::new(Address { target, sent: Mutex::default() });
        Self { emit: emit.via(Arc::clone(&address) as _), address }
    }
}

impl Future for Addressed<'_> {
    type Output = Sent;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent> {
        let receipt = ready!(self.emit.as_mut().poll(cx));
        Poll::Ready(Sent { receipt, sessions: self.address.take_sent() })
    }
}

impl fmt::Debug for Addressed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressed").field("target", &self.address.target).finish_non_exhaustive()
    }
}

/// The outcome of an event on the bus and in the sessions that it was for.
#[derive(Debug)]
pub struct Sent {
    /// The receipt of the event on the bus.
    pub receipt: Receipt,
    /// The sessions that it was for, by their ids, and whether they took it.
    pub sessions: Vec<(String, Result<(), SessionError>)>,
}

/// The agents of a bus, of which there may be several.
#[derive(Default)]
pub(super) struct Agents(Mutex<Vec<Weak<Agent>>>);

impl Extension for Agents {}

impl Agents {
    /// Returns the agents of this bus.
    pub(super) fn of(bus: &Bus) -> Arc<Self> {
        bus.extension_or_insert_with(Self::default)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Agent>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, agent: Weak<Agent>) {
        let mut agents = self.lock();
        agents.retain(|agent| agent.strong_count() > 0);
        agents.push(agent);
    }

    fn sessions(&self) -> Vec<Session> {
        // Not under the lock: the last reference to an agent may be dropped here.
        let agents: Vec<_> = self.lock().iter().filter_map(Weak::upgrade).collect();
        agents.iter().flat_map(|agent| agent.sessions()).collect()
    }
}

/// The sessions that one event goes to, and the outcome in each.
struct Address {
    target: Target,
    sent: Mutex<Vec<(String, Result<(), SessionError>)>>,
}

impl Address {
    fn sessions(&self, bus: &Bus) -> Vec<Session> {
        let all = || bus.extension::<Agents>().map_or_else(Vec::new, |agents| agents.sessions());
        match &self.target {
            Target::Session(session) => vec![session.clone()],
            Target::All => all(),
            Target::Actors(ids) => {
                let takes_part = |session: &Session| session.actor_ids().iter().any(|id| ids.contains(id));
                all().into_iter().filter(takes_part).collect()
            }
        }
    }

    fn take_sent(&self) -> Vec<(String, Result<(), SessionError>)> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Route for Address {
    fn take(&self, bus: &Bus, event: &AnyEvent, metadata: &mut Metadata) {
        if let Target::Session(session) = &self.target {
            metadata.set_session_id(session.id());
        }
        let sessions = self.sessions(bus).into_iter();
        let sent = sessions.map(|session| (session.id().to_owned(), send(&session, event))).collect();
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }
}

/// The route to the session that an event belongs to.
struct Conversation(OfSession);

impl Conversation {
    fn routed(core: &Weak<Core>) -> Routed {
        Routed(Arc::new(Self(OfSession(Weak::clone(core)))))
    }
}

impl Route for Conversation {
    fn take(&self, _: &Bus, event: &AnyEvent, metadata: &mut Metadata) {
        // Events that come from the session are there already.
        if metadata.source() == Some(SOURCE) {
            return;
        }
        let Some(session) = self.0.session() else { return };
        metadata.set_session_id(session.id());
        if let Err(error @ (SessionError::Ended | SessionError::Full)) = send(&session, event)
            && NOT_SENT.allows()
        {
            let r#type = event.event_type();
            tracing::warn!(r#type, session = session.id(), "an event does not go into its session: {error}");
        }
    }
}

/// The values that events of a session carry.
pub(super) fn carrying(core: &Weak<Core>, session: InSession) -> Carrying {
    let carrying = Carrying::new().with(OfSession(Weak::clone(core))).with(Conversation::routed(core));
    carrying.with(session)
}

/// Sends an event into a session, if it may go there. Its causation is removed.
fn send(session: &Session, event: &AnyEvent) -> Result<(), SessionError> {
    let flow = event.known_type().map(|known| known.flow());
    if !flow.is_some_and(|flow| flow.from_bus || flow.to_client) {
        return Err(SessionError::StaysOnTheBus);
    }
    let mut metadata = event.metadata().clone();
    for key in ["session_id", "causation_id", "correlation_id", "source"] {
        metadata.remove(key);
    }
    session.emit_any(event.clone().with_metadata(metadata).with_carrying(Carrying::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_that_are_gone_are_forgotten() {
        let agents = Agents::default();
        (0..3).for_each(|_| agents.add(Weak::new()));
        assert_eq!(agents.lock().len(), 1);
    }
}
