//! Posting an event with a receipt.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Post, PostError, Posting};
use crate::engine::handled::Handled;

/// An event that is about to be posted with a receipt: await it, to wait for room in the queue, or
/// [`try_send`](Self::try_send) it. It returns what waits for the receipt.
#[must_use = "nothing is posted unless this is awaited or sent"]
#[derive(Debug)]
pub struct PostWithReceipt<'a>(pub(super) Post<'a>);

impl<'a> PostWithReceipt<'a> {
    /// Posts the event if there is room in the queue, and otherwise gives it back, as [`Post::try_send`] does.
    pub fn try_send(self) -> Result<Handled, PostError> {
        let handled = self.wait();
        self.0.try_send().map(|()| handled)
    }

    /// Before the event is posted: it may be handled before this returns.
    fn wait(&self) -> Handled {
        self.0.bus.0.waiters.wait_for(self.0.event.id())
    }
}

impl<'a> IntoFuture for PostWithReceipt<'a> {
    type Output = Result<Handled, PostError>;
    type IntoFuture = PostingWithReceipt<'a>;

    fn into_future(self) -> PostingWithReceipt<'a> {
        let handled = Some(self.wait());
        PostingWithReceipt { posting: self.0.into_future(), handled }
    }
}

/// The future of a [`PostWithReceipt`], which does what [`Posting`] does.
#[must_use = "nothing is posted unless this is awaited"]
#[derive(Debug)]
pub struct PostingWithReceipt<'a> {
    posting: Posting<'a>,
    /// Until the event is posted.
    handled: Option<Handled>,
}

impl Future for PostingWithReceipt<'_> {
    type Output = Result<Handled, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.posting).poll(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                self.handled.take().map_or(Poll::Pending, |handled| Poll::Ready(Ok(handled)))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
