//! What stands around the call of a handler: layers, of which the options `concurrency`, `retry` and `timeout` are
//! some, and runners around those for `post`, `detached`, `when` and `pattern`. A handler without any is called as directly as
//! ever.

mod concurrency;
mod detached;
mod gate;
pub(crate) mod intercept;
mod layered;
mod retry;
mod timeout;

use std::sync::Arc;

use self::concurrency::Limited;
use self::layered::{Layered, SyncLayered, Waiting};
use self::retry::Retried;
use self::timeout::Timed;
use crate::engine::Engine;
use crate::engine::layer::{Around, Stands};
use crate::engine::posts::Posts as _;
use crate::engine::runner::{RunAsync, Runner};
use crate::handler::{HandlerInfo, HandlerOptions};

/// The handler with all that its options and the bus's layers put around it, and how many layers these are.
pub(crate) fn wrapped(
    info: &'static HandlerInfo,
    options: &HandlerOptions,
    bound: Runner,
    layers: &[Arc<dyn Stands>],
) -> (Runner, usize) {
    let around = around(info, options, layers);
    let count = around.len();
    let runner = match layered(bound.clone(), around) {
        runner if info.posts() => Runner::Async(Engine::posting(waiting(runner))),
        runner => runner,
    };
    let runner = match (runner, info.is_detached()) {
        (runner, true) => Runner::Sync(Arc::new(detached::Detached::new(info, waiting(runner)))),
        (runner, false) => runner,
    };
    let is_wrapped = !runner.is_same(&bound);
    let is_gated = is_wrapped || info.pattern().is_some();
    (if is_gated { gate::gated(info, runner) } else { runner }, count)
}

/// The layers in the order in which they stand around a handler without options.
pub(crate) fn in_order(mut layers: Vec<Arc<dyn Stands>>) -> Vec<Arc<dyn Stands>> {
    layers.sort_by_key(|layer| layer.around() == Around::Attempt);
    layers
}

/// What stands around a handler, from the outside to the inside.
fn around(
    info: &'static HandlerInfo,
    options: &HandlerOptions,
    layers: &[Arc<dyn Stands>],
) -> Vec<Arc<dyn Stands>> {
    let covering = layers.iter().filter(|layer| layer.covers(info)).cloned();
    let (mut around, attempts): (Vec<_>, Vec<_>) =
        covering.partition(|layer| layer.around() == Around::Delivery);
    if let Some(calls) = options.concurrency {
        around.push(Arc::new(Limited::new(calls)));
    }
    if let Some(retry) = options.retry() {
        around.push(Arc::new(Retried(retry)));
    }
    if let Some(limit) = options.timeout {
        around.push(Arc::new(Timed(limit)));
    }
    around.extend(attempts);
    around
}

/// The runner with these layers around it. A sync one stays one if none of them has to wait.
fn layered(runner: Runner, mut layers: Vec<Arc<dyn Stands>>) -> Runner {
    let runner = match runner {
        Runner::Sync(inner) => {
            let waits = layers.iter().rposition(|layer| !layer.is_sync());
            let sync = layers.split_off(waits.map_or(0, |place| place + 1));
            if sync.is_empty() {
                Runner::Sync(inner)
            } else {
                Runner::Sync(Arc::new(SyncLayered::new(sync, inner)))
            }
        }
        asynchronous => asynchronous,
    };
    if layers.is_empty() { runner } else { Runner::Async(Arc::new(Layered::new(layers, waiting(runner)))) }
}

/// The runner as one that may wait.
fn waiting(runner: Runner) -> Arc<dyn RunAsync> {
    match runner {
        Runner::Sync(inner) => Arc::new(Waiting(inner)),
        Runner::Async(run) => run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::layer::Next;
    use crate::engine::runner::{Outcome, bind};
    use crate::handler::{Delivery, Handler, StartContext, States};
    use crate::{Layer, event, handler};

    #[event(type = "test.layers.order", crate = crate)]
    struct Order {}

    #[handler(crate = crate)]
    fn sync(_: &Order) {}

    #[handler(crate = crate)]
    async fn asynchronous(_: &Order) {}

    /// Stands around the handlers of this name.
    struct Around(&'static str);

    impl Layer for Around {
        async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
            next.run().await
        }

        fn covers(&self, handler: &HandlerInfo) -> bool {
            handler.path().ends_with(self.0)
        }
    }

    #[test]
    fn a_handler_that_no_layer_covers_runs_as_it_was_bound() {
        let states = States::default();
        for info in [<sync as Handler>::info(), <asynchronous as Handler>::info()] {
            let options = HandlerOptions::of(info);
            let bound = bind(info, &options, &StartContext::new(&states)).unwrap();
            let wrapped = |layers: &[Arc<dyn Stands>]| wrapped(info, &options, bound.clone(), layers).0;
            assert!(wrapped(&[]).is_same(&bound));
            assert!(wrapped(&[Arc::new(Around("::another"))]).is_same(&bound));
            let layered = wrapped(&[Arc::new(Around(info.path()))]);
            assert!(!layered.is_same(&bound));
            assert!(matches!(layered, Runner::Async(_)));
        }
    }
}
