//! What the benchmarks of this package share: the runner, and an allocator that counts.

pub mod allocations;
pub mod runner;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Polls a future that is ready at once, without a runtime around it.
///
/// # Panics
///
/// If the future is not ready.
#[inline]
pub fn poll_once<F: IntoFuture>(future: F) -> F::Output {
    match pin!(future.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a benchmark's future is ready at once"),
    }
}
