//! A running graph: mailboxes, turns, and the tasks of its nodes.
//!
//! An instance is run by a [`Host`]: a session with a client, or a program that reads the output of the graph. Nothing here
//! depends on which one it is.

mod alone;
pub(crate) mod enter;
pub(crate) mod failure;
pub(crate) mod flight;
mod floor;
mod lane;
pub(crate) mod mailbox;
#[cfg(test)]
mod mailbox_tests;
pub(crate) mod outlet;
pub(crate) mod pulse;
pub(crate) mod ready;
pub(crate) mod respond;
pub(crate) mod run;
#[cfg(feature = "control")]
pub(crate) mod turns;
#[cfg(not(feature = "control"))]
#[path = "no_turns.rs"]
pub(crate) mod turns;

use std::any::Any;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use atoms_runtime::{AnyEvent, Bus, EmitOutcome, Envelope, EventType, LogLimit, Refusal};
use tokio::sync::Notify;

pub use alone::{GraphOutput, GraphStopped, RunningGraph};

use crate::events::{Init, UpdateOutputAgentSettings};
use crate::graph::Plan;
use crate::node::conversation::{ConversationLimit, Kept};
use crate::protocol::rules::{Rules, Side};
use flight::Flight;
use floor::Floor;
use mailbox::{Mailbox, NotPut};
use pulse::Pulse;
use turns::{Turn, Turns};

/// A node can emit any number of events without waiting for room.
static LOST: LogLimit = LogLimit::new(1, "more events for nodes or clients were lost");

/// A background node may be too slow for each event of each session.
static MISSED: LogLimit = LogLimit::new(1, "background nodes missed more events");

/// How many lost events of one instance become dead letters. More would push out those of others.
const MAX_LETTERS: u64 = 64;

const MIB: usize = 1024 * 1024;

/// A value that nodes share.
pub(crate) type AnyState = Arc<dyn Any + Send + Sync>;

/// What runs an instance. Handlers of its nodes find it as a value.
pub(crate) trait Host: Any + Send + Sync {
    /// Its name in the log.
    fn id(&self) -> Option<&str>;

    /// Called when the instance cannot go on. A client may be told `why`.
    fn fail(&self, why: String);

    /// Called when a node has emitted an event that somebody on the bus takes.
    fn show(&self, event: &AnyEvent);

    /// Returns the event with what it has on the bus.
    fn as_on_bus(&self, event: &AnyEvent) -> AnyEvent;

    /// The values that its nodes share.
    fn states(&self) -> &[AnyState] {
        &[]
    }

    /// Counts a failure of a background node.
    fn count_failure(&self) {}

    /// Counts an event that a background node does not get.
    fn count_missed(&self) {}
}

/// How much an instance keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many bytes of events may wait in a mailbox before senders wait.
    pub(crate) mailbox_bytes: usize,
    pub(crate) conversation: ConversationLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self { mailbox_bytes: MIB, conversation: ConversationLimit { messages: 1_000, bytes: MIB } }
    }
}

/// One run of a graph, with a mailbox for each node and one for the graph's end, where events come out.
pub(crate) struct Instance {
    bus: Bus,
    plan: Arc<Plan>,
    init: Arc<Envelope<Init>>,
    limits: Limits,
    /// The mailboxes of the nodes, and at last that of the end.
    mailboxes: Box<[Arc<Mailbox>]>,
    /// The state of each node's task.
    pulses: Box<[Pulse]>,
    /// The conversation, as each of the output nodes keeps it.
    conversations: Box<[Mutex<Kept>]>,
    /// The floors that output nodes share.
    floors: Box<[Floor]>,
    turn: AtomicU32,
    turns: Turns,
    /// How many events did not find room in a mailbox.
    lost: AtomicU64,
    may_be_interrupted: AtomicBool,
    /// Whether the nodes are to stop.
    is_over: AtomicBool,
    /// Whether the call has ended, or was handed over.
    has_handed_off: AtomicBool,
    /// Whether output nodes answer no requests.
    is_muted: AtomicBool,
    /// Whether anybody waits, or has waited, until nothing is under way.
    is_awaited: AtomicBool,
    idle: Notify,
}

impl Instance {
    pub(crate) fn new(
        bus: Bus,
        plan: Arc<Plan>,
        init: Arc<Envelope<Init>>,
        limits: Limits,
        turns: Turns,
    ) -> Self {
        let settings = init.output_agent_settings.as_ref();
        let places = plan.end() + 1;
        Self {
            may_be_interrupted: settings.is_none_or(|settings| settings.interruptible).into(),
            mailboxes: (0..places)
                .map(|place| Arc::new(mailbox(&plan, place, limits.mailbox_bytes)))
                .collect(),
            pulses: (0..plan.end()).map(|_| Pulse::default()).collect(),
            floors: (0..plan.floors).map(|_| Floor::default()).collect(),
            conversations: plan.outputs.iter().map(|_| Mutex::default()).collect(),
            bus,
            plan,
            init,
            limits,
            turn: 0.into(),
            turns,
            lost: 0.into(),
            is_over: false.into(),
            has_handed_off: false.into(),
            is_muted: false.into(),
            is_awaited: false.into(),
            idle: Notify::new(),
        }
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The event that began the conversation.
    pub(crate) fn init(&self) -> &Init {
        self.init.event()
    }

    pub(crate) fn init_event(&self) -> AnyEvent {
        Arc::clone(&self.init).into()
    }

    pub(crate) fn pulses(&self) -> &[Pulse] {
        &self.pulses
    }

    /// The conversation as the node at this place keeps it, if it is an output node.
    fn conversation(&self, place: usize) -> Option<MutexGuard<'_, Kept>> {
        let kept = self.plan.outputs.binary_search(&place).ok()?;
        Some(self.conversations[kept].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says to all output nodes that a response begins.
    fn response_begins(&self) {
        self.plan.outputs.iter().filter_map(|&place| self.conversation(place)).for_each(|mut it| it.begins());
    }

    /// Says to all output nodes that a response has ended, of which this was said.
    fn response_ends(&self, text: &str) {
        for mut kept in self.plan.outputs.iter().filter_map(|&place| self.conversation(place)) {
            kept.ends(text, self.limits.conversation);
        }
    }

    fn mailbox(&self, place: usize) -> &Arc<Mailbox> {
        &self.mailboxes[place]
    }

    /// The mailbox of the graph's output.
    pub(crate) fn end(&self) -> &Mailbox {
        &self.mailboxes[self.plan.end()]
    }

    /// Sends an event straight to the graph's end.
    pub(crate) fn put_at_end(&self, event: AnyEvent, host: &dyn Host) {
        let rules = Rules::of(event.known_type());
        self.put(self.flight(event, rules, self.turn(), None, None), &[self.plan.end()], host);
    }

    pub(crate) fn put_at_roots(&self, flight: Flight, host: &dyn Host) -> EmitOutcome {
        self.put(flight, &self.plan.roots, host)
    }

    /// Whether a condition holds for the mailboxes of all roots.
    pub(crate) fn roots(&self, condition: fn(&Mailbox) -> bool) -> bool {
        self.all(&self.plan.roots, condition)
    }

    pub(crate) fn poll_room_at_roots(&self, cx: &Context<'_>) -> Poll<()> {
        self.poll_room(&self.plan.roots, cx)
    }

    /// Whether a condition holds for the mailboxes of all these places.
    fn all(&self, places: &[usize], condition: fn(&Mailbox) -> bool) -> bool {
        places.iter().all(|&place| condition(self.mailbox(place)))
    }

    /// Waits for room in the mailboxes of these places.
    fn poll_room(&self, places: &[usize], cx: &Context<'_>) -> Poll<()> {
        for &place in places {
            ready!(self.mailbox(place).poll_room(cx));
        }
        Poll::Ready(())
    }

    pub(crate) fn flight(
        &self,
        event: AnyEvent,
        rules: Rules,
        turn: u32,
        in_turn: Option<Arc<Turn>>,
        request: Option<AnyEvent>,
    ) -> Flight {
        let event = self.own(event, in_turn.as_deref());
        Flight::new(event, rules, turn, in_turn, request, self.plan.joins)
    }

    /// Returns the event with the values that those of its turn carry, or else with those of the first one.
    ///
    /// If it has them already, it is not changed, since that would copy a shared event.
    pub(crate) fn own(&self, event: AnyEvent, in_turn: Option<&Turn>) -> AnyEvent {
        let carrying = in_turn.map_or(self.init.carrying(), Turn::carrying).or(event.carrying());
        if carrying == *event.carrying() { event } else { event.with_carrying(carrying) }
    }

    /// Puts an event into the mailboxes of these places. It is refused if one of them has no room for it.
    fn put(&self, flight: Flight, places: &[usize], host: &dyn Host) -> EmitOutcome {
        let Some((last, others)) = places.split_last() else { return EmitOutcome::Accepted };
        let mut put = Ok(());
        for place in others {
            put = put.and(self.put_at(flight.clone(), *place, host));
        }
        match put.and(self.put_at(flight, *last, host)) {
            Ok(()) => EmitOutcome::Accepted,
            Err(NotPut::Full) => EmitOutcome::Refused(Refusal::MailboxFull),
            Err(NotPut::Closed) => EmitOutcome::Refused(Refusal::SessionEnded),
        }
    }

    fn put_at(&self, flight: Flight, place: usize, host: &dyn Host) -> Result<(), NotPut> {
        // Events of the client are not sent back.
        let is_echo = flight.is_from_client && place == self.plan.end();
        if is_echo || !flight.is_first_at(self.plan.join_at[place]) {
            return Ok(());
        }
        // The next one may speak when the end of a response is among what comes out.
        let _spoken = if place == self.plan.end() { flight.take_floor() } else { None };
        let Err((why, flight)) = self.mailbox(place).put(flight) else { return Ok(()) };
        match (self.plan.background(place), why) {
            (Some(node), NotPut::Full) => self.miss(node, &flight, host),
            // It could not be made, which was told.
            (Some(_), NotPut::Closed) if !self.is_over() => {}
            (None, NotPut::Full) => {
                self.lose(flight, why, host);
                return Err(why);
            }
            _ => return Err(why),
        }
        Ok(())
    }

    /// Logs and counts an event that a background node does not get. The others do.
    #[cold]
    fn miss(&self, node: &str, flight: &Flight, host: &dyn Host) {
        host.count_missed();
        if MISSED.allows() {
            let r#type = flight.known.map(EventType::name);
            let why = "a background node does not keep up, and misses an event";
            tracing::warn!(node, r#type, session = host.id(), "{why}");
        }
    }

    /// Logs an event for which there was no room. The first ones of an instance become dead letters of the bus.
    #[cold]
    fn lose(&self, flight: Flight, why: NotPut, host: &dyn Host) {
        if LOST.allows() {
            let r#type = flight.known.map(EventType::name);
            tracing::error!(r#type, session = host.id(), "an event is lost: {why}");
        }
        if self.lost.fetch_add(1, Ordering::Relaxed) < MAX_LETTERS {
            self.bus.dead_letters().keep(host.as_on_bus(&flight.event), Refusal::MailboxFull);
        }
    }

    /// Makes an event of the client a flight of this turn. Settings take effect at once, and so does an interrupt, with which
    /// a new turn begins.
    pub(crate) fn admit(self: &Arc<Self>, event: AnyEvent) -> Flight {
        if let Some(update) = event.downcast_ref::<UpdateOutputAgentSettings>()
            && let Some(may) = update.settings.get("interruptible")
        {
            self.may_be_interrupted.store(may, Ordering::Relaxed);
        }
        let rules = Rules::of(event.known_type());
        self.heed(rules);
        self.enter(event, rules, None).sent_by_client()
    }

    /// Makes an event that comes from outside, and may follow from a request, a flight of the current turn.
    pub(crate) fn enter(
        self: &Arc<Self>,
        event: AnyEvent,
        rules: Rules,
        request: Option<AnyEvent>,
    ) -> Flight {
        let in_turn = self.join(event.known_type());
        self.flight(event, rules, self.turn(), in_turn, request)
    }

    /// Begins a new turn if an event of the client with these rules is an interrupt, and the client may interrupt.
    pub(crate) fn heed(&self, rules: Rules) {
        if rules.interrupts == Some(Side::Client) && self.may_be_interrupted.load(Ordering::Relaxed) {
            self.begin_turn();
        }
    }

    /// Begins a new turn if an event of the agent with these rules is an interrupt.
    pub(crate) fn heed_agent(&self, rules: Rules) {
        if rules.interrupts == Some(Side::Agent) {
            self.begin_turn();
        }
    }

    /// Applies the rules of an event that a node, or the bus, sends.
    pub(crate) fn note(&self, rules: Rules) {
        if rules.hands_off {
            self.has_handed_off.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the agent has ended the call, or handed it over.
    fn has_handed_off(&self) -> bool {
        self.has_handed_off.load(Ordering::Relaxed)
    }

    pub(crate) fn mute(&self, is_muted: bool) {
        self.is_muted.store(is_muted, Ordering::Relaxed);
    }

    /// Whether output nodes answer no requests.
    pub(crate) fn is_muted(&self) -> bool {
        self.is_muted.load(Ordering::Relaxed)
    }

    pub(crate) fn turn(&self) -> u32 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Begins a new turn, and returns it.
    pub(crate) fn begin_turn(&self) -> u32 {
        let begin = || self.turn.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (turn, interrupted) = self.turns.interrupt(begin);
        self.mailboxes.iter().for_each(|mailbox| mailbox.nudge());
        if let Some(interrupted) = interrupted {
            interrupted.interrupted();
        }
        turn
    }

    /// Whether the event is dropped, since it belongs to a turn that was interrupted.
    pub(crate) fn is_interrupted(&self, flight: &Flight) -> bool {
        flight.is_interruptible && flight.turn != self.turn()
    }

    /// Whether an event that is to be answered is dropped, since its turn was interrupted, whatever it says of itself.
    fn is_late(&self, flight: &Flight) -> bool {
        self.is_dropped(flight) || flight.turn != self.turn()
    }

    /// Whether an event that waits to come in is dropped: its turn was interrupted, or cancelled.
    pub(crate) fn is_dropped(&self, flight: &Flight) -> bool {
        let cancelled = flight.in_turn.as_ref().filter(|turn| turn.is_cancelled());
        if let Some(turn) = cancelled {
            turn.note_dropped(&flight.event);
        }
        cancelled.is_some() || self.is_interrupted(flight)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Stops all nodes. Waiting events are dropped, and running handlers are dropped at their next await.
    pub(crate) fn close(&self) {
        self.finish();
        self.end().close();
    }

    /// As [`close`](Self::close), but the output can still be read.
    fn finish(&self) {
        self.turns.cut();
        self.is_over.store(true, Ordering::Release);
        self.end().finish();
        self.mailboxes[..self.plan.end()].iter().for_each(|mailbox| mailbox.close());
        // What is closed has nothing under way.
        self.idle.notify_waiters();
    }

    /// Lets go what is held of a session that ends.
    pub(crate) fn let_go(&self) {
        self.turns.let_go(&self.bus);
    }

    /// Wakes those who wait until nothing is under way: a node, or the end, has nothing to do.
    pub(crate) fn notify_idle(&self) {
        // A task that waits sets this before it looks at the mailbox, whose lock decides which came first.
        if self.is_awaited.load(Ordering::Relaxed) {
            self.idle.notify_waiters();
        }
    }

    /// Waits until nothing is under way.
    pub(crate) async fn quiet(&self) {
        self.quiet_at(&self.plan.order).await;
    }

    /// Waits until no node has anything to do.
    async fn nodes_quiet(&self) {
        // The end is the last one.
        self.quiet_at(&self.plan.order[..self.plan.end()]).await;
    }

    async fn quiet_at(&self, places: &[usize]) {
        self.is_awaited.store(true, Ordering::Relaxed);
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            // In this order, since no event comes to a node again after those before it have none.
            if places.iter().all(|&place| self.mailbox(place).is_quiet()) {
                return;
            }
            idle.await;
        }
    }
}

fn mailbox(plan: &Plan, place: usize, bytes: usize) -> Mailbox {
    if plan.background(place).is_some() { Mailbox::beside(bytes) } else { Mailbox::new(bytes) }
}
