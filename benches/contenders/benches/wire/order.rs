//! The event of all contenders, and its frames.

use atoms::{EventId, Metadata, Timestamp};
use serde::{Deserialize, Serialize};

/// Who ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    name: String,
    email: Option<String>,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    sku: String,
    title: String,
    quantity: u32,
    price_cents: u64,
    discount: Option<f64>,
    tags: Vec<String>,
}

/// The event.
#[atoms::event(type = "shop.order.placed")]
pub(crate) struct OrderPlaced {
    order_id: String,
    customer: Customer,
    items: Vec<Item>,
    pub(crate) total_cents: u64,
    express: bool,
}

/// The event with its envelope in one struct, without its type.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    id: EventId,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    order_id: String,
    customer: Customer,
    items: Vec<Item>,
    total_cents: u64,
    express: bool,
}

/// The same with its type: what one writes by hand who knows which event comes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Known<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    id: EventId,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    order_id: String,
    customer: Customer,
    items: Vec<Item>,
    total_cents: u64,
    express: bool,
}

/// How large a frame is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// 250 bytes: one item, no metadata.
    Small,
    /// 3.5 KB: 24 items, four keys of metadata.
    Large,
}

/// Where the type stands in a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    First,
    Last,
    /// Behind the items, so that a search from either end is of no use.
    Middle,
}

fn item(number: usize) -> String {
    format!(
        r#"{{"sku":"SKU-{number:04}","title":"A 12\" \"Deluxe\" frame, no. {number}","quantity":{},"price_cents":{},"discount":{},"tags":["art","glass","caf\u00e9"]}}"#,
        number % 7 + 1,
        1_999 + number * 37,
        if number.is_multiple_of(3) { "0.125" } else { "null" },
    )
}

/// A frame of this size.
pub(crate) fn frame(size: Size, place: Place) -> Vec<u8> {
    let items = match size {
        Size::Small => {
            r#"{"sku":"S-1","title":"A 12\" mug","quantity":1,"price_cents":9,"tags":[]}"#.to_owned()
        }
        Size::Large => (0..24).map(item).collect::<Vec<_>>().join(","),
    };
    let mut members = vec![
        r#""id":"0198c5a0-7e2b-7c3d-9f10-1a2b3c4d5e6f""#.to_owned(),
        r#""timestamp":"2026-11-21T00:38:00.123456Z""#.to_owned(),
        r#""order_id":"o-1""#.to_owned(),
        r#""customer":{"name":"A\u00efda"}"#.to_owned(),
        format!(r#""items":[{items}]"#),
        r#""total_cents":9"#.to_owned(),
        r#""express":true"#.to_owned(),
    ];
    if size == Size::Large {
        let metadata = r#""metadata":{"correlation_id":"0198c5a0-7e2b-7c3d-9f10-000000000001","causation_id":"0198c5a0-7e2b-7c3d-9f10-000000000002","source":"checkout","session_id":"s-42"}"#;
        members.insert(2, metadata.to_owned());
    }
    let at = match place {
        Place::First => 0,
        Place::Last => members.len(),
        Place::Middle => members.len() - 2,
    };
    members.insert(at, r#""type":"shop.order.placed""#.to_owned());
    format!("{{{}}}", members.join(",")).into_bytes()
}
