//! Work outside of runs.

use std::fmt;
use std::sync::Arc;

use atoms_runtime::{AnyEvent, Cancellation};

use super::Runs;
use super::deliveries::{Entered, Running};
use super::scope::Place;
use super::steering::Steered;
use crate::work::Run;

/// Work outside of runs, until this is dropped, as [`Runs::track`] returns it.
///
/// ```
/// use atoms::control::{Scope, Steering};
/// use atoms::prelude::*;
/// use atoms::AnyEvent;
///
/// #[event(type = "shop.backup.wanted")]
/// struct BackupWanted;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().steering(Steering::new()).start()?;
/// let event = AnyEvent::from(Envelope::new(BackupWanted));
/// let tracked = bus.runs().track("shop::backup", &event).expect("the bus has steering");
/// let backup = tokio::spawn(async move {
///     tokio::select! {
///         () = std::future::pending() => "it is done",
///         () = tracked.stopped() => "it was cancelled",
///     }
/// });
/// let cancelled = bus.runs().cancel(Scope::Bus).grace(std::time::Duration::ZERO).await;
/// assert!(cancelled.still_running.is_empty());
/// assert_eq!(backup.await?, "it was cancelled");
/// # Ok(())
/// # }
/// ```
#[must_use = "it is tracked until this is dropped"]
pub struct Tracked(Entered<Arc<Running>>);

impl Runs<'_> {
    /// Says that work begins for this event, which is in no run and which no bus delivers, such as a call of a tool in `main`.
    /// So it is cancelled with the whole bus, or with the session of the event, and named as still running if it does not end.
    ///
    /// Returns `None` on a bus without [`Steering`](crate::Steering), and for an event of a run, which is cancelled as a whole.
    pub fn track(self, name: &'static str, event: &AnyEvent) -> Option<Tracked> {
        let steered = Steered::of(self.bus).filter(|_| event.carried::<Run>().is_none())?;
        let place = Place::new(None, event.carried(), event.metadata());
        Some(Tracked(Running::enter(steered.running(), place, name, event.id().clone())))
    }
}

impl Tracked {
    /// Returns the token that is cancelled with the bus: the work may then end by itself.
    pub fn cancellation(&self) -> &Cancellation {
        self.0.cancelled()
    }

    /// Waits until the work is to be dropped where it waits, since it has not ended by itself. Cancel-safe.
    pub async fn stopped(&self) {
        self.0.stopped().cancelled().await;
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracked").field(self.cancellation()).finish()
    }
}
