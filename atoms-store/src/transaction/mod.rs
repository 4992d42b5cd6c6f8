//! The transactions of handlers.

mod inbox;
mod layer;
mod tx;

pub(crate) use self::layer::layers;
pub(crate) use self::tx::HasStore;
pub use self::tx::Tx;
