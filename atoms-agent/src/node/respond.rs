//! Output nodes: a stream of text becomes a response.

use std::panic::AssertUnwindSafe;
use std::pin::pin;

use atoms_runtime::__private::Call;
use atoms_runtime::{Delivery, Envelope, Event, HandlerError, HandlerInfo, Input, Params};
use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};

use super::method::{Ran, Run};
use crate::events::{AgentError, LlmRequest, ResponseChunk, ResponseEnd, ResponseStart, Severity};
use crate::instance::failure::Why;
use crate::instance::outlet::NodeOutlet;

/// A `#[respond]` of the node `N`.
pub trait Respond<N>: 'static {
    /// What it takes behind the request.
    type Params: Params;

    /// What is known of it.
    fn info() -> &'static HandlerInfo;

    /// Calls it, and gives each text to `say`.
    fn call<'a>(
        node: &'a mut N,
        request: &'a LlmRequest,
        params: <Self::Params as Params>::Values,
        say: Say<'a>,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send + 'a;
}

/// Where the texts of a response go.
#[derive(Debug)]
pub struct Say<'a>(&'a NodeOutlet);

impl<'a> Say<'a> {
    /// Sends each text of the stream to its end, or to its first error.
    ///
    /// The future is boxed, so that rustc tells of a wrong stream once: its type does not depend on it.
    pub fn all<S: Stream<Item: Text> + Send + 'a>(self, texts: S) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let mut texts = pin!(texts);
            while let Some(text) = texts.next().await {
                self.0.emit_event(ResponseChunk { text: text.text()? });
                self.0.room().await;
            }
            Ok(())
        })
    }
}

/// What the stream of a `#[respond]` is made of: text, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "a response is a stream of text, and `{Self}` is no text",
    label = "not a stream of `String`, or of `Result<String, _>`",
    note = "return `impl Stream<Item = String>`, or `impl Stream<Item = Result<String, E>>` with an error type or text as its error"
)]
pub trait Text: Send {
    /// The text, or why there is none.
    fn text(self) -> Result<String, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl Text for String {
    fn text(self) -> Result<String, HandlerError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl Text for &str {
    fn text(self) -> Result<String, HandlerError> {
        Ok(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text, E: Into<HandlerError> + Send> Text for Result<T, E> {
    fn text(self) -> Result<String, HandlerError> {
        self.map_err(Into::into)?.text()
    }
}

/// A [`Respond`] as a method to run.
#[derive(Debug)]
pub struct Responds<R>(std::marker::PhantomData<fn(R)>);

impl<N: Send, R: Respond<N>> Run<N> for Responds<R> {
    type Input = LlmRequest;
    type Params = R::Params;
    const CONSUMES: bool = true;

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a <R::Params as Params>::Prepared,
        call: &'a Call<'a>,
    ) -> Ran {
        let delivery = call.delivery(R::info);
        let (Some(outlet), Some(request)) = (NodeOutlet::of(&delivery), envelope(&delivery)) else {
            return Ran::Done;
        };
        if outlet.session.has_handed_off() {
            tracing::debug!(node = outlet.node(), "a request after the hand-off is not answered");
            return Ran::Done;
        }
        outlet.emit_event(ResponseStart { request_id: Some(request.id().to_string()) });
        let mut end = End { outlet, interrupted: true };
        let params = match R::Params::from_delivery(prepared, &delivery) {
            Ok(params) => params,
            Err(error) => return end.failed(error.into()),
        };
        // A panic is told of between the last chunk and the end, as an error is.
        let response = AssertUnwindSafe(R::call(node, request, params, Say(outlet))).catch_unwind();
        match response.await {
            Ok(Ok(())) => {
                end.interrupted = false;
                Ran::Done
            }
            Ok(Err(error)) => end.failed(error),
            Err(panic) => {
                end.tell(&Why::panicked(panic));
                drop(end);
                std::panic::resume_unwind(Box::new(Told))
            }
        }
    }
}

fn envelope<'a>(delivery: &Delivery<'a>) -> Option<&'a Envelope<LlmRequest>> {
    <Envelope<LlmRequest> as Input>::from_delivery(delivery)
}

/// A panic that the client has been told of.
pub(crate) struct Told;

/// Says that the response is over, also when it is dropped in the middle.
struct End<'a> {
    outlet: &'a NodeOutlet,
    interrupted: bool,
}

impl End<'_> {
    fn failed(mut self, error: HandlerError) -> Ran {
        self.tell(&Why::Error(error));
        Ran::Told
    }

    fn tell(&mut self, why: &Why) {
        let message = self.outlet.report("a response failed", LlmRequest::TYPE, why);
        self.outlet.emit_event(AgentError {
            message,
            severity: Severity::Fatal,
            payload: Default::default(),
        });
        self.interrupted = false;
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.outlet.emit_event(ResponseEnd { interrupted: self.interrupted });
    }
}

/// Describes a [`Respond`], which stands in this place of the program's source.
pub const fn describe_respond<N, R: Respond<N>>(
    path: &'static str,
    file: &'static str,
    line: u32,
) -> HandlerInfo {
    HandlerInfo::method::<LlmRequest, R::Params>(path, file, line, <R::Params as Params>::EMITS, false)
}
