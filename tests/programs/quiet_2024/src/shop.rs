//! What is public, with docs.

use atoms::prelude::*;
use atoms::serde;

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(crate = "atoms::serde")]
pub struct Line {
    /// What was bought.
    pub sku: String,
    /// How often.
    pub count: u32,
}

/// An order was created.
#[event(type = "quiet.order.created", must_handle, from(client))]
pub struct OrderCreated {
    /// The order.
    #[event(key)]
    pub order: String,
    /// Of types that are checked.
    pub lines: Vec<Line>,
    /// With a default.
    #[event(default = 3)]
    pub count: u64,
    /// Which is not shown.
    #[event(sensitive)]
    pub card: Option<String>,
}

impl OrderCreated {
    /// An order without lines.
    #[must_use]
    pub fn new(order: &str) -> Self {
        Self { order: order.into(), lines: Vec::new(), count: 3, card: None }
    }
}

/// An order was confirmed.
#[event(type = "quiet.order.confirmed")]
#[derive(PartialEq, Eq)]
pub struct OrderConfirmed {
    /// The order.
    pub order: String,
}

/// The version before.
#[event(type = "quiet.booked", version = 1)]
pub struct BookedV1 {}

/// The newest version.
#[event(type = "quiet.booked", version = 2, upcasts = BookedV1)]
pub struct Booked {}

impl From<BookedV1> for Booked {
    fn from(_: BookedV1) -> Self {
        Self {}
    }
}

/// Asks for a price.
#[request(type = "quiet.quote.get", reply = u64)]
pub struct GetQuote {
    /// For this.
    pub order: OrderCreated,
}

/// Either.
#[event_set]
#[derive(Debug)]
pub enum OrderEvent {
    /// It was created.
    Created(OrderCreated),
    /// It was confirmed.
    Confirmed(Envelope<OrderConfirmed>),
}

/// Answers.
#[handler(concurrency = 2)]
pub async fn quote(asked: &GetQuote) -> u64 {
    std::future::ready(asked.order.count + 4).await
}

/// Returns an event.
#[handler(order = -1, id = "quiet.confirm", was = "quiet::old")]
pub fn confirm(order: &OrderCreated, out: Emitter<Booked>) -> OrderConfirmed {
    drop(out.emit(Booked {}));
    OrderConfirmed { order: order.order.clone() }
}

/// Takes a set, and may fail.
///
/// # Errors
///
/// If nothing is seen.
#[handler(retry(attempts = 2), timeout = "1s", when = is_small)]
pub async fn follow(event: &OrderEvent, context: Context) -> Result<(), String> {
    let seen = match event {
        OrderEvent::Created(created) => !created.order.is_empty(),
        OrderEvent::Confirmed(confirmed) => confirmed.order == "o-1",
    };
    let seen = std::future::ready(seen).await && !context.bus().registry().handlers().is_empty();
    seen.then_some(()).ok_or_else(|| "nothing is seen".into())
}

const fn is_small(_: &OrderEvent) -> bool {
    true
}

/// Takes a copy.
#[handler]
pub fn book(booked: Booked) {
    drop(format!("{booked:?}"));
}

/// Takes any event.
#[handler(pattern = "quiet.*", detached)]
pub async fn log(event: &AnyEvent) {
    drop(event.clone());
    std::future::ready(()).await;
}

/// Pays money back.
///
/// # Errors
///
/// If there is a note.
#[tool(read_only, timeout = "1s")]
pub async fn refund(
    /// How much.
    cents: u64,
    /// Why.
    note: Option<String>,
    context: Context,
) -> Result<u64, String> {
    drop(context);
    std::future::ready(note.map_or(Ok(cents), Err)).await
}

/// Adds.
#[tool]
pub fn add(left: u64, #[tool(default = 1, sensitive)] right: u64) -> u64 {
    left + right
}

/// At most 100.
#[hook(before)]
pub fn limit(call: &mut Call<refund>) -> Verdict<refund> {
    if call.args.cents > 100 {
        Verdict::deny("too much")
    } else {
        Verdict::Allow
    }
}

/// Sees each call.
#[hook(after, tools = "*", detached)]
pub async fn audit(done: &ToolDone) {
    drop(format!("{done:?}"));
    std::future::ready(()).await;
}
