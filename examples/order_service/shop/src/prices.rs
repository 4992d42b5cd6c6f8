//! What things cost.

use std::collections::HashMap;

use atoms::Retryable;
use atoms::prelude::*;

use crate::GetQuote;

/// The price of each item, in cents.
pub struct Prices(HashMap<String, u64>);

impl<T: Into<String>> FromIterator<(T, u64)> for Prices {
    fn from_iter<I: IntoIterator<Item = (T, u64)>>(prices: I) -> Self {
        Self(prices.into_iter().map(|(item, cents)| (item.into(), cents)).collect())
    }
}

/// The shop does not have the item.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no {0} in this shop")]
pub struct NoSuchItem(pub String);

impl Retryable for NoSuchItem {
    fn is_retryable(&self) -> bool {
        false
    }
}

#[handler]
fn quote(ask: &GetQuote, prices: State<Prices>) -> Result<u64, NoSuchItem> {
    let cents = prices.0.get(&ask.item).ok_or_else(|| NoSuchItem(ask.item.clone()))?;
    Ok(cents * ask.count)
}
