//! An event on its way through the nodes of a graph, against channels between tasks.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use atoms::agent::{Graph, Session, SessionEnd, Sessions};
use atoms::prelude::*;
use contenders::runner::Table;
use futures_util::{StreamExt, sink, stream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};

/// How many events may wait in a mailbox, and in a channel.
const CAPACITY: usize = 64;

const INIT: &[u8] = br#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;

#[event(type = "shop.order.go", from(bus))]
struct Go {
    orders: u64,
}

#[event(type = "shop.order.packed")]
struct OrderPacked {
    order: u64,
    total_cents: u64,
}

/// Says when the last order has been handled.
#[derive(Default)]
struct Done(Notify);

#[derive(Default)]
struct Source;

#[node]
impl Source {
    #[handler]
    async fn go(&mut self, go: Go, out: Emitter<OrderPacked>) {
        for order in (0..go.orders).rev() {
            out.emit(OrderPacked { order, total_cents: black_box(4_200) }).await;
        }
    }
}

macro_rules! passing {
    ($($name:ident)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node]
            impl $name {
                /// Of some other event: those that are measured pass.
                #[handler]
                fn other(&mut self, _: &atoms::agent::events::Init) {}
            }
        )*
    };
}

passing!(First Second);

#[derive(Default)]
struct Last;

#[node]
impl Last {
    #[handler]
    fn handle(&mut self, order: OrderPacked, done: State<Arc<Done>>) {
        handle(&order, &done);
    }
}

fn handle(order: &OrderPacked, done: &Done) {
    if black_box(order.order) == 0 {
        done.0.notify_one();
    }
}

/// Begins a session that nobody says anything in.
async fn session(done: &Arc<Done>) -> Session {
    let bus = Bus::builder().state(Arc::clone(done)).start().expect("it has its state");
    let graph = Graph::builder().edge::<Source, First>().edge::<First, Second>().edge::<Second, Last>();
    let sessions = Sessions::builder(graph.build().expect("it is a chain")).idle_timeout(Duration::MAX);
    let sessions = sessions.start(&bus).expect("it has its state");
    let running = sessions.clone();
    tokio::spawn(async move {
        let incoming = stream::iter([Ok::<_, SessionEnd>(INIT)]).chain(stream::pending());
        running.run(Box::pin(incoming), sink::drain()).await
    });
    loop {
        if let Some(session) = sessions.list().pop() {
            return session;
        }
        tokio::task::yield_now().await;
    }
}

/// Three tasks behind the one that sends, each with a channel to the next.
async fn through_channels(orders: u64, done: &Arc<Done>) {
    let (first, mut second) = mpsc::channel(CAPACITY);
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let mut from = std::mem::replace(&mut second, receiver);
        tasks.push(tokio::spawn(async move {
            while let Some(order) = from.recv().await {
                sender.send(order).await.expect("the receiver is there");
            }
        }));
    }
    let told = Arc::clone(done);
    tasks.push(tokio::spawn(async move {
        while let Some(order) = second.recv().await {
            handle(&order, &told);
        }
    }));
    tokio::spawn(async move {
        for order in (0..orders).rev() {
            let order = OrderPacked { order, total_cents: black_box(4_200) };
            first.send(order).await.expect("the receiver is there");
        }
    });
    done.0.notified().await;
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

fn runtime(threads: bool) -> Runtime {
    let mut builder = if threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(2).enable_time().build().expect("a runtime")
}

fn table(threads: bool) {
    let runtime = &runtime(threads);
    let done = &Arc::new(Done::default());
    let session = &runtime.block_on(session(done));
    let of = if threads { "two threads" } else { "one thread" };
    let mut table = Table::new(format!("One event through a chain of three nodes, on {of}"));
    table.add_batch("three hops through `tokio::sync::mpsc`", None, |orders| {
        runtime.block_on(through_channels(orders, done));
    });
    table.add_batch("atoms", Some(2.0), |orders| {
        runtime.block_on(async {
            session.emit(Go { orders }).expect("the session runs");
            done.0.notified().await;
        });
    });
    table.run();
}

fn main() {
    println!("\n## Graphs");
    table(false);
    table(true);
}
