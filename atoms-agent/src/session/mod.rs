//! Sessions: one conversation each, with nodes of its own.

mod broken;
mod client;
mod connection;
mod end;
mod enter;
mod extract;
mod inbox;
mod opening;
mod options;
mod pace;
mod parting;
mod pulse;
mod routing;
mod sessions;
mod watchdog;
mod zero;

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use atoms_runtime::{AnyEvent, Bus, EmitOutcome, Envelope, Event, EventType, LogLimit, Refusal};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use connection::Outgoing;
pub use end::{SessionEnd, SessionError};
pub use options::SessionsBuilder;
pub(crate) use pulse::Pulse;
pub use pulse::RunningHandler;
pub use routing::{Addressed, Sent, ToSessions};
pub use sessions::{Counts, Sessions};
pub use zero::ZeroSetting;

use crate::events::Init;
use crate::graph::Plan;
use crate::instance::flight::Flight;
use crate::instance::mailbox::{Mailbox, NotPut};
use crate::protocol::rules::Rules;

scoped_tls::scoped_thread_local! {
    /// The session whose handler runs on this thread.
    static CURRENT: Session
}

/// A node can emit any number of events without waiting for room.
static LOST: LogLimit = LogLimit::new(1, "more events for nodes or clients were lost");

/// The source of those events on the bus that come from a session, and so need not go there again.
const SOURCE: &str = "atoms.session";

/// What only the session says of its events.
const SOURCE_KEYS: [&str; 2] = ["source", "session_id"];

/// How many of the events that one session loses become dead letters: more would push out those of others.
const MAX_LETTERS: u64 = 64;

/// One conversation, with nodes of its own: a handle that is cheap to clone.
///
/// It is a parameter of handlers, as `session: Session`: of those of its nodes, and of those on the bus for
/// events that belong to a session.
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
pub struct Session(Arc<Core>);

struct Core {
    id: String,
    init: Arc<Envelope<Init>>,
    actor_ids: Vec<String>,
    sessions: Sessions,
    plan: Arc<Plan>,
    /// Of each node; that of the client comes last.
    mailboxes: Box<[Arc<Mailbox>]>,
    /// What each node does now.
    pulses: Box<[Pulse]>,
    turn: AtomicU32,
    /// How many events did not find room in a mailbox.
    lost: AtomicU64,
    may_be_interrupted: AtomicBool,
    is_over: AtomicBool,
    /// Whether the call has ended, or is somebody else's.
    has_handed_off: AtomicBool,
    changed: Notify,
    /// When it ends, once its call has ended.
    ends_at: OnceLock<Instant>,
    end: OnceLock<SessionEnd>,
}

impl Session {
    /// The id, which the envelopes of its events carry on the bus.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What the client said of the session when it began.
    pub fn init(&self) -> &Init {
        self.0.init.event()
    }

    /// Who takes part in it, as the session's factory says: see [`SessionsBuilder::actor_ids`].
    pub fn actor_ids(&self) -> &[String] {
        &self.0.actor_ids
    }

    /// The bus that its events are seen on.
    pub fn bus(&self) -> Bus {
        self.bus_ref().clone()
    }

    /// Sends an event into the session: to the roots of its graph, and through the graph to the client if
    /// it is an event `to(client)`.
    ///
    /// It never waits; an error says that the session has ended, or that too much waits there already.
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

    /// Stops what is being said: what belongs to the current turn, and is interruptible, is dropped.
    pub fn interrupt(&self) {
        self.begin_turn();
    }

    /// Ends the session: what is under way in its nodes is still done. What its client has sent, and nobody
    /// had room for yet, is not.
    pub fn end(&self) {
        self.end_with(SessionEnd::ByAgent);
    }

    /// Whether the session has ended.
    pub fn has_ended(&self) -> bool {
        self.0.end.get().is_some()
    }

    pub(crate) fn bus_ref(&self) -> &Bus {
        self.0.sessions.bus()
    }

    pub(crate) fn init_event(&self) -> AnyEvent {
        Arc::clone(&self.0.init).into()
    }

    pub(crate) fn turn(&self) -> u32 {
        self.0.turn.load(Ordering::Relaxed)
    }

    /// Begins a new turn, and gives it.
    pub(crate) fn begin_turn(&self) -> u32 {
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        self.0.mailboxes.iter().for_each(|mailbox| mailbox.nudge());
        turn
    }

    pub(crate) fn mailbox(&self, place: usize) -> &Arc<Mailbox> {
        &self.0.mailboxes[place]
    }

    pub(crate) fn pulse(&self, place: usize) -> &Pulse {
        &self.0.pulses[place]
    }

    /// Whether this is true of the mailboxes of all these places.
    pub(crate) fn all(&self, places: &[usize], condition: fn(&Mailbox) -> bool) -> bool {
        places.iter().all(|&place| condition(self.mailbox(place)))
    }

    /// Waits for room in the mailboxes of these places.
    pub(crate) fn poll_room(&self, places: &[usize], cx: &Context<'_>) -> Poll<()> {
        for &place in places {
            ready!(self.mailbox(place).poll_room(cx));
        }
        Poll::Ready(())
    }

    /// Ends the session because it cannot go on.
    pub(crate) fn fail(&self, why: String) {
        self.end_with(SessionEnd::Failed(why));
    }

    fn end_with(&self, end: SessionEnd) {
        // The first reason is the one that counts.
        let _ = self.0.end.set(end);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn flight(&self, event: AnyEvent, rules: Rules, turn: u32) -> Flight {
        Flight::new(event, rules, turn, self.0.plan.joins)
    }

    /// Puts an event into the mailboxes of these places; it is refused if it is not in all of them.
    pub(crate) fn put(&self, flight: Flight, places: &[usize]) -> EmitOutcome {
        let Some((last, others)) = places.split_last() else { return EmitOutcome::Accepted };
        let mut put = Ok(());
        for place in others {
            put = put.and(self.put_at(flight.clone(), *place));
        }
        match put.and(self.put_at(flight, *last)) {
            Ok(()) => EmitOutcome::Accepted,
            Err(NotPut::Full) => EmitOutcome::Refused(Refusal::MailboxFull),
            Err(NotPut::Closed) => EmitOutcome::Refused(Refusal::SessionEnded),
        }
    }

    fn put_at(&self, flight: Flight, place: usize) -> Result<(), NotPut> {
        // What the client said is not sent back.
        let is_echo = flight.is_from_client && place == self.0.plan.client();
        if is_echo || !flight.is_first_at(self.0.plan.join_at[place]) {
            return Ok(());
        }
        self.mailbox(place).put(flight).map_err(|(why, flight)| {
            if why == NotPut::Full {
                self.lose(flight, why);
            }
            why
        })
    }

    /// Tells of an event that did not find room, and keeps it with the bus's dead letters, if it is one of the first.
    #[cold]
    fn lose(&self, flight: Flight, why: NotPut) {
        if LOST.allows() {
            let r#type = flight.known.map(EventType::name);
            tracing::error!(r#type, session = self.id(), "an event is lost: {why}");
        }
        if self.0.lost.fetch_add(1, Ordering::Relaxed) < MAX_LETTERS {
            let letters = self.0.sessions.bus().dead_letters();
            letters.keep(self.as_on_bus(&flight.event), Refusal::MailboxFull);
        }
    }

    /// Wakes those who wait for the end of what is under way: a node, or the client's end, has nothing to do.
    pub(crate) fn notify_idle(&self) {
        if self.has_ended() {
            self.0.changed.notify_waiters();
        }
    }

    /// Whether the event belongs to a turn that was interrupted, and is dropped for that.
    pub(crate) fn is_interrupted(&self, flight: &Flight) -> bool {
        flight.is_interruptible && flight.turn != self.turn()
    }

    /// Takes note of an event with these rules that a node, or the bus, sends.
    pub(crate) fn note(&self, rules: Rules) {
        if rules.hands_off {
            self.0.has_handed_off.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the agent has ended the call, or handed it over.
    pub(crate) fn has_handed_off(&self) -> bool {
        self.0.has_handed_off.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Acquire)
    }

    /// Ends all nodes: what waits is dropped, and what runs is dropped at its next await.
    fn close(&self) {
        self.0.is_over.store(true, Ordering::Release);
        self.0.mailboxes.iter().for_each(|mailbox| mailbox.close());
    }

    /// Waits until nothing is under way.
    async fn quiet(&self) {
        loop {
            let changed = self.0.changed.notified();
            let mut changed = pin!(changed);
            changed.as_mut().enable();
            // In this order: where nothing is left, nothing can come to again.
            if self.0.plan.order.iter().all(|&place| self.mailbox(place).is_quiet()) {
                return;
            }
            changed.await;
        }
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
        if self.0.plan.roots.iter().any(|&root| self.mailbox(root).is_overfull()) {
            return Err(SessionError::Full);
        }
        let rules = Rules::of(event.known_type());
        self.note(rules);
        self.put(self.flight(event, rules, self.turn()), &self.0.plan.roots);
        Ok(())
    }
}

/// Fails to compile where an event is sent into a session that declares no way to go there.
const fn assert_may_come_from_bus<E: Event>() {
    assert!(
        E::FLOW.from_bus || E::FLOW.to_client,
        "this event does not go into sessions: declare `from(bus)` on it for the nodes, or `to(client)` for the client"
    );
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.0.id)
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
