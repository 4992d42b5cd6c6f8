//! Runs the `#[respond]` of an output node.

use std::panic::AssertUnwindSafe;

use atoms_runtime::{Delivery, Envelope, Event, HandlerError, HandlerInfo, Input, Params};
use futures_util::FutureExt;

use super::failure::Why;
use super::outlet::NodeOutlet;
use crate::events::{AgentError, LlmRequest, ResponseEnd, ResponseStart, Severity};
use crate::node::method::{Ran, Run};
use crate::node::respond::{Respond, Say};

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
        let mut end = End { outlet, interrupted: true };
        let params = match R::Params::from_delivery(prepared, &delivery) {
            Ok(params) => params,
            Err(error) => return end.failed(error.into()),
        };
        // A panic is reported between the last chunk and the end, like an error.
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

/// Sends the end of the response, also when it is dropped in the middle.
struct End<'a> {
    outlet: &'a NodeOutlet,
    interrupted: bool,
}

impl End<'_> {
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

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.outlet.emit_event(ResponseEnd { interrupted: self.interrupted });
    }
}
