//! Requests: delivered as events are, with a place for the reply.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::caught::{DropCaught, caught, drop_caught};
use crate::engine::deliver::{Progress, delivered};
use crate::engine::emission::Way;
use crate::engine::first_poll::FirstPoll;
use crate::engine::receipt::Receipt;
use crate::engine::step::Step;
use crate::engine::{Bus, scope};
use crate::event::erased::EventRef;
use crate::event::{AnyEvent, Event, EventType, IntoRequest, Question, Request};
use crate::handler::{FailureKind, HandlerInfo, Refusal, Retryable, Veto};

impl Bus {
    /// Asks a request, or one in its [`Envelope`](crate::Envelope), and waits for its reply.
    ///
    /// It is delivered as [`emit`](Self::emit) delivers an event: to its one handler, to the handlers of every event,
    /// and to subscribers. This waits until all of them are done, and until every event that they emitted is handled.
    /// If the request's handler fails, that is the error that is returned, and not a dead letter. An error that it returns is
    /// logged at the level `DEBUG`, and a panic or a time-out at `ERROR`. Other failures are
    /// dead letters, and do not change the reply. A request that is asked while a handler runs is a consequence of that
    /// handler's event, and is answered in a [shutdown](Self::shutdown) as well.
    ///
    /// The linker checks that there is exactly one handler on Linux, Android and FreeBSD (x86-64 and ARM64). Elsewhere,
    /// this is checked when a bus starts.
    ///
    /// Dropping the future cancels as it does at [`emit`](Self::emit).
    ///
    /// ```
    /// # use atoms::{Bus, handler, request};
    /// #[request(type = "shop.stock.count", reply = u32)]
    /// struct CountStock {
    ///     item: String,
    /// }
    ///
    /// #[handler]
    /// fn count(ask: &CountStock) -> u32 {
    ///     if ask.item == "nails" { 1_000 } else { 0 }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::start()?;
    /// assert_eq!(bus.request(CountStock { item: "nails".into() }).await?, 1_000);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn request<I: IntoRequest>(
        &self,
        request: I,
    ) -> I::Returned<
        impl Future<Output = Result<<I::Request as Request>::Reply, RequestError>> + Send + use<'_, I>,
    > {
        I::Request::__needs_handler::<()>();
        let parent = scope::current(&self.0.inherited);
        let question = Question::new(request.into_envelope());
        let mut question = DropCaught::<_, (I::Request, <I::Request as Request>::Reply)>::new(question);
        I::returned(async move {
            if let Some(parent) = parent {
                question.envelope.head_mut().nest(&parent, &self.0.inherited);
            }
            if !self.0.emit_layers.is_empty() {
                return Box::pin(self.ask_seen(question.into_inner())).await;
            }
            let receipt = delivered!(Step::new(EventRef::asked(&*question), &self.0));
            replied(&mut question, &receipt)
        })
    }

    async fn ask_seen<R: Request>(&self, question: Question<R>) -> Result<R::Reply, RequestError> {
        let first_poll = FirstPoll::of(&self.0);
        let is_too_late = Step::new(EventRef::asked(&question), &self.0).is_too_late();
        let closed = is_too_late.then_some(Refusal::Closed);
        let mut question = DropCaught::<_>::new(question);
        let Ok(event) = caught(|| AnyEvent::from(question.envelope.clone())) else {
            let refusal = Refusal::Vetoed(Veto::new("the request's `Clone` panicked"));
            return Err(RequestError::Refused { request: R::TYPE, refusal });
        };
        let asked = &mut question;
        let emitted =
            self.0.emitted(event, (Way::Nowhere, false), Some(first_poll), |(event, verdict), first_poll| {
                Box::pin(async move {
                    asked.envelope.head_mut().set_metadata(event.metadata().clone());
                    let step = Step::new(EventRef::asked(&**asked), &self.0);
                    let mut progress = Progress::new(&step);
                    progress.run(first_poll, closed.or_else(|| step.judged(verdict))).await;
                    progress.into_receipt()
                })
            });
        let receipt = emitted.await;
        replied(&mut question, &receipt)
    }
}

/// The reply, unless the handler failed after all: a layer around it may, once it has replied.
#[inline]
fn replied<R: Request>(question: &mut Question<R>, receipt: &Receipt) -> Result<R::Reply, RequestError> {
    match question.take_reply() {
        Some(reply) if receipt.is_plain() || receipt.failure_of_handler(R::event_type()).is_none() => {
            Ok(reply)
        }
        reply => {
            drop_caught(reply);
            Err(RequestError::of::<R>(receipt))
        }
    }
}

/// Why a request has no reply.
///
/// ```
/// # use atoms::{Bus, handler, request};
/// #[derive(Debug, thiserror::Error)]
/// #[error("there is no such item")]
/// struct NoSuchItem;
///
/// # #[request(type = "shop.stock.count", reply = u32)]
/// # struct CountStock;
/// #[handler]
/// fn count(_: &CountStock) -> Result<u32, NoSuchItem> {
///     Err(NoSuchItem)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let error = Bus::start()?.request(CountStock).await.unwrap_err();
/// assert!(error.downcast_ref::<NoSuchItem>().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum RequestError {
    /// Nothing on this bus answers the request.
    Unanswered {
        /// The type string of the request.
        request: &'static str,
    },
    /// The request was not delivered.
    Refused {
        /// The type string of the request.
        request: &'static str,
        /// The reason.
        refusal: Refusal,
    },
    /// The handler does not take this request, as its `when` decides.
    Declined {
        /// The type string of the request.
        request: &'static str,
        /// The handler.
        handler: &'static HandlerInfo,
    },
    /// The handler failed.
    Failed {
        /// The type string of the request.
        request: &'static str,
        /// The handler.
        handler: &'static HandlerInfo,
        /// The reason. A handler's own error is also the [`source`](Error::source) of this one.
        failure: Arc<FailureKind>,
    },
}

crate::text::debug_as_display!(RequestError);

impl RequestError {
    #[cold]
    fn of<R: Request>(receipt: &Receipt) -> Self {
        let request = R::TYPE;
        if let Some((handler, failure)) = receipt.failure_of_handler(R::event_type()) {
            return Self::Failed { request, handler, failure };
        }
        if let Some(refusal) = receipt.refusal().cloned() {
            return Self::Refused { request, refusal };
        }
        match receipt.skipped_handler(R::event_type()) {
            Some(handler) => Self::Declined { request, handler },
            None => Self::Unanswered { request },
        }
    }

    /// Returns the type string of the request.
    pub fn request(&self) -> &'static str {
        match self {
            Self::Unanswered { request }
            | Self::Refused { request, .. }
            | Self::Declined { request, .. }
            | Self::Failed { request, .. } => request,
        }
    }

    fn wait_before_retry(&self) -> Option<Duration> {
        match self {
            Self::Failed { handler, failure, .. } => failure.wait_before_retry(handler.judge()),
            Self::Unanswered { .. } | Self::Refused { .. } | Self::Declined { .. } => None,
        }
    }

    /// Returns the error that the handler returned, if it returned one of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source()?.downcast_ref()
    }
}

/// Another attempt may help if the request's handler exceeded its `timeout`, or failed with an error that may be tried
/// again: one that is [`Retryable`] says so itself, and any other may be. Nothing else is worth one.
impl Retryable for RequestError {
    fn is_retryable(&self) -> bool {
        self.wait_before_retry().is_some()
    }

    /// Returns what the error of the request's handler says.
    fn retry_after(&self) -> Option<Duration> {
        self.wait_before_retry().filter(|wait| !wait.is_zero())
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered { request } => write!(
                f,
                "nothing on this bus answers the request `{request}`: write a `#[handler]` of it, or link the crate \
                 that has one with `use the_crate as _;`"
            ),
            Self::Refused { request, refusal } => write!(f, "the request `{request}` was refused: {refusal}"),
            Self::Declined { request, handler } => {
                write!(f, "handler {handler} does not take this request `{request}`, as its `when` decides")
            }
            Self::Failed { request, handler, failure } => {
                write!(f, "handler {handler} did not answer the request `{request}`: {failure}")
            }
        }
    }
}

impl Error for RequestError {
    /// A handler's error is here as it is, so that it can be downcast.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::Failed { failure, .. } => Some(FailureKind::cause(failure)),
            Self::Unanswered { .. } | Self::Declined { .. } => None,
        }
    }
}

impl Receipt {
    /// Who failed of those who handle just this request, and why.
    fn failure_of_handler(
        &self,
        request: &'static EventType,
    ) -> Option<(&'static HandlerInfo, Arc<FailureKind>)> {
        self.failures_by_recipient()
            .find_map(|(recipient, failure)| Some((recipient.handler_of(request)?, Arc::clone(failure))))
    }

    fn skipped_handler(&self, request: &'static EventType) -> Option<&'static HandlerInfo> {
        self.skipped().iter().find_map(|recipient| recipient.handler_of(request))
    }
}
