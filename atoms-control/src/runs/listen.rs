//! Listening to one run, or to one source.

use atoms_runtime::{AnyEvent, Subscription};

use super::Source;
use crate::events::told;
use crate::work::Run;

impl Run {
    /// Calls `callback` for every event that belongs to this run, or to a part of it, until the subscription is dropped;
    /// `None` if the bus has ended.
    ///
    /// ```
    /// use atoms::control::Tell;
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let importing = bus.runs().start("import", async |run: Run| {
    ///     run.cancelled().await;
    ///     Ok(())
    /// });
    /// let run = importing.run().expect("it was started");
    /// let listening = run.on_any(|event| println!("{}", event.event_type()));
    /// run.thinking("what first?").await?;
    /// drop(listening);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn on_any(&self, callback: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Option<Subscription> {
        let id = self.id();
        let is_ours = move |event: &AnyEvent| {
            event.carried::<Run>().is_some_and(|run| run.ancestry().any(|own| own.id() == id))
        };
        Some(self.bus()?.on_any(move |event| {
            if is_ours(event) {
                callback(event);
            }
        }))
    }
}

impl Source {
    /// Calls `callback` for every event that tells of the work of this source, until the subscription is dropped; `None` if
    /// the bus has ended.
    #[track_caller]
    pub fn on_any(&self, callback: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Option<Subscription> {
        let name = self.name().to_owned();
        Some(self.weak_bus().upgrade()?.on_any(move |event| {
            if told(event).is_some_and(|told| told.source == name) {
                callback(event);
            }
        }))
    }
}
