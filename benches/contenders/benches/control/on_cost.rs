//! Emits on a bus that is watched, against the same on one that is not.

use std::hint::black_box;

use atoms::control::{History, Steering};
use atoms::prelude::*;
use atoms::{BusBuilder, handler};
use contenders::poll_once;
use contenders::runner::Table;
use tokio::runtime::{Builder, Runtime};

#[atoms::event(type = "shop.order.created")]
struct OrderCreated {
    order: u64,
    total_cents: u64,
}

#[atoms::event(type = "shop.order.paid")]
struct OrderPaid {
    order: u64,
    total_cents: u64,
}

#[atoms::event(type = "shop.order.packed")]
struct OrderPacked {
    order: u64,
    total_cents: u64,
}

#[atoms::event(type = "shop.order.shipped")]
struct OrderShipped {
    order: u64,
    total_cents: u64,
}

#[handler]
fn one(order: &OrderCreated) {
    black_box(order.order + order.total_cents);
}

macro_rules! four {
    ($($name:ident $number:literal)*) => {
        $(
            #[handler]
            fn $name(order: &OrderPaid) {
                black_box(order.order + order.total_cents + $number);
            }
        )*

        fn four(bus: BusBuilder) -> BusBuilder {
            bus$(.handler::<$name>())*
        }
    };
}

four! { first 1 second 2 third 3 fourth 4 }

#[handler]
async fn ready(order: &OrderPacked) {
    black_box(order.order + order.total_cents);
}

#[handler]
fn ship(order: &OrderShipped) {
    black_box(order.order + order.total_cents);
}

/// What a bus is given.
type Add = fn(BusBuilder) -> BusBuilder;

const WATCHED: [(&str, Add); 5] = [
    ("nothing", |bus| bus),
    ("`steering`", |bus| bus.steering(Steering::new())),
    ("`history`", |bus| bus.history(History::new())),
    ("`counted`", |bus| bus.counted()),
    ("all three", |bus| bus.steering(Steering::new()).history(History::new()).counted()),
];

/// What is emitted.
pub(crate) const EMITS: [&str; 3] = ["1 sync handler", "4 sync handlers", "1 async handler, ready at once"];

fn bus(add: Add) -> Bus {
    let bus = Bus::builder().without_discovery().handler::<one>().handler::<ready>().handler::<ship>();
    add(four(bus)).start().expect("the handlers need nothing")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Emits once to the handlers of this name.
async fn emit(bus: &Bus, to: &str) {
    let (order, total_cents) = (black_box(1), black_box(4_200));
    let receipt = match to {
        "1 sync handler" => bus.emit(OrderCreated { order, total_cents }).await,
        "4 sync handlers" => bus.emit(OrderPaid { order, total_cents }).await,
        _ => bus.emit(OrderPacked { order, total_cents }).await,
    };
    black_box(receipt.is_unhandled());
}

/// Measures emits to the handlers of this name.
pub(crate) fn table(to: &str) {
    let (buses, runtime) = (WATCHED.map(|(with, add)| (with, bus(add))), &runtime());
    let mut table = Table::new(format!("An emit to {to}, on a bus with"));
    for (with, bus) in &buses {
        table.add(*with, None, || poll_once(emit(bus, to)));
    }
    for (with, bus) in [&buses[0], &buses[4]] {
        table.add_batch(format!("{with}, in a run"), None, move |emits| {
            let own = bus.clone();
            let to = to.to_owned();
            let work = async move |_| {
                for _ in 0..emits {
                    emit(&own, &to).await;
                }
                Ok(())
            };
            let run = async { bus.runs().start("bench", work).await };
            runtime.block_on(run).expect("it succeeds");
        });
    }
    table.run();
}

/// Measures posted events until they are handled.
pub(crate) fn posted() {
    let (buses, runtime) = (WATCHED.map(|(with, add)| (with, bus(add))), &runtime());
    let mut table = Table::new("A posted event to 1 sync handler, until it is handled, on a bus with");
    for (with, bus) in &buses {
        table.add_batch(*with, None, move |events| {
            runtime.block_on(async {
                for order in 0..events {
                    let order = OrderShipped { order, total_cents: black_box(4_200) };
                    bus.post(order).await.expect("the bus is there");
                }
                bus.idle().await;
            });
        });
    }
    table.run();
}
