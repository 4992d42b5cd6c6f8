//! What each type lacks is told at the field, and nowhere else.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::time::Instant;

use atoms::prelude::*;
use tokio::sync::oneshot;

#[event(type = "shop.order.timed")]
struct OrderTimed {
    at: Instant,
}

#[event(type = "shop.order.counted", must_handle, from(client))]
struct OrderCounted {
    #[event(sensitive)]
    name: String,
    count: Cell<u32>,
}

#[event(type = "shop.order.asked")]
struct OrderAsked {
    reply: Option<oneshot::Sender<u32>>,
}

trait Tool {}

#[event(type = "shop.order.boxed")]
struct OrderBoxed {
    tool: Box<dyn Tool>,
}

#[event(type = "shop.order.called")]
struct OrderCalled {
    call: Box<dyn Fn(u32) + Send + Sync>,
}

#[event(type = "shop.order.drawn")]
struct OrderDrawn {
    line: Arc<Line>,
}

#[event(type = "shop.order.numbered")]
struct OrderNumbered {
    number: AtomicU64,
}

#[event(type = "shop.order.signed")]
struct OrderSigned {
    signature: [u8; 64],
}

#[derive(Debug, Clone)]
struct Line;

#[event(type = "shop.order.listed")]
struct OrderListed {
    lines: std::collections::HashMap<String, Line>,
    numbers: HashMap<u32, Vec<Line>>,
}

#[handler]
fn list(listed: &OrderListed, out: Emitter<OrderDrawn>) -> OrderTimed {
    drop(out.emit(OrderDrawn { line: Arc::new(listed.clone().lines["first"].clone()) }));
    OrderTimed { at: Instant::now() }
}

fn main() {}
