//! Posted events, against a bare channel of the same capacity whose receiver calls the handler.

use std::hint::black_box;

use atoms::{Bus, event, handler};
use contenders::runner::Table;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// How many events may wait.
const CAPACITY: usize = 1_024;

/// How many different keys there are.
const KEYS: u64 = 64;

#[event(type = "shop.order.packed")]
struct OrderPacked {
    order: u64,
    total_cents: u64,
}

#[event(type = "shop.order.shipped")]
struct OrderShipped {
    #[event(key)]
    order: u64,
    total_cents: u64,
}

#[handler]
fn pack(order: &OrderPacked) {
    black_box(order.order + order.total_cents);
}

#[handler]
fn ship(order: &OrderShipped) {
    black_box(order.order + order.total_cents);
}

fn runtime(threads: bool) -> Runtime {
    let mut builder = if threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(2).enable_time().build().expect("a runtime")
}

/// Measures events that one task sends and others handle, on one thread or on two.
pub(crate) fn table(threads: bool) {
    let runtime = &runtime(threads);
    let bus = &Bus::builder()
        .without_discovery()
        .queue_capacity(CAPACITY)
        .handler::<pack>()
        .handler::<ship>()
        .start()
        .expect("the handlers need nothing");
    let of = if threads { "two threads" } else { "one thread" };
    let mut table = Table::new(format!("One posted event to 1 sync handler, until it is handled, on {of}"));
    table.add_batch("`tokio::sync::mpsc`, whose receiver calls the handler", None, |events| {
        let (sender, mut receiver) = mpsc::channel(CAPACITY);
        let receiving = runtime.spawn(async move {
            while let Some(order) = receiver.recv().await {
                pack(&order);
            }
        });
        let send = async move {
            for order in 0..events {
                let order = OrderPacked { order: order % KEYS, total_cents: black_box(4_200) };
                sender.send(order).await.expect("the receiver is there");
            }
            drop(sender);
            receiving.await.expect("it does not panic");
        };
        runtime.block_on(async { runtime.spawn(send).await.expect("it does not panic") });
    });
    table.add_batch("atoms, without keys", None, |events| {
        let bus = bus.clone();
        let post = async move {
            for order in 0..events {
                let order = OrderPacked { order: order % KEYS, total_cents: black_box(4_200) };
                bus.post(order).await.expect("the bus is there");
            }
            bus.idle().await;
        };
        runtime.block_on(async { runtime.spawn(post).await.expect("it does not panic") });
    });
    table.add_batch("atoms, with 64 keys", Some(3.0), |events| {
        let bus = bus.clone();
        let post = async move {
            for order in 0..events {
                let order = OrderShipped { order: order % KEYS, total_cents: black_box(4_200) };
                bus.post(order).await.expect("the bus is there");
            }
            bus.idle().await;
        };
        runtime.block_on(async { runtime.spawn(post).await.expect("it does not panic") });
    });
    table.run();
}
