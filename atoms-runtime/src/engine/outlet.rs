//! The outlet of the handlers that a bus calls: into the list of events that are still to be delivered.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::step::Step;
use super::worklist::{Queued, Worklist};
use crate::event::{AnyEvent, Cause};
use crate::handler::{EmitOutcome, Outlet, Refusal};

/// Takes what the handlers of one event emit, as consequences of that.
pub(crate) struct FollowUpOutlet {
    worklist: Arc<Worklist>,
    cause: Cause,
    /// The event, if layers look at what follows from it.
    parent: Option<AnyEvent>,
    node: usize,
    hop_limit: u32,
}

impl FollowUpOutlet {
    pub(crate) fn new(step: &Step<'_>, worklist: Arc<Worklist>) -> Self {
        let cause = Cause::of(step.event.head(), &step.bus.inherited);
        let parent = (!step.bus.emit_layers.is_empty()).then(|| step.any().clone());
        Self { worklist, cause, parent, node: step.node, hop_limit: step.bus.hop_limit }
    }
}

impl Outlet for FollowUpOutlet {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        let limit = self.hop_limit;
        let refusal = (event.hops() > limit).then_some(Refusal::HopLimit { limit });
        let outcome = refusal.clone().map_or(EmitOutcome::Accepted, EmitOutcome::Refused);
        match self.worklist.push(Queued::new(event, self.node, refusal).of(self.parent.clone())) {
            Ok(()) => outcome,
            Err(refusal) => EmitOutcome::Refused(refusal),
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.worklist.poll_room(cx.waker())
    }

    fn cause(&self) -> Option<&Cause> {
        Some(&self.cause)
    }
}
