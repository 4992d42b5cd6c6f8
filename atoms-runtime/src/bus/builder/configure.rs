//! What a program decides of its handlers when it starts.

use super::BusBuilder;
use crate::catalog::{Registry, StartProblem};
use crate::handler::{Handler, HandlerInfo, HandlerOptions};

impl BusBuilder {
    /// Sets options of a handler for this bus, such as those that differ between environments. What is not set stays as
    /// its `#[handler(...)]` says. A bus does not start with options that the handler cannot have, or with those of a
    /// handler that it does not have.
    ///
    /// There is no setting for all handlers at once: options are those of one handler. Handlers share a value as a constant,
    /// `#[handler(timeout = TIMEOUT)]`, and a [`Layer`](crate::Layer) stands around all deliveries of the bus, such as one with
    /// a time-out of its own.
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
    /// assert!(bus.registry().handlers().iter().all(|handler| !handler.path().ends_with("mail")));
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

    /// Leaves out the handlers of this module, and of those within it, that are discovered. Those that are
    /// [named](Self::handler) stay, and so do events and other entries.
    ///
    /// It is for tests: all files of a test program are linked into it, and so are the handlers that they define for single
    /// tests. A file `tests/shop.rs` of the crate `shop` is a module of the same name as the crate, whose handlers are then
    /// left out as well: give the file another name.
    ///
    /// ```
    /// use atoms::{Bus, BusBuilder, event, handler};
    ///
    /// #[event(type = "shop.order.created")]
    /// struct OrderCreated;
    ///
    /// #[handler]
    /// fn fails(_: &OrderCreated) -> Result<(), String> {
    ///     Err("out of paper".into())
    /// }
    ///
    /// /// The bus of each test, with all handlers of the program, and without those of this file.
    /// fn bus() -> BusBuilder {
    ///     Bus::builder().without_handlers_of(module_path!())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(bus().start()?.emit(OrderCreated).await.is_ok());
    /// assert!(!bus().handler::<fails>().start()?.emit(OrderCreated).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn without_handlers_of(mut self, module: &'static str) -> Self {
        self.left_out_modules.push(module);
        self
    }

    pub(super) fn is_in_left_out_module(&self, handler: &HandlerInfo) -> bool {
        let within =
            |module: &&str| handler.path().strip_prefix(*module).is_some_and(|rest| rest.starts_with("::"));
        self.left_out_modules.iter().any(within)
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
