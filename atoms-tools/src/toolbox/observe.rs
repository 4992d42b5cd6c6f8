//! Emits the events that tell of a call, if somebody takes them.

use std::pin::Pin;
use std::time::{Duration, Instant};

use atoms_runtime::{Bus, Event, Shown, memory_size};
use serde_json::Value;

use crate::call::{CallHead, CallOutcome, ToolError};
use crate::events::{Decided, ToolCompleted, ToolDecided, ToolDenied, ToolFailed, ToolStarted};
use crate::hook::HookInfo;

/// The largest arguments that an event shows, in bytes of memory.
const MOST_SHOWN: usize = 16 * 1024;

/// The events of a call that somebody takes.
pub(super) struct Observer<'a> {
    bus: &'a Bus,
    pub(super) is_started_taken: bool,
    pub(super) is_decided_taken: bool,
    is_end_taken: bool,
    /// When the call began, if its time is needed.
    begun: Option<Instant>,
}

fn is_taken<E: Event>(bus: &Bus) -> bool {
    bus.takes(Some(E::event_type()))
}

impl<'a> Observer<'a> {
    /// Begins a call. The clock is read if the time of the call is needed.
    #[inline]
    pub(super) fn new(bus: &'a Bus, is_timed: bool) -> Self {
        let is_end_taken =
            is_taken::<ToolCompleted>(bus) || is_taken::<ToolFailed>(bus) || is_taken::<ToolDenied>(bus);
        let begun = if is_timed || is_end_taken { Some(Instant::now()) } else { None };
        let (is_started_taken, is_decided_taken) =
            (is_taken::<ToolStarted>(bus), is_taken::<ToolDecided>(bus));
        Self { bus, is_started_taken, is_decided_taken, is_end_taken, begun }
    }

    #[inline]
    pub(super) fn is_any_taken(&self) -> bool {
        self.is_started_taken || self.is_decided_taken || self.is_end_taken
    }

    pub(super) fn latency(&self) -> Option<Duration> {
        self.begun.map(|begun| begun.elapsed())
    }

    fn latency_micros(&self) -> u64 {
        self.latency().map_or(0, |latency| latency.as_micros().try_into().unwrap_or(u64::MAX))
    }

    pub(super) async fn started(&self, head: &CallHead, masked: Value) {
        let arguments = match memory_size(&masked) {
            bytes if bytes > MOST_SHOWN => format!("({bytes} bytes)").into(),
            _ => masked,
        };
        emit(
            self.bus,
            ToolStarted {
                call: head.id().clone(),
                tool: head.tool.name().into(),
                sender: head.sender().cloned(),
                principal: head.principal().cloned(),
                arguments,
            },
        )
        .await;
    }

    pub(super) async fn decided(
        &self,
        head: &CallHead,
        hook: &HookInfo,
        verdict: Decided,
        reason: Option<String>,
    ) {
        emit(
            self.bus,
            ToolDecided {
                call: head.id().clone(),
                tool: head.tool.name().into(),
                sender: head.sender().cloned(),
                principal: head.principal().cloned(),
                hook: hook.path().into(),
                verdict,
                reason,
            },
        )
        .await;
    }

    /// Emits the event that tells of the outcome of a call.
    pub(super) async fn ended(&self, head: &CallHead, outcome: CallOutcome, error: Option<&ToolError>) {
        if !self.is_end_taken {
            return;
        }
        let (call, tool) = (head.id().clone(), head.tool.name().to_owned());
        let (sender, principal) = (head.sender().cloned(), head.principal().cloned());
        let latency_micros = self.latency_micros();
        match error {
            None => {
                let is_replaced = outcome == CallOutcome::Replaced;
                let event = ToolCompleted { call, tool, sender, principal, is_replaced, latency_micros };
                emit(self.bus, event).await;
            }
            Some(denied) if outcome == CallOutcome::Denied => {
                let reason = Shown(denied).to_string();
                let event = ToolDenied { call, tool, sender, principal, reason, latency_micros };
                emit(self.bus, event).await;
            }
            Some(error) => {
                let error = Shown(error).to_string();
                emit(self.bus, ToolFailed { call, tool, sender, principal, error, latency_micros }).await;
            }
        }
    }
}

/// Emits an event, if somebody takes it. In a box, so that calls of which nobody takes events need no room for it.
fn emit<'a, I>(bus: &'a Bus, event: I) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>
where
    I: atoms_runtime::IntoEnvelope<Event = I> + Event,
{
    Box::pin(async move {
        if is_taken::<I>(bus) {
            // A failed delivery is a dead letter.
            let _receipt = bus.emit(event).await;
        }
    })
}
