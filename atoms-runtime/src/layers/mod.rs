//! What the options of `#[handler]` do: each is a runner around another one, so that a handler without
//! options is called as directly as ever.

mod concurrency;
mod detached;
mod gate;
mod intercepted;
mod retry;
mod timeout;

use std::pin::pin;
use std::sync::Arc;

use self::intercepted::intercepted;
use crate::engine::intercept::Interceptors;
use crate::engine::runner::{Outcome, RunAsync, Runner};
use crate::engine::step::Step;
use crate::handler::HandlerInfo;

/// The handler with all that its options and the bus's interceptors put around it.
pub(crate) fn wrapped(info: &'static HandlerInfo, bound: Runner, interceptors: &Arc<Interceptors>) -> Runner {
    let runner = match bound.clone() {
        Runner::Async(run) => Runner::Async(limited(info, run)),
        sync => sync,
    };
    let runner = if interceptors.is_empty() { runner } else { intercepted(runner, interceptors) };
    let runner = match runner {
        Runner::Async(run) if info.is_detached() => {
            Runner::Sync(Arc::new(detached::Detached::new(info, run)))
        }
        attached => attached,
    };
    let is_wrapped = !runner.is_same(&bound);
    if is_wrapped || info.pattern().is_some() { gate::gated(info, runner) } else { runner }
}

fn limited(info: &'static HandlerInfo, mut run: Arc<dyn RunAsync>) -> Arc<dyn RunAsync> {
    if let Some(limit) = info.timeout() {
        run = Arc::new(timeout::Timed::new(run, limit));
    }
    if let Some(retry) = info.retry() {
        run = Arc::new(retry::Retried::new(run, retry));
    }
    if let Some(calls) = info.concurrency() {
        run = Arc::new(concurrency::Limited::new(run, calls));
    }
    run
}

/// Calls a handler and waits for it.
pub(crate) async fn call<'a>(run: &'a dyn RunAsync, step: &'a Step<'a>) -> Outcome {
    let mut room = pin!(None);
    run.start(step, room.as_mut());
    match room.as_mut().as_pin_mut() {
        Some(future) => future.await,
        None => Ok(()),
    }
}
