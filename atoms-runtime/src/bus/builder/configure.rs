//! What a program decides of its handlers when it starts.

use super::BusBuilder;
use crate::catalog::{Registry, StartProblem};
use crate::handler::{Handler, HandlerInfo, HandlerOptions};

impl BusBuilder {
    /// Sets options of a handler for this bus, such as those that differ between environments. What is not set stays as
    /// its `#[handler(...)]` says. A bus does not start with options that the handler cannot have, or with those of a
    /// handler that it does not have.
    ///
    /// The configuration is a struct of yours, read by any crate that reads `Deserialize`:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use atoms::{Bus, event, handler};
    ///
    /// #[event(type = "shop.order.created")]
    /// struct OrderCreated;
    ///
    /// #[handler(retry(attempts = 3), timeout = "2s")]
    /// async fn pay(_: &OrderCreated) -> Result<(), String> {
    ///     Ok(())
    /// }
    ///
    /// #[handler]
    /// fn mail(_: &OrderCreated) {}
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Config {
    ///     pay: Pay,
    ///     mails: bool,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Pay {
    ///     timeout_ms: u64,
    ///     attempts: u32,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = r#"{"pay": {"timeout_ms": 500, "attempts": 1}, "mails": false}"#;
    /// let Config { pay: limits, mails } = serde_json::from_str(config)?;
    ///
    /// let mut builder = Bus::builder().configure::<pay>(|options| {
    ///     options.timeout(Duration::from_millis(limits.timeout_ms)).attempts(limits.attempts)
    /// });
    /// if !mails {
    ///     builder = builder.without::<mail>();
    /// }
    /// let bus = builder.start()?;
    /// assert_eq!(bus.registry().handlers().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn configure<H: Handler>(mut self, change: impl FnOnce(HandlerOptions) -> HandlerOptions) -> Self {
        let options = change(self.options_of(H::info()));
        self.configured.retain(|(handler, _)| *handler != H::info());
        self.configured.push((H::info(), options));
        self
    }

    /// Leaves a handler out that is discovered, or was named. [`configure`](Self::configure) has an example.
    ///
    /// The bus checks the rest as if there were no such handler: it does not start if another handler emits an event that
    /// must be handled, and nothing else handles it. A request without its handler fails.
    #[must_use]
    pub fn without<H: Handler>(mut self) -> Self {
        self.left_out.push(H::info());
        self
    }

    pub(super) fn options_of(&self, handler: &HandlerInfo) -> HandlerOptions {
        let configured = self.configured.iter().find(|(configured, _)| *configured == handler);
        configured.map_or_else(|| HandlerOptions::of(handler), |(_, options)| *options)
    }

    /// What is wrong with what is configured.
    pub(super) fn misconfigured(&self, registry: &Registry) -> impl Iterator<Item = StartProblem> {
        let configured = self.configured.iter().filter(|(handler, _)| !self.left_out.contains(handler));
        configured.filter_map(|(handler, options)| {
            if !registry.handlers().contains(handler) && !self.is_stood_in_for(handler) {
                return Some(StartProblem::NotOnBus { handler });
            }
            options.problem(handler).map(|problem| StartProblem::Options { handler, problem })
        })
    }
}
