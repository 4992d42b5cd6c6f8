//! Handlers of requests from another crate. No code names them.

use atoms::prelude::*;
use shop::{GetQuote, GetTax};

#[handler]
async fn quote(ask: &GetQuote) -> Result<u64, String> {
    Ok(50 * ask.item.len() as u64)
}

/// Its future, and all that belongs to it, may be compiled into any crate that calls it.
#[handler]
#[inline]
pub fn tax(_: &GetTax) -> u64 {
    19
}
