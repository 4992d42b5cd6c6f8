//! What the bus tells `tracing`.

use tracing::{Span, debug_span};

use super::step::Step;
use crate::handler::{Recipient, Refusal};
use crate::text::Shown;

/// Whether anybody looks at the spans.
#[inline]
pub(crate) fn is_traced() -> bool {
    tracing::level_filters::LevelFilter::current() >= tracing::Level::DEBUG
}

/// The span of one event's delivery.
#[inline]
pub(crate) fn emit_span(step: &Step<'_>) -> Span {
    let head = step.event.head();
    debug_span!(
        "emit",
        r#type = step.event.name(),
        id = %head.id(),
        correlation = %Shown(head.metadata().correlation_id().unwrap_or(&head.id().to_string())),
    )
}

/// The span of one handler's call.
#[inline]
pub(crate) fn handler_span(emit: &Span, recipient: Recipient) -> Span {
    if emit.is_disabled() {
        return Span::none();
    }
    match recipient {
        Recipient::Handler(info) => debug_span!(parent: emit, "handler", path = info.path()),
        Recipient::Subscriber(place) => debug_span!(parent: emit, "handler", path = %place),
    }
}

#[cold]
pub(crate) fn log_refusal(step: &Step<'_>, refusal: &Refusal) {
    tracing::error!(r#type = step.event.name(), id = %step.event.head().id(), "{}", Shown(refusal));
}
