//! Sessions: one conversation each, with nodes of its own.

mod broken;
mod client;
mod connection;
mod end;
mod extract;
mod host;
mod identity;
mod inbox;
mod opening;
mod options;
mod pace;
mod parting;
mod routing;
mod running;
mod sessions;
mod state;
mod watchdog;
mod work;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use atoms_runtime::{AnyEvent, Bus, Cancellation, Carrying, EmitOutcome, Envelope, Event};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use connection::Outgoing;
pub use end::{SessionEnd, SessionError};
pub use identity::{AnyIdentity, Identity};
pub use opening::Opening;
pub use options::SessionsBuilder;
pub use routing::{Addressed, Sent, ToSessions};
pub use running::RunningHandler;
pub use sessions::{Counts, Sessions};
pub use state::SessionState;

use crate::events::{AgentInterrupt, Init};
use crate::instance::Instance;
use crate::instance::mailbox::Mailbox;
use crate::protocol::rules::Rules;
use state::States;
use work::Work;

/// The source of events on the bus that come from a session, so that they are not sent there again.
const SOURCE: &str = "atoms.session";

/// The metadata that only the session sets.
const SOURCE_KEYS: [&str; 2] = ["source", "session_id"];

/// One conversation, with nodes of its own. It is a handle that is cheap to clone.
///
/// Handlers take it as a parameter, `session: Session`: those of its nodes, and those on the bus for events that belong
/// to a session.
///
/// ```
/// use atoms::agent::events::{Log, Object, UserJoined};
/// use atoms::agent::{Session, node};
///
/// #[derive(Default)]
/// struct Greeter;
///
/// #[node]
/// impl Greeter {
///     #[handler]
///     fn joined(&mut self, _: &UserJoined, session: Session) -> Log {
///         let name: Option<String> = session.init().session_context.initial_variables.get("name");
///         Log { name: "joined".into(), payload: Object::new().with("who", name) }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Core>, Option<AnyEvent>);

struct Core {
    id: Arc<str>,
    identity: Option<AnyIdentity>,
    actor_ids: Vec<String>,
    sessions: Sessions,
    instance: Arc<Instance>,
    /// The values that its events carry on the bus.
    on_bus: Carrying,
    changed: Notify,
    /// Cancelled when there is a reason to end.
    ending: Cancellation,
    /// When the session ends after its call has ended.
    ends_at: OnceLock<Instant>,
    end: OnceLock<SessionEnd>,
    work: Work,
    states: States,
}

impl Session {
    /// Returns the id, which the envelopes of its events contain on the bus.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Returns the event with which the client began the session. It is the client's word: see [`Opening`].
    pub fn init(&self) -> &Init {
        self.0.instance.init()
    }

    /// Returns who its client is, if that is known and of this type: see [`Identity`].
    pub fn identity<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.identity.as_ref()?.get()
    }

    /// Returns the actors that take part in it: see [`SessionsBuilder::actor_ids`].
    pub fn actor_ids(&self) -> &[String] {
        &self.0.actor_ids
    }

    /// Returns the bus that sees its events.
    pub fn bus(&self) -> Bus {
        self.bus_ref().clone()
    }

    /// Sends an event into the session: to the roots of its graph, and through the graph to the client if
    /// it is an event `to(client)`.
    ///
    /// It never waits. Fails if the session has ended, or if too many events wait there already.
    ///
    /// If a method of a node has taken this handle while it handled a request, or what follows from one, the event follows from
    /// that request, too: a response to it has the request's id.
    ///
    /// An event that could go nowhere does not compile:
    ///
    /// ```compile_fail,E0080
    /// # use atoms::agent::Session;
    /// # use atoms::event;
    /// #[event(type = "shop.order.counted")]
    /// struct OrderCounted;
    ///
    /// fn tell(session: &Session) {
    ///     session.emit(OrderCounted).ok(); // neither `from(bus)` nor `to(client)`
    /// }
    /// # fn main() { let _ = tell as fn(&Session); }
    /// ```
    pub fn emit<E: Event>(&self, event: E) -> Result<(), SessionError> {
        const { assert_may_come_from_bus::<E>() };
        self.emit_any(Envelope::new(event).into())
    }

    /// Stops what is being said: emits an [`AgentInterrupt`] in the session, with which a new turn begins. Does nothing if the
    /// session has ended.
    ///
    /// In a handler of a node, take an `Emitter<AgentInterrupt>`: what the node emits after it belongs to the new turn.
    pub fn interrupt(&self) {
        // The turn has begun even if too many interrupts wait for the client to be told of one more.
        let _ = self.emit(AgentInterrupt);
    }

    /// Stops what is being said, as [`interrupt`](Self::interrupt) does, and answers nothing until [`unmute`](Self::unmute): no
    /// output node of the session responds, for example while a person talks to the client. What a `#[respond]` would answer
    /// meanwhile, a request or another event, is not answered later; with `#[respond(pass_on)]` the nodes behind get it. What
    /// nodes and the program emit themselves, such as [`Speak`](crate::events::Speak), still goes to the client.
    pub fn mute(&self) {
        self.instance().mute(true);
        self.interrupt();
    }

    /// Lets output nodes answer again, from now on. What came to them while the session was muted is not answered later; what
    /// still waits for a node that is busy is answered when its turn comes.
    pub fn unmute(&self) {
        self.instance().mute(false);
    }

    /// Returns whether requests are not answered: see [`mute`](Self::mute).
    pub fn is_muted(&self) -> bool {
        self.instance().is_muted()
    }

    /// Ends the session. What is under way in its nodes is finished. Events of its client that had no room yet are
    /// dropped.
    pub fn end(&self) {
        self.end_with(SessionEnd::ByAgent);
    }

    /// Returns whether the session has ended.
    pub fn has_ended(&self) -> bool {
        self.0.end.get().is_some()
    }

    fn bus_ref(&self) -> &Bus {
        self.0.instance.bus()
    }

    pub(crate) fn instance(&self) -> &Arc<Instance> {
        &self.0.instance
    }

    fn end_with(&self, end: SessionEnd) {
        // The first reason counts.
        let _ = self.0.end.set(end);
        self.0.ending.cancel();
        self.0.changed.notify_waiters();
    }

    /// Waits until there is a reason to end.
    async fn ended(&self) {
        loop {
            let changed = self.0.changed.notified();
            let mut changed = pin!(changed);
            changed.as_mut().enable();
            if self.has_ended() {
                return;
            }
            match self.0.ends_at.get() {
                None => changed.await,
                Some(at) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(*at) => self.end(),
                },
            }
        }
    }

    /// Sends an event to the roots without waiting.
    fn emit_any(&self, event: AnyEvent) -> Result<(), SessionError> {
        if self.has_ended() {
            return Err(SessionError::Ended);
        }
        let (instance, rules) = (self.instance(), Rules::of(event.known_type()));
        let has_room =
            if rules.overtakes { Mailbox::has_urgent_room } else { |root: &Mailbox| !root.is_overfull() };
        if !instance.roots(has_room) {
            instance.heed_agent(rules);
            return Err(SessionError::Full);
        }
        // One that finds no room all the same is in the log, and among the dead letters.
        let _ = self.put(event, self.1.clone());
        Ok(())
    }

    /// Puts an event, which follows from this request, at the roots.
    fn put(&self, event: AnyEvent, request: Option<AnyEvent>) -> EmitOutcome {
        let (instance, rules) = (self.instance(), Rules::of(event.known_type()));
        instance.note(rules);
        instance.heed_agent(rules);
        instance.put_at_roots(instance.enter(event, rules, request), self)
    }
}

/// Fails to compile if an event that is sent into a session declares neither `from(bus)` nor `to(client)`.
const fn assert_may_come_from_bus<E: Event>() {
    assert!(
        E::FLOW.from_bus || E::FLOW.to_client,
        "this event does not go into sessions: declare `from(bus)` on it for the nodes, or `to(client)` for the client"
    );
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .field("actor_ids", &self.0.actor_ids)
            .field("end", &self.0.end.get())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Session {
    /// Two sessions are equal if they are the same one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Session {}
