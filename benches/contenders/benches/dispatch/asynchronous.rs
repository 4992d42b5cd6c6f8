//! Async handlers that are ready at once.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;

use atoms::{Bus, BusBuilder, event, handler};
use contenders::poll_once;
use contenders::runner::Table;

#[event(type = "shop.order.paid")]
struct OrderPaid {
    order: u64,
    total_cents: u64,
}

type BoxFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

type Direct = Vec<Box<dyn for<'a> Fn(&'a OrderPaid) -> BoxFuture<'a>>>;

macro_rules! handlers {
    ($($name:ident $number:literal)*) => {
        $(
            #[handler]
            async fn $name(order: &OrderPaid) {
                black_box(order.total_cents + $number);
            }
        )*

        const ADD: &[fn(BusBuilder) -> BusBuilder] = &[$(|builder| builder.handler::<$name>()),*];

        const BOX: &[fn(&mut Direct)] = &[$(
            |direct| direct.push(Box::new(|order: &OrderPaid| Box::pin($name(order))))
        ),*];
    };
}

handlers! { h1 1 h2 2 h3 3 h4 4 }

/// A handler whose future has 200 bytes that live across its await.
#[handler]
async fn large(order: &OrderPaid) {
    let room = [order.total_cents; 24];
    std::future::ready(()).await;
    black_box(&room);
}

#[inline]
fn order() -> OrderPaid {
    OrderPaid { order: black_box(1), total_cents: black_box(4_200) }
}

async fn call(direct: &Direct) {
    let order = order();
    black_box(order.order);
    for handler in black_box(direct) {
        handler(&order).await;
    }
}

fn emit(bus: &Bus) {
    let receipt = poll_once(bus.emit(order()));
    black_box(&receipt);
}

/// Measures one event to so many async handlers.
pub(crate) fn table(handlers: usize) {
    let mut direct = Direct::new();
    BOX.iter().take(handlers).for_each(|add| add(&mut direct));
    let builder =
        ADD.iter().take(handlers).fold(Bus::builder().without_discovery(), |builder, add| add(builder));
    let bus = builder.start().expect("the handlers need nothing");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");

    let mut table = Table::new(format!("One event to {handlers} async handlers, ready at once"));
    table.add("one after the other, from `Vec<Box<dyn Fn(&E) -> BoxFuture>>`", None, || {
        poll_once(call(&direct))
    });
    table.add("atoms, polled once", Some(0.7), || emit(&bus));
    table.add_batch("atoms, awaited on tokio", Some(0.7), |iterations| {
        runtime.block_on(async {
            for _ in 0..iterations {
                let receipt = bus.emit(order()).await;
                black_box(&receipt);
            }
        });
    });
    if handlers == 1 {
        let large_direct: Direct = vec![Box::new(|order: &OrderPaid| Box::pin(large(order)))];
        let bus = Bus::builder().without_discovery().handler::<large>().start().expect("it needs nothing");
        table.add("the same with a future of 200 bytes", None, move || poll_once(call(&large_direct)));
        table.add("atoms with a future of 200 bytes", None, move || emit(&bus));
    }
    table.run();
}
