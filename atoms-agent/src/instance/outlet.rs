//! The outlet of a node's events.

use std::any::Any;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use atoms_runtime::{
    AnyEvent, Delivery, EmitOutcome, Envelope, Event, EventType, ExtractError, FromDelivery, HandlerInfo,
    Metadata, Outlet, PrepareError, StartContext,
};

use super::failure::{self, Why};
use super::flight::Flight;
use super::floor::{Floor, Speaking};
use super::mailbox::Mailbox;
use super::pulse::Pulse;
use super::turns::Turn;
use super::{Host, Instance};
use crate::events::{AgentError, LlmRequest, TranscriptUpdate};
use crate::node::conversation::Conversation;
use crate::node::shape::{Kind, NodeShape};
use crate::protocol::rules::{Rules, Side};

/// The outlet of a node's events, which go to the nodes behind it, or out of the graph.
pub(crate) struct NodeOutlet {
    pub(super) instance: Arc<Instance>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) shape: &'static NodeShape,
    /// The place of the node.
    place: usize,
    /// The places that the node's edges lead to.
    behind: Box<[usize]>,
    /// The turn of the event that the node handles.
    turn: AtomicU32,
    /// The same, if turns are runs.
    handled: Mutex<Handled>,
    /// The request that the event is, or follows from, in graphs that answer such events.
    request: Mutex<Option<AnyEvent>>,
    /// The floor, while the node has it.
    speaking: Mutex<Option<Speaking>>,
}

/// What the node handles.
#[derive(Default)]
struct Handled {
    /// Whether a method of the node runs.
    is_some: bool,
    in_turn: Option<Arc<Turn>>,
}

/// A method of the node runs until this is dropped.
struct Handling<'a>(&'a NodeOutlet);

impl Drop for Handling<'_> {
    fn drop(&mut self) {
        let handled = std::mem::take(&mut *self.0.handled());
        drop(handled);
    }
}

impl NodeOutlet {
    pub(crate) fn new(
        instance: Arc<Instance>,
        host: Arc<dyn Host>,
        shape: &'static NodeShape,
        place: usize,
    ) -> Self {
        Self {
            turn: AtomicU32::new(instance.turn()),
            handled: Mutex::default(),
            request: Mutex::default(),
            speaking: Mutex::default(),
            shape,
            place,
            behind: instance.plan.behind[place].as_slice().into(),
            instance,
            host,
        }
    }

    /// The outlet of the node whose handler is called, if it is a node's.
    pub(crate) fn of<'a>(delivery: &'a Delivery<'_>) -> Option<&'a Self> {
        let outlet: &dyn Any = &**delivery.outlet()?;
        outlet.downcast_ref()
    }

    /// The state of the node's task.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.instance.pulses[self.place]
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        self.instance.mailbox(self.place)
    }

    pub(crate) fn node(&self) -> &'static str {
        self.shape.name
    }

    /// Whether the node stands beside the talk.
    pub(super) fn is_background(&self) -> bool {
        self.shape.kind == Kind::Background
    }

    /// The conversation so far, if the node keeps it.
    pub(crate) fn conversation(&self) -> Option<Conversation> {
        Some(self.instance.conversation(self.place)?.so_far().clone())
    }

    /// Records an event that the node is about to handle.
    pub(crate) fn note(&self, flight: &Flight) {
        self.turn.store(flight.turn, Ordering::Relaxed);
        if self.instance.plan.follows_requests {
            let is_request = flight.known == Some(LlmRequest::event_type());
            let request = if is_request { Some(&flight.event) } else { flight.request.as_ref() };
            *self.request.lock().unwrap_or_else(PoisonError::into_inner) = request.cloned();
        }
    }

    /// Keeps what was said, if the event says that.
    pub(crate) fn keep(&self, flight: &Flight) {
        if self.shape.kind == Kind::Output
            && let Some(update) = flight.event.downcast_ref::<TranscriptUpdate>()
            && let Some(mut kept) = self.instance.conversation(self.place)
        {
            kept.note(update, self.instance.limits.conversation);
        }
    }

    /// The request that the event is, or follows from, in graphs that answer such events.
    pub(crate) fn request(&self) -> Option<AnyEvent> {
        if !self.instance.plan.follows_requests {
            return None;
        }
        self.request.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the node the floor, or takes it away.
    pub(super) fn set_speaking(&self, speaking: Option<Speaking>) -> Option<Speaking> {
        std::mem::replace(&mut *self.speaking.lock().unwrap_or_else(PoisonError::into_inner), speaking)
    }

    /// The floor that the node shares with others.
    pub(super) fn floor(&self) -> Option<Floor> {
        self.instance.plan.floor_at[self.place].map(|floor| Arc::clone(&self.instance.floors[floor]))
    }

    fn handled(&self) -> MutexGuard<'_, Handled> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the node handles an event of this turn, until the guard is dropped.
    pub(super) fn handles(&self, in_turn: Option<Arc<Turn>>) -> Option<impl Drop> {
        let in_turn = Some(in_turn?);
        *self.handled() = Handled { is_some: true, in_turn };
        Some(Handling(self))
    }

    /// The turn of what the node emits now.
    fn in_turn(&self, trigger: Option<&'static EventType>) -> Option<Arc<Turn>> {
        if !self.instance.turns.are_runs() {
            return None;
        }
        let mut handled = self.handled();
        if let Some(own) = &handled.in_turn {
            return Some(Arc::clone(own));
        }
        let joined = self.instance.join(trigger)?;
        if handled.is_some {
            handled.in_turn = Some(Arc::clone(&joined));
        }
        Some(joined)
    }

    /// Whether the turn of what the node handles was cancelled, and not only interrupted.
    pub(super) fn is_cancelled(&self) -> bool {
        self.handled().in_turn.as_ref().is_some_and(|turn| turn.is_cancelled())
    }

    /// Writes what failed for an event of this type to the log, and returns what the client is told of it.
    pub(crate) fn report(&self, what: &str, event_type: &str, why: &Why) -> String {
        let exposed = match why {
            Why::Error(error) if self.shape.exposes_errors => Some(error),
            _ => None,
        };
        let id = failure::log(self.host.id(), Some(self.node()), event_type, what, why);
        let told = failure::told(what, exposed, id);
        if self.is_background() {
            self.host.count_failure();
        } else if let Some(turn) = &self.handled().in_turn {
            turn.fail(&told);
        }
        told
    }

    /// Sends the client an error of the node. Of a background node the bus is told, and the client not.
    pub(super) fn tell(&self, what: &str, event_type: &str, why: &Why) {
        let (message, severity) = (self.report(what, event_type, why), self.shape.severity);
        let error = Envelope::new(AgentError { message, severity, payload: Default::default() }).into();
        if !self.is_background() {
            self.emit(error);
        } else if self.instance.bus.takes(error.known_type()) {
            let in_turn = self.handled().in_turn.clone();
            self.host.show(&self.instance.own(error, in_turn.as_deref()));
        }
    }

    /// Sends an event on.
    pub(crate) fn pass(&self, flight: Flight) -> EmitOutcome {
        match self.instance.plan.routed(self.place, flight.known) {
            None => self.instance.put(flight, &self.behind, &*self.host),
            Some(places) => self.instance.put(flight, &places, &*self.host),
        }
    }

    /// Whether there is room in all mailboxes behind the node, without waiting for it.
    pub(crate) fn has_room(&self) -> bool {
        self.instance.all(&self.behind, Mailbox::has_room)
    }

    /// Whether the event that the node handles belongs to a turn that was interrupted.
    pub(crate) fn is_of_old_turn(&self) -> bool {
        self.turn.load(Ordering::Relaxed) != self.instance.turn()
    }
}

impl NodeOutlet {
    /// Emits an event of a response. Where several nodes give responses, its metadata says which one this is.
    pub(super) fn emit_said<E: Event>(&self, event: E, floor: Option<Speaking>) {
        let mut envelope = Envelope::new(event);
        if self.instance.plan.outputs.len() > 1 {
            let mut metadata = Metadata::new();
            metadata.insert("node", self.node());
            envelope = envelope.with_metadata(metadata);
        }
        self.emit_flight(envelope.into(), floor);
    }

    fn emit_flight(&self, event: AnyEvent, floor: Option<Speaking>) -> EmitOutcome {
        let rules = Rules::of(event.known_type());
        self.instance.note(rules);
        if rules.interrupts == Some(Side::Agent) {
            // Events that the handler emits from now on belong to the new turn.
            self.turn.store(self.instance.begin_turn(), Ordering::Relaxed);
            self.handled().in_turn = None;
        }
        let in_turn = self.in_turn(event.known_type());
        let flight = self
            .instance
            .flight(event, rules, self.turn.load(Ordering::Relaxed), in_turn, self.request())
            .with_floor(floor);
        if self.instance.bus.takes(flight.known) {
            self.host.show(&flight.event);
        }
        self.pass(flight)
    }
}

impl Outlet for NodeOutlet {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        self.emit_flight(event, None)
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.instance.poll_room(&self.behind, cx)
    }
}

const ON_BUS: &str = "a handler on the bus has no `Conversation`, which only output nodes keep: take it in a node with \
                      `#[node(output)]`, and emit what this handler needs of it";

#[diagnostic::do_not_recommend]
impl FromDelivery for Conversation {
    type Prepared = ();

    /// A handler on the bus has at most a request's own messages.
    fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
        let sees_requests = |handler: &HandlerInfo| {
            handler.takes_every_event() || handler.event_types().contains(&LlmRequest::event_type())
        };
        match start.handler() {
            Some(handler) if !sees_requests(handler) => Err(PrepareError::Missing(ON_BUS.into())),
            _ => Ok(()),
        }
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let of_request =
            delivery.any().downcast_ref::<LlmRequest>().and_then(|it| Self::of_request(it.event()));
        if let Some(own) = of_request {
            return Ok(own);
        }
        let kept = NodeOutlet::of(delivery).and_then(NodeOutlet::conversation);
        kept.ok_or_else(|| {
            ExtractError::missing("only an output node, `#[node(output)]`, keeps the conversation")
        })
    }
}
