//! Runs the `#[respond]` of an output node.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use atoms_runtime::{Delivery, Envelope, Event, HandlerError, HandlerInfo, Input, Outlet, Params};
use futures_util::FutureExt;

use super::failure::Why;
use super::outlet::NodeOutlet;
use crate::events::{AgentError, LlmRequest, ResponseChunk, ResponseEnd, ResponseStart, Severity};
use crate::node::method::{Ran, Run};
use crate::node::respond::{Respond, Response, Say};

/// A [`Respond`] as a method to run.
#[derive(Debug)]
pub struct Responds<R>(std::marker::PhantomData<fn(R)>);

impl<N: Send, R: Respond<N>> Run<N> for Responds<R> {
    type Input = LlmRequest;
    type Params = R::Params;
    const CONSUMES: bool = true;

    fn info() -> &'static HandlerInfo {
        R::info()
    }

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a <R::Params as Params>::Prepared,
        delivery: Delivery<'a>,
    ) -> Ran {
        let (Some(outlet), Some(request)) = (NodeOutlet::of(&delivery), envelope(&delivery)) else {
            return Ran::Done;
        };
        if outlet.instance.has_handed_off() {
            tracing::debug!(node = outlet.node(), "a request after the hand-off is not answered");
            return Ran::Done;
        }
        outlet.emit_event(ResponseStart { request_id: Some(request.id().to_string()) });
        let mut speech = Speech::begun(outlet);
        let params = match R::Params::from_delivery(prepared, &delivery) {
            Ok(params) => params,
            Err(error) => return speech.failed(error.into()),
        };
        // A panic is reported between the last chunk and the end, like an error.
        let response =
            AssertUnwindSafe(R::call(node, request, params, Say(&mut speech))).catch_unwind().await;
        match response {
            Ok(Ok(())) => {
                speech.interrupted = false;
                Ran::Done
            }
            Ok(Err(error)) => speech.failed(error),
            Err(panic) => {
                speech.tell(&Why::panicked(panic));
                drop(speech);
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

/// A response that has begun. It is ended when this is dropped, also in the middle.
struct Speech<'a> {
    outlet: &'a NodeOutlet,
    /// What was said, for the conversation.
    said: String,
    interrupted: bool,
}

impl<'a> Speech<'a> {
    fn begun(outlet: &'a NodeOutlet) -> Self {
        outlet.instance.response_begins();
        Self { outlet, said: String::new(), interrupted: true }
    }

    fn failed(mut self, error: HandlerError) -> Ran {
        let why = Why::Error(error);
        self.tell(&why);
        Ran::Told(why.into_error())
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

impl Response for Speech<'_> {
    fn say(&mut self, text: String) {
        // The conversation keeps no more than this, and a stream need not end.
        if self.said.len() < self.outlet.instance.limits.conversation.bytes {
            self.said.push_str(&text);
        }
        self.outlet.emit_event(ResponseChunk { text });
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.outlet.poll_room(cx)
    }
}

impl Drop for Speech<'_> {
    fn drop(&mut self) {
        // First, since the client may send an update for it when it has the end.
        self.outlet.instance.response_ends(&self.said);
        self.outlet.emit_event(ResponseEnd { interrupted: self.interrupted });
    }
}
