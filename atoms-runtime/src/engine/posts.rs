//! What the engine knows of posted events.

use std::any::Any;
use std::sync::Arc;

use super::Engine;
use super::runner::RunAsync;
use super::worklist::Worklist;
use crate::event::AnyEvent;
use crate::letters::DeadLetter;

/// What keeps and delivers posted events. The floor that does so implements this for the [`Engine`], which holds its
/// types and calls them directly.
pub(crate) trait Posts {
    /// What keeps posted events in memory.
    type Queue: Send + Sync;
    /// What delivers the events of another backlog.
    type Stored: Send + Sync;
    /// What holds the events of one handler of a posted event.
    type Hold: Hold;
    /// What such a handler posts.
    type HeldPost: Send;

    /// Returns the handler with its events posted when it is done.
    fn posting(handler: Arc<dyn RunAsync>) -> Arc<dyn RunAsync>;

    /// Posts an event in which the bus tells something; logs it if that fails.
    fn post_told(self: &Arc<Self>, event: AnyEvent);
}

/// Holds what the handler of a posted event emits and posts until the handler is done.
pub(crate) trait Hold: Any {
    /// Returns the list of what is held.
    fn worklist(&self, bus: &Arc<Engine>) -> &Arc<Worklist>;

    /// Throws away what is held, since an attempt has failed.
    fn discard(&self, bus: &Engine);

    /// The dead letters that the handler has of the event already.
    fn earlier_letters(&self) -> &[Arc<DeadLetter>];

    /// Holds a dead letter, if the event was taken from a backlog; whether it did.
    fn keep_letter(&self, bus: &Arc<Engine>, letter: &Arc<DeadLetter>) -> bool;
}

pub(crate) type HeldPost = <Engine as Posts>::HeldPost;
