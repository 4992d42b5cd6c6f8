//! A second handler of a request that `quotes` answers.

use atoms::prelude::*;
use shop::GetQuote;

#[handler]
fn cheaper_quote(ask: &Envelope<GetQuote>) -> u64 {
    40 * ask.item.len() as u64
}
