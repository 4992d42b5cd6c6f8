//! Any bytes at all as a frame: `receive` never panics, what it reads can be written and read again to the
//! same bytes, and what it refuses is said in words, on one line that is not long. No id or type has a control
//! character.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use atoms::prelude::*;
use atoms::{DecodeErrorKind, Metadata};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Payment {
    Card { number: String },
    Cash,
}

/// Fields of all kinds.
#[event(type = "fuzz.order")]
struct Order {
    order_id: String,
    total_cents: u64,
    discount: f64,
    note: Option<String>,
    #[event(default = 1)]
    count: i8,
    lines: Vec<Line>,
    tags: BTreeMap<String, Vec<bool>>,
    payment: Payment,
    #[event(sensitive)]
    card: Option<Card>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    item: char,
    price: i128,
    nested: Option<Box<Line>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Card {
    number: u64,
}

#[event(type = "fuzz.strict", deny_unknown_fields)]
struct Strict {
    #[serde(alias = "b")]
    a: (u8, String),
}

#[event(type = "fuzz.flat")]
struct Flat {
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

#[event(type = "fuzz.nested")]
struct Nested {
    inner: Inner,
    by_id: BTreeMap<u32, u128>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Inner {
    own: Option<u128>,
    #[serde(flatten)]
    price: Price,
    #[serde(flatten)]
    rest: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Price {
    #[serde(skip_serializing_if = "Option::is_none")]
    cents: Option<u128>,
}

#[event(type = "fuzz.empty")]
struct Empty;

#[event(type = "fuzz.booking", version = 1)]
struct BookingV1 {
    name: String,
}

#[event(type = "fuzz.booking", version = 2, upcasts = BookingV1)]
struct Booking {
    #[event(key)]
    first: String,
    last: Option<String>,
}

impl From<BookingV1> for Booking {
    fn from(old: BookingV1) -> Self {
        match old.name.split_once(' ') {
            Some((first, last)) => Self { first: first.into(), last: Some(last.into()) },
            None => Self { first: old.name, last: None },
        }
    }
}

#[request(type = "fuzz.count", reply = u64)]
struct Count {
    of: Vec<u64>,
}

#[handler]
fn count(ask: &Count) -> u64 {
    ask.of.len() as u64
}

#[event_set]
enum Taken {
    Booking(Envelope<Booking>),
    Empty(Empty),
    #[other]
    Other(AnyEvent),
}

#[handler]
fn take(_: &Taken) {}

#[handler(pattern = "fuzz.*")]
fn look(_: &AnyEvent) {}

static BUS: LazyLock<Bus> =
    LazyLock::new(|| Bus::builder().frame_limit(64 * 1024).start().expect("it starts"));

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().expect("a runtime"));

/// Whether a log shows it as it is.
fn is_plain(text: &str) -> bool {
    let turns = |letter| matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.contains(|letter: char| letter.is_control() || turns(letter))
}

fuzz_target!(|frame: &[u8]| {
    RUNTIME.block_on(async {
        match BUS.receive(frame).await {
            Ok(receipt) => receipt.into_result().expect("no handler fails"),
            Err(error) => {
                assert!(!matches!(error.kind(), DecodeErrorKind::Panicked(_)), "{error}");
                let message = error.to_string();
                assert!(is_plain(&message) && (1..2_000).contains(&message.len()), "{message:?}");
                return;
            }
        }
    });
    if let Ok(event) = BUS.decode(frame) {
        assert!(is_plain(event.event_type()) && is_plain(&event.id().to_string()));
        assert!(event.metadata().size() <= Metadata::MAX_BYTES);
        // What cannot go out, such as `NaN`, cannot come in either.
        let written = BUS.encode(&event).expect("what was read can be written");
        let again = BUS.decode(&written).expect("what was written can be read");
        assert_eq!(BUS.encode(&again).expect("it was written before"), written);
    }
});
