//! A call of a tool by its type, with hooks around it, of which nobody takes the events.

use std::hint::black_box;

use atoms::prelude::*;
use contenders::poll_once;
use contenders::runner::Table;

#[event(type = "shop.order.paid")]
struct OrderPaid {
    order: u64,
    cents: u64,
}

macro_rules! handlers {
    ($($name:ident $number:literal)*) => {
        $(
            #[handler]
            fn $name(order: &OrderPaid) {
                black_box(order.cents + $number);
            }
        )*
    };
}

handlers! { h1 1 h2 2 h3 3 h4 4 }

#[tool]
fn pay(order: u64, cents: u64) -> u64 {
    black_box(order);
    black_box(cents + 1)
}

#[hook(before)]
fn first(call: &mut Call<pay>) -> Verdict<pay> {
    black_box(call.args.cents + 2);
    Verdict::Allow
}

#[hook(before)]
fn second(call: &mut Call<pay>) -> Verdict<pay> {
    black_box(call.args.cents + 3);
    Verdict::Allow
}

#[hook(after)]
fn after(done: &mut Done<pay>) {
    black_box(done.args().cents + 4);
}

/// Measures such a call against an emit to as many handlers as there are hooks and functions.
pub(crate) fn table() {
    let builder = Bus::builder().without_discovery().handler::<h1>().handler::<h2>();
    let bus = builder.handler::<h3>().handler::<h4>().start().expect("the handlers need nothing");
    let plain = Bus::builder().without_discovery().tool::<pay>().start().expect("the tool needs nothing");
    let builder = Bus::builder().without_discovery().tool::<pay>().tool_hook::<first>();
    let hooked = builder.tool_hook::<second>().tool_hook::<after>().start().expect("the hooks need nothing");

    let call = |bus: &Bus| {
        let args = PayArgs { order: black_box(1), cents: black_box(4_200) };
        let paid = poll_once(pay::call(bus, args));
        black_box(&paid);
    };
    let mut table = Table::new("A call by type, with two hooks before it and one after it");
    table.add("an emit to 4 sync handlers", None, || {
        let receipt = poll_once(bus.emit(OrderPaid { order: black_box(1), cents: black_box(4_200) }));
        black_box(&receipt);
    });
    table.add("a call with three hooks", Some(2.0), || call(&hooked));
    table.add("a call without hooks", None, || call(&plain));
    table.run();
}
