//! A request, against a direct call of its async handler.

use std::hint::black_box;

use atoms::{Bus, handler, request};
use contenders::poll_once;
use contenders::runner::Table;

#[request(type = "shop.quote.get", reply = u64)]
struct GetQuote {
    item: u64,
    count: u64,
}

#[handler]
async fn quote(ask: &GetQuote) -> u64 {
    black_box(ask.item) + ask.count
}

fn ask() -> GetQuote {
    GetQuote { item: black_box(7), count: black_box(3) }
}

/// Measures a request whose handler is ready at once.
pub(crate) fn table() {
    let bus = Bus::builder().without_discovery().handler::<quote>().start().expect("it needs nothing");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut table = Table::new("One request to an async handler, ready at once");
    table.add("a direct call", None, || {
        black_box(poll_once(quote(&ask())));
    });
    table.add("atoms, polled once", None, || {
        black_box(poll_once(bus.request(ask())).expect("it answers"));
    });
    table.add_batch("atoms, awaited on tokio", None, |requests| {
        runtime.block_on(async {
            for _ in 0..requests {
                black_box(bus.request(ask()).await.expect("it answers"));
            }
        });
    });
    table.run();
}
