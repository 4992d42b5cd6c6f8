//! Runs the `#[respond]` of an output node.

use std::borrow::Borrow;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use atoms_runtime::{AnyEvent, Delivery, Event, HandlerError, HandlerInfo, Input, Outlet, Params};
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
    type Input = R::Input;
    type Params = R::Params;
    const CONSUMES: bool = R::CONSUMES;

    fn info() -> &'static HandlerInfo {
        R::info()
    }

    async fn run<'a>(
        node: &'a mut N,
        prepared: &'a <R::Params as Params>::Prepared,
        delivery: Delivery<'a>,
    ) -> Ran {
        let (Some(outlet), Some(input)) = (NodeOutlet::of(&delivery), R::Input::from_delivery(&delivery))
        else {
            return Ran::Done;
        };
        if outlet.instance.has_handed_off() {
            tracing::debug!(node = outlet.node(), "a request after the hand-off is not answered");
            return Ran::Done;
        }
        if outlet.instance.is_muted() {
            tracing::debug!(node = outlet.node(), "an event in a muted session is not answered");
            return Ran::Done;
        }
        let mut speech = Speech::new(outlet, delivery.any());
        if !R::MAY_BE_SILENT {
            speech.begin();
        }
        let params = match R::Params::from_delivery(prepared, &delivery) {
            Ok(params) => params,
            Err(error) => return speech.failed(error.into()),
        };
        // A panic is reported between the last chunk and the end, like an error.
        let response = R::call(node, input.borrow(), params, Say(&mut speech));
        let response = AssertUnwindSafe(response).catch_unwind().await;
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

/// A panic that the client has been told of.
pub(crate) struct Told;

/// A response to an event. Once it has begun it is ended when this is dropped, also in the middle.
struct Speech<'a> {
    outlet: &'a NodeOutlet,
    event: &'a AnyEvent,
    has_begun: bool,
    /// What was said, for the conversation.
    said: String,
    interrupted: bool,
}

impl<'a> Speech<'a> {
    fn new(outlet: &'a NodeOutlet, event: &'a AnyEvent) -> Self {
        Self { outlet, event, has_begun: false, said: String::new(), interrupted: true }
    }

    /// The id of the request that is answered: the event itself, or what it follows from.
    fn request_id(&self) -> Option<String> {
        if self.event.known_type() == Some(LlmRequest::event_type()) {
            return Some(self.event.id().to_string());
        }
        self.outlet.request().map(|request| request.id().to_string())
    }

    fn failed(mut self, error: HandlerError) -> Ran {
        let why = Why::Error(error);
        self.tell(&why);
        Ran::Told(why.into_error())
    }

    fn tell(&mut self, why: &Why) {
        let message = self.outlet.report("a response failed", self.event.event_type(), why);
        if self.outlet.is_cancelled() {
            // Who has cancelled it expects that, and the client is told of no failure.
            return;
        }
        let error = AgentError { message, severity: Severity::Fatal, payload: Default::default() };
        self.outlet.emit_said(error, None);
        self.interrupted = false;
    }
}

impl Response for Speech<'_> {
    fn begin(&mut self) {
        if !self.has_begun {
            self.has_begun = true;
            self.outlet.instance.response_begins();
            self.outlet.emit_said(ResponseStart { request_id: self.request_id() }, None);
        }
    }

    fn say(&mut self, text: String) {
        // The conversation keeps no more than this, and a stream need not end.
        if self.said.len() < self.outlet.instance.limits.conversation.bytes {
            self.said.push_str(&text);
        }
        self.outlet.emit_said(ResponseChunk { text }, None);
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.outlet.poll_room(cx)
    }
}

impl Drop for Speech<'_> {
    fn drop(&mut self) {
        if !self.has_begun {
            return;
        }
        // First, since the client may send an update for it when it has the end.
        self.outlet.instance.response_ends(&self.said);
        let floor = self.outlet.set_speaking(None);
        self.outlet.emit_said(ResponseEnd { interrupted: self.interrupted }, floor);
    }
}
