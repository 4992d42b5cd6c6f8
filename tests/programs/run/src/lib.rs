//! Runs futures that are ready at once, without a runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What the future resolves to; it may not wait for anything.
///
/// # Panics
///
/// If it does.
pub fn run<F: IntoFuture>(future: F) -> F::Output {
    match pin!(future.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}
