//! The event, its handler, and a bus that keeps it in a file.

use std::hint::black_box;
use std::path::Path;

use atoms::prelude::*;
use futures_util::{StreamExt, stream};

use crate::Failure;

/// About 250 bytes on the wire.
#[event(type = "bench.order.placed")]
pub(crate) struct OrderPlaced {
    order_id: String,
    customer: String,
    item: String,
    total_cents: u64,
}

impl OrderPlaced {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            order_id: format!("order-{number:012}"),
            customer: "a customer with a name of some length".into(),
            item: "a kettle, and what else somebody may order in a shop".into(),
            total_cents: 4_200 + number,
        }
    }
}

#[handler(id = "bench.place")]
fn place(order: &OrderPlaced) {
    black_box(order.total_cents + order.order_id.len() as u64);
}

/// Starts a bus with a store in this file.
pub(crate) fn bus(file: &Path) -> Result<Bus, Failure> {
    Ok(Bus::builder().without_discovery().handler::<place>().store(Sqlite::open(file)?).start()?)
}

/// Posts events from as many tasks, each of which waits for so many posts at once.
pub(crate) async fn post(bus: &Bus, posters: u64, at_once: usize, events: u64) {
    let tasks: Vec<_> = (0..posters)
        .map(|poster| {
            let bus = bus.clone();
            tokio::spawn(async move {
                let numbers = (poster..events).step_by(posters as usize);
                let posts = numbers.map(|number| bus.post(OrderPlaced::new(number)).into_future());
                let mut posted = stream::iter(posts).buffer_unordered(at_once);
                while let Some(posted) = posted.next().await {
                    posted.expect("the store takes it");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a poster does not panic");
    }
}
