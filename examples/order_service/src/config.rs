//! What differs between environments.

use std::collections::HashMap;
use std::time::Duration;

use atoms::HandlerOptions;
use serde::Deserialize;

/// The configuration of the service, as `config.json` has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    pub prices: HashMap<String, u64>,
    pub mail: MailConfig,
}

/// How mails are sent.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct MailConfig {
    pub attempts: u32,
    pub delay_ms: u64,
    pub timeout_ms: u64,
}

impl MailConfig {
    pub(crate) fn apply(&self, options: HandlerOptions) -> HandlerOptions {
        let millis = Duration::from_millis;
        options.attempts(self.attempts).delay(millis(self.delay_ms)).timeout(millis(self.timeout_ms))
    }
}
