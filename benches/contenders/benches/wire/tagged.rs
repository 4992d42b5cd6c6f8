//! The enum with a variant for each event, and the trait that typetag makes its objects of.

use serde::{Deserialize, Serialize};

/// What typetag reads and writes.
#[typetag::serde(tag = "type")]
pub(crate) trait Typetag: std::fmt::Debug {}

#[typetag::serde(name = "shop.order.placed")]
impl Typetag for super::order::Record {}

include!(concat!(env!("OUT_DIR"), "/tagged.rs"));

/// The payload in an envelope by `serde(flatten)`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Flattened {
    #[serde(rename = "type")]
    event_type: String,
    id: atoms::EventId,
    timestamp: atoms::Timestamp,
    metadata: Option<atoms::Metadata>,
    #[serde(flatten)]
    order: super::order::OrderPlaced,
}
