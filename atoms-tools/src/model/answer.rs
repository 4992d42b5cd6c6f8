//! What a model says while it answers.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use atoms_control::QuestionId;
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use super::error::{CallFailed, LoopError};

/// What comes of a model that answers.
#[derive(Debug, Clone)]
pub enum Said {
    /// What is added to its text, for the user.
    Text(String),
    /// A step of one of its calls.
    Call(CallStep),
}

/// A step of a call that a model has asked for.
#[derive(Debug, Clone)]
pub struct CallStep {
    /// The id that the model gave to the call.
    pub id: String,
    /// The name of the tool. There may be no such tool.
    pub tool: String,
    /// The arguments, with what is sensitive masked; an empty object, if they are not JSON or there is no such tool.
    pub arguments: Value,
    /// How far it has come.
    pub stage: CallStage,
}

/// How far a call has come.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallStage {
    /// It begins.
    Started,
    /// A person is asked whether it may be made.
    Asked(QuestionId),
    /// A person is asked, and the model goes on without the result. If the call is approved, it is made all the same.
    HandedOver(QuestionId),
    /// It has this result.
    Completed {
        /// The result.
        result: Value,
        /// How long it took.
        latency: Duration,
    },
    /// It failed or was denied, or was not made.
    Failed {
        /// Why.
        error: CallFailed,
        /// How long it took.
        latency: Duration,
    },
}

/// The answer of a model that may call tools: what [`ToolLoop::answer`](super::ToolLoop::answer) returns, a stream.
///
/// Nothing is done unless it is polled. When it is dropped, the model's stream and the calls under way are dropped with it;
/// a call for which a person is asked is then made without it, if it is approved.
pub struct Answer {
    work: Option<BoxFuture<'static, Result<(), LoopError>>>,
    said: Receiver<Said>,
    error: Option<LoopError>,
}

impl Answer {
    pub(super) fn new(work: BoxFuture<'static, Result<(), LoopError>>, said: Receiver<Said>) -> Self {
        Self { work: Some(work), said, error: None }
    }

    /// Returns only the text, which is what a `#[respond]` of an output node returns.
    pub fn texts(self) -> impl Stream<Item = Result<String, LoopError>> + Send + Unpin {
        self.filter_map(|said| {
            std::future::ready(match said {
                Ok(Said::Text(text)) => Some(Ok(text)),
                Ok(Said::Call(_)) => None,
                Err(error) => Some(Err(error)),
            })
        })
    }
}

impl Stream for Answer {
    type Item = Result<Said, LoopError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(work) = &mut this.work {
            // What waits is taken before more is done.
            if let Poll::Ready(Some(said)) = this.said.poll_recv(cx) {
                return Poll::Ready(Some(Ok(said)));
            }
            if let Poll::Ready(end) = work.as_mut().poll(cx) {
                this.error = end.err();
                this.work = None;
            }
        }
        match this.said.poll_recv(cx) {
            Poll::Ready(Some(said)) => Poll::Ready(Some(Ok(said))),
            Poll::Ready(None) => Poll::Ready(this.error.take().map(Err)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("has_ended", &self.work.is_none()).finish_non_exhaustive()
    }
}
