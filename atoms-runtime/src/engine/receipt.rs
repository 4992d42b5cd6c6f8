//! What became of one emitted event.

use std::fmt;
use std::sync::Arc;

use crate::event::EventType;
use crate::event::erased::EventRef;
use crate::handler::{FailureKind, HandlerInfo, Recipient, Refusal};

/// What became of one emitted event: who handled it, what failed, and what followed.
///
/// ```
/// # use atoms::{Bus, event, handler};
/// # #[event(type = "shop.order.created")]
/// # struct OrderCreated;
/// # #[event(type = "shop.order.confirmed")]
/// # struct OrderConfirmed;
/// #[handler]
/// fn confirm(_: &OrderCreated) -> OrderConfirmed {
///     OrderConfirmed
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let receipt = Bus::start()?.emit(OrderCreated).await;
/// assert!(receipt.is_ok());
/// assert_eq!(receipt.deliveries().count(), 1);
/// assert_eq!(receipt.follow_ups()[0].event_type(), "shop.order.confirmed");
/// receipt.into_result()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a receipt has the failures of the handlers: `into_result()` makes an error of them"]
pub struct Receipt {
    // Two words, which are returned in registers: an emit to one handler is so short that a larger
    // receipt's moves out of the future would be most of what it costs.
    outline: &'static Outline,
    /// What is there only if not all is as it mostly is.
    details: Option<Box<Details>>,
}

/// What the receipts of one event on one bus have in common; it is kept for the program's whole run.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) event_type: Option<&'static EventType>,
    pub(crate) handlers: Vec<&'static HandlerInfo>,
    /// Whether a handler takes just this event; those who see every event do not count.
    pub(crate) handled: bool,
}

#[derive(Clone)]
enum EventName {
    Known(&'static EventType),
    Raw(Box<str>),
}

/// Events of one type that followed from a root event, and were lost because too much was under way: see
/// [`Emitter::emit`](crate::Emitter::emit).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{count} of these events were lost: too much that followed from one root event was under way at once; \
     await what `Emitter::emit` returns, or raise `follow_up_capacity` and `follow_up_bytes`"
)]
pub struct LostEvents {
    pub(crate) event_type: &'static EventType,
    pub(crate) count: u64,
}

impl LostEvents {
    /// Returns the type string of the events.
    pub fn event_type(&self) -> &'static str {
        self.event_type.name()
    }

    /// Returns how many there were.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// Why a received event was not delivered again: see [`BusBuilder::receive_once`](crate::BusBuilder::receive_once).
///
/// It is the error of a receipt that is not ok since the event is [under way](Self::UnderWay).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Duplicate {
    /// The event with this id was received before, and its handlers have succeeded.
    #[error("it was received before")]
    Handled,
    /// The event with this id is being handled. It is not known yet whether that will succeed: the receipt is not ok, so
    /// that nobody confirms an event whose handlers may fail.
    #[error("it was received before, and is being handled; do not confirm it, but have it sent again")]
    UnderWay,
}

#[derive(Clone, Default)]
struct Details {
    /// The event, if the outline does not have it.
    event: Option<EventName>,
    /// Whether a subscriber of just this event took it.
    handled: bool,
    /// Each with the place of its failure in `failures`: those of one place in the source look alike.
    subscribers: Vec<(Recipient, Option<usize>)>,
    failures: Vec<(Recipient, Arc<FailureKind>)>,
    /// The handlers that did not take the event.
    skipped: Vec<Recipient>,
    refusal: Option<Refusal>,
    duplicate: Option<Duplicate>,
    lost: Vec<LostEvents>,
    follow_ups: Vec<Receipt>,
}

impl Details {
    #[cold]
    #[inline(never)]
    fn of(event: &EventRef<'_>) -> Option<Box<Self>> {
        let name = event.event_type().map_or_else(|| EventName::Raw(event.name().into()), EventName::Known);
        Some(Box::new(Self { event: Some(name), ..Self::default() }))
    }
}

impl Receipt {
    #[inline]
    pub(crate) fn new(event: &EventRef<'_>, outline: &'static Outline) -> Self {
        let outlined = event.event_type().is_some() && event.event_type() == outline.event_type;
        Self { outline, details: if outlined { None } else { Details::of(event) } }
    }

    /// Whether all is as it mostly is.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.details.is_none()
    }

    pub(crate) fn fail(&mut self, recipient: Recipient, kind: Arc<FailureKind>) {
        let details = self.details.get_or_insert_default();
        if let (Recipient::Subscriber(_), Some(called)) = (recipient, details.subscribers.last_mut()) {
            called.1 = Some(details.failures.len());
        }
        details.failures.push((recipient, kind));
    }

    pub(crate) fn skip(&mut self, recipient: Recipient) {
        self.details.get_or_insert_default().skipped.push(recipient);
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.details.get_or_insert_default().refusal = Some(refusal);
    }

    /// What becomes of an event that was received before.
    #[cold]
    pub(crate) fn of_duplicate(mut self, duplicate: Duplicate) -> Self {
        self.details.get_or_insert_default().duplicate = Some(duplicate);
        self
    }

    /// Takes over what became of one handler's call.
    pub(crate) fn absorb(&mut self, unit: Self) {
        let Some(unit) = unit.details.filter(|it| !(it.failures.is_empty() && it.skipped.is_empty())) else {
            return;
        };
        let details = self.details.get_or_insert_default();
        details.failures.extend(unit.failures);
        details.skipped.extend(unit.skipped);
    }

    pub(crate) fn set_lost(&mut self, lost: Vec<LostEvents>) {
        if !lost.is_empty() {
            self.details.get_or_insert_default().lost = lost;
        }
    }

    pub(crate) fn add_subscriber(&mut self, recipient: Recipient, handles: bool) {
        let details = self.details.get_or_insert_default();
        details.handled |= handles;
        details.subscribers.push((recipient, None));
    }

    pub(crate) fn set_follow_ups(&mut self, follow_ups: Vec<Receipt>) {
        if !follow_ups.is_empty() {
            self.details.get_or_insert_default().follow_ups = follow_ups;
        }
    }

    /// Returns the type string of the event.
    pub fn event_type(&self) -> &str {
        match self.details.as_ref().and_then(|details| details.event.as_ref()) {
            Some(EventName::Known(known)) => known.name(),
            Some(EventName::Raw(name)) => name,
            None => self.outline.event_type.map_or("", EventType::name),
        }
    }

    pub(crate) fn failures_by_recipient(&self) -> impl Iterator<Item = &(Recipient, Arc<FailureKind>)> {
        self.details.iter().flat_map(|details| &details.failures)
    }

    pub(crate) fn skipped(&self) -> &[Recipient] {
        self.details.as_ref().map_or(&[], |details| &details.skipped)
    }

    /// Whether a handler did not take the event.
    #[inline]
    pub(crate) fn has_skipped(&self) -> bool {
        self.details.as_ref().is_some_and(|details| !details.skipped.is_empty())
    }

    /// Returns each recipient of the event with its outcome, without the handlers whose `when` or `pattern` did not let
    /// it in. The success of a `detached` handler means that it was started.
    pub fn deliveries(&self) -> impl Iterator<Item = (Recipient, Result<(), &FailureKind>)> {
        let handlers = if self.is_undelivered() { &[][..] } else { &self.outline.handlers };
        let failures = self.details.as_ref().map_or(&[][..], |details| &details.failures);
        let handlers = handlers.iter().copied().map(Recipient::Handler);
        let handlers = handlers.filter(|handler| !self.skipped().contains(handler)).map(|handler| {
            let failure = failures.iter().find(|(failed, _)| *failed == handler);
            (handler, failure.map_or(Ok(()), |(_, kind)| Err(&**kind)))
        });
        let subscribers = self.details.iter().flat_map(|details| &details.subscribers);
        let subscribers = subscribers.map(|(subscriber, failure)| {
            (*subscriber, failure.map_or(Ok(()), |failure| Err(&*failures[failure].1)))
        });
        handlers.chain(subscribers)
    }

    fn is_undelivered(&self) -> bool {
        let is_refused =
            matches!(self.refusal(), Some(Refusal::Closed | Refusal::HopLimit { .. } | Refusal::Vetoed(_)));
        is_refused || self.duplicate().is_some()
    }

    /// Returns whether the event was received before, and so was not delivered now: on a bus that
    /// [receives once](crate::BusBuilder::receive_once). Such a receipt has no deliveries. It is [ok](Self::is_ok) if the
    /// event is [handled](Duplicate::Handled), and not if it is still [under way](Duplicate::UnderWay).
    pub fn duplicate(&self) -> Option<Duplicate> {
        self.details.as_ref()?.duplicate
    }

    /// The error that the event is being handled, if it is a duplicate of such a one.
    pub(crate) fn under_way(&self) -> Option<&Duplicate> {
        let duplicate = self.details.as_ref()?.duplicate.as_ref();
        duplicate.filter(|duplicate| **duplicate == Duplicate::UnderWay)
    }

    /// Returns why the event was not delivered, if it was not.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.details.as_ref()?.refusal.as_ref()
    }

    /// Returns how many events of each type followed from this root event, directly or not, and were lost because too
    /// much was under way at once.
    pub fn lost(&self) -> &[LostEvents] {
        self.details.as_ref().map_or(&[], |details| &details.lost)
    }

    /// Returns the receipts of the events that the handlers emitted, in the order of emission.
    pub fn follow_ups(&self) -> &[Receipt] {
        self.details.as_ref().map_or(&[], |details| &details.follow_ups)
    }

    /// Returns whether nothing took the event. Handlers and subscribers of every event do not count.
    pub fn is_unhandled(&self) -> bool {
        if self.duplicate().is_some() {
            return false;
        }
        self.is_undelivered()
            || !self.is_taken_by_handler() && self.details.as_ref().is_none_or(|details| !details.handled)
    }

    /// Whether there is no handler and no subscriber that could have taken the event.
    pub(crate) fn has_no_taker(&self) -> bool {
        !self.outline.handled && self.details.as_ref().is_none_or(|details| !details.handled)
    }

    fn is_taken_by_handler(&self) -> bool {
        let skipped = self.skipped();
        if skipped.is_empty() {
            return self.outline.handled;
        }
        let mut handlers = self.outline.handlers.iter().copied();
        let event_type = self.outline.event_type;
        handlers.any(|info| info.counts_for(event_type) && !skipped.contains(&Recipient::Handler(info)))
    }

    /// Returns whether nothing failed, neither here nor in what followed. Of a [duplicate](Self::duplicate) that is under
    /// way this is not known, and it is not ok.
    pub fn is_ok(&self) -> bool {
        self.details.as_ref().is_none_or(|details| {
            details.failures.is_empty()
                && details.refusal.is_none()
                && self.under_way().is_none()
                && details.lost.is_empty()
                && details.follow_ups.iter().all(Receipt::is_ok)
        })
    }

    fn fmt_tree(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let unhandled = if self.is_unhandled() { " (unhandled)" } else { "" };
        write!(f, "{indent}{}{unhandled}", self.event_type())?;
        if let Some(refusal) = self.refusal() {
            write!(f, ": {refusal}")?;
        }
        if let Some(duplicate) = self.duplicate() {
            write!(f, ": {duplicate}")?;
        }
        for (recipient, outcome) in self.deliveries() {
            match outcome {
                Ok(()) => write!(f, "\n{indent}- {recipient}: ok")?,
                Err(failure) => write!(f, "\n{indent}- {recipient}: {failure}")?,
            }
        }
        for lost in self.lost() {
            write!(f, "\n{indent}- `{}`: {lost}", lost.event_type())?;
        }
        for follow_up in self.follow_ups() {
            writeln!(f)?;
            follow_up.fmt_tree(f, depth + 1)?;
        }
        Ok(())
    }
}

/// The tree of events, each with its deliveries.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_tree(f, 0)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("event_type", &self.event_type())
            .field("deliveries", &self.deliveries().collect::<Vec<_>>())
            .field("refusal", &self.refusal())
            .field("lost", &self.lost())
            .field("follow_ups", &self.follow_ups())
            .finish()
    }
}
