//! Handlers with layers around them.

use std::pin::Pin;
use std::sync::Arc;

use crate::engine::layer::{Next, Stands, SyncNext};
use crate::engine::runner::{HandlerFuture, Outcome, RunAsync, RunSync, decorate};
use crate::engine::step::Step;

/// A handler with layers around it, from the outside to the inside.
pub(super) struct Layered {
    layers: Box<[Arc<dyn Stands>]>,
    inner: Arc<dyn RunAsync>,
}

impl Layered {
    pub(super) fn new(layers: Vec<Arc<dyn Stands>>, inner: Arc<dyn RunAsync>) -> Self {
        Self { layers: layers.into(), inner }
    }
}

impl RunAsync for Layered {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(Next::begin(&self.layers, &*self.inner, step))));
    }

    decorate!();
}

/// A sync handler with layers around it that do not wait, from the outside to the inside.
pub(super) struct SyncLayered {
    layers: Box<[Arc<dyn Stands>]>,
    inner: Arc<dyn RunSync>,
}

impl SyncLayered {
    pub(super) fn new(layers: Vec<Arc<dyn Stands>>, inner: Arc<dyn RunSync>) -> Self {
        Self { layers: layers.into(), inner }
    }
}

impl RunSync for SyncLayered {
    fn run(&self, step: &Step<'_>) -> Outcome {
        SyncNext::new(&self.layers, &*self.inner, step).run()
    }

    decorate!();
}

/// A sync handler that runs among the async ones, since something around it has to wait.
pub(super) struct Waiting(pub(super) Arc<dyn RunSync>);

impl RunAsync for Waiting {
    fn start<'a>(&'a self, step: &'a Step<'a>, mut room: Pin<&mut Option<HandlerFuture<'a>>>) {
        room.set(Some(HandlerFuture::from_or_box(async move { self.0.run(step) })));
    }

    fn accepts(&self, step: &Step<'_>) -> bool {
        self.0.accepts(step)
    }

    fn handler(&self) -> fn() -> &'static crate::handler::HandlerInfo {
        self.0.handler()
    }
}
