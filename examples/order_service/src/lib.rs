//! The order service: orders come in over HTTP, and the shop and the mail handle them.

mod config;
mod http;
mod mail;
mod orders;

use std::sync::Arc;

use atoms::prelude::*;
use shop::{Prices, Tenant};

pub use config::Config;
pub use http::router;
pub use mail::{Mail, Mailer};
pub use orders::{Order, Orders, Status};

/// Returns the bus of the service, before it starts.
pub fn bus(config: &Config, mailer: Arc<Mailer>, orders: Arc<Orders>) -> atoms::BusBuilder {
    Bus::builder()
        .inherit([Tenant::KEY])
        .state(Prices::from_iter(config.prices.clone()))
        .shared_state(mailer)
        .shared_state(orders)
        .configure::<mail::confirmation>(|options| config.mail.apply(options))
        .configure::<mail::reminder>(|options| config.mail.apply(options))
}
