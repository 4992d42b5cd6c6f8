//! `#[handler(post)]`: what a handler emits is posted when it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{Backlog, BusBuilder, EmitOutcome, Handler, MemoryBacklog};
use tokio::time::{Instant, sleep, timeout};

use crate::outside::block_on;
use crate::{Log, SOON, bus};

#[event(type = "posts.order")]
struct Order {
    order: u32,
    /// How many calls of its handler fail.
    failures: u32,
}

#[event(type = "posts.packed")]
struct Packed {
    #[event(key)]
    order: u32,
    by: String,
}

#[event(type = "posts.outer")]
struct Outer {}

#[event(type = "posts.filler")]
struct Filler {}

/// Takes room for a second.
#[handler]
async fn fill(_: &Filler) {
    sleep(Duration::from_secs(1)).await;
}

fn order(id: u32) -> Order {
    Order { order: id, failures: 0 }
}

fn packed(id: u32, by: &str) -> Packed {
    Packed { order: id, by: by.into() }
}

/// Emits before it fails, and returns.
#[handler(post, retry(attempts = 3, delay = "1ms", backoff = "fixed"))]
async fn pack(order: &Order, out: Emitter<Packed>, calls: State<AtomicU32>) -> Result<Packed, String> {
    let emitted = out.emit(packed(order.order, "emitter"));
    assert_eq!(*emitted.outcome(), EmitOutcome::Accepted);
    emitted.await;
    let call = calls.fetch_add(1, Ordering::SeqCst);
    if call < order.failures { Err(format!("call {call}")) } else { Ok(packed(order.order, "return")) }
}

/// A sync one, which returns an event in its envelope, and another one.
#[handler(post)]
fn pack_sync(order: &Order) -> (Envelope<Packed>, Packed) {
    (Envelope::new(packed(order.order, "envelope")), packed(order.order, "sync"))
}

#[handler]
async fn seen(packed: &Packed, context: Context, log: State<Log>) {
    log.add(format!("{} by {} begins", packed.order, packed.by));
    assert!(context.metadata().causation_id().is_some() && context.hops() > 0);
    sleep(Duration::from_secs(1)).await;
    log.add(format!("{} by {} ends", packed.order, packed.by));
}

/// Emits an order, and waits for that.
#[handler]
async fn outer(_: &Outer, context: Context) -> Result<(), String> {
    let receipt = context.bus().emit(order(1)).await;
    receipt.into_result().map_err(|error| error.to_string())
}

fn builder(builder: BusBuilder) -> BusBuilder {
    builder.handler::<pack>().handler::<seen>().state(AtomicU32::new(0))
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_of_an_emitted_event_emits_waits_for_its_key() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).start().unwrap();
    let began = Instant::now();
    bus.emit(order(1)).await.into_result().unwrap();
    bus.emit(order(2)).await.into_result().unwrap();
    assert_eq!(began.elapsed().as_secs(), 0); // nobody waits for what was posted
    bus.idle().await;
    assert_eq!(began.elapsed().as_secs(), 2);
    let lines = log.take();
    let of = |id: &str| {
        lines.iter().filter(|line| line.starts_with(id)).map(|line| &line[2..]).collect::<Vec<_>>()
    };
    let expected = ["by emitter begins", "by emitter ends", "by return begins", "by return ends"];
    assert_eq!((of("1"), of("2")), (expected.to_vec(), expected.to_vec()));
    assert!(<pack as Handler>::info().posts());
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_posts_nothing() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).start().unwrap();
    bus.emit(Order { order: 1, failures: 2 }).await.into_result().unwrap();
    bus.idle().await;
    assert_eq!(log.take().len(), 4, "of the third attempt alone");
    assert!(!bus.emit(Order { order: 1, failures: u32::MAX }).await.is_ok());
    bus.idle().await;
    assert!(log.take().is_empty());
}

/// It is as before: what it emits is held, and posted once.
#[tokio::test(start_paused = true)]
async fn the_handler_of_a_posted_event_posts_once() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).start().unwrap();
    bus.post(order(1)).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_sync_handler_posts_in_the_order_of_what_it_returns() {
    let (builder, log) = bus();
    let bus = builder.handler::<pack_sync>().handler::<seen>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    bus.idle().await;
    let lines = ["1 by envelope begins", "1 by envelope ends", "1 by sync begins", "1 by sync ends"];
    assert_eq!(log.take(), lines);
}

#[tokio::test(start_paused = true)]
async fn it_is_stored_where_the_bus_has_a_backlog() {
    let (unstarted, log) = bus();
    let backlog = Arc::new(MemoryBacklog::default());
    let bus = builder(unstarted).backlog(backlog.clone()).start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    assert_eq!(backlog.count().await.unwrap(), 2);
    bus.idle().await;
    let lines = ["1 by emitter begins", "1 by emitter ends", "1 by return begins", "1 by return ends"];
    assert_eq!(log.take(), lines);
}

/// With room for one event, an emit waits until the events of the one before are done.
#[tokio::test(start_paused = true)]
async fn an_emit_waits_for_room() {
    let (builder, log) = bus();
    let bus = builder.handler::<pack_sync>().handler::<seen>().queue_capacity(1).start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    let blocked = bus.emit(order(2)).into_future();
    assert!(timeout(Duration::from_millis(500), blocked).await.is_err());
    let began = Instant::now();
    bus.emit(order(3)).await.into_result().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    bus.idle().await;
    assert!(log.take().iter().all(|line| !line.starts_with('2')), "the emit was dropped");
}

/// There is room for one event of the two, and then for none.
#[tokio::test(start_paused = true)]
async fn an_emit_that_is_dropped_while_it_waits_for_room_posts_nothing_and_leaves_a_letter() {
    for (is_stored, before) in [(true, 1), (true, 2), (false, 2)] {
        let (builder, log) = bus();
        let mut builder = builder.handler::<pack_sync>().handler::<seen>().handler::<fill>();
        builder = builder.queue_capacity(2);
        if is_stored {
            builder = builder.backlog(Arc::new(MemoryBacklog::new(2, 1 << 20)));
        }
        let bus = builder.start().unwrap();
        for _ in 0..before {
            bus.post(Filler {}).await.unwrap();
        }
        timeout(Duration::from_millis(500), bus.emit(order(2)).into_future()).await.unwrap_err();
        bus.idle().await;
        assert!(log.take().is_empty());
        let letters = bus.dead_letters().list().await.unwrap();
        let causes: Vec<_> = letters.iter().map(|letter| letter.cause().to_string()).collect();
        assert!(causes.len() == 1 && causes[0].contains("its emit was dropped before"), "{causes:?}");
        bus.dead_letters().redeliver(letters[0].id()).await.unwrap().into_result().unwrap();
        bus.idle().await;
        assert_eq!((log.take().len(), bus.dead_letters().len().await.unwrap()), (4, 0));

        // One that is not dropped posts both, when there is room for both.
        for _ in 0..before {
            bus.post(Filler {}).await.unwrap();
        }
        let began = Instant::now();
        bus.emit(order(2)).await.into_result().unwrap();
        assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
        bus.idle().await;
        assert_eq!(log.take().len(), 4);
    }
}

/// Emits an order in a task, and waits for that.
#[handler]
async fn outer_in_a_task(_: &Outer, context: Context) -> Result<(), String> {
    let bus = context.bus().clone();
    let emitted = tokio::spawn(async move { bus.emit(order(1)).await.into_result() });
    emitted.await.expect("it does not panic").map_err(|error| error.to_string())
}

/// Nothing says that the emits belong to the handlers which take all the room, and wait for them.
#[tokio::test(start_paused = true)]
async fn handlers_that_wait_for_room_that_they_take_themselves_do_not_wait_for_ever() {
    for is_stored in [false, true] {
        let (builder, log) = bus();
        let builder = builder.handler::<outer_in_a_task>().handler::<pack_sync>().handler::<seen>();
        let mut builder = builder.queue_capacity(4);
        if is_stored {
            builder = builder.backlog(Arc::new(MemoryBacklog::new(4, 1 << 20)));
        }
        let bus = builder.start().unwrap();
        for _ in 0..4 {
            bus.post(Outer {}).await.unwrap();
        }
        timeout(Duration::from_secs(60), bus.idle()).await.unwrap();
        let letters = bus.dead_letters().len().await.unwrap();
        // Without room beyond the capacity, the handlers of both events have failed.
        assert_eq!((log.take().len(), letters), if is_stored { (0, 8) } else { (16, 0) });
    }
}

/// The handler of a posted event takes the only room, and waits for an emit whose handler posts.
#[tokio::test(start_paused = true)]
async fn what_a_handler_waits_for_does_not_wait_for_room() {
    for is_stored in [false, true] {
        let (builder, log) = bus();
        let mut builder =
            builder.handler::<outer>().handler::<pack_sync>().handler::<seen>().queue_capacity(1);
        if is_stored {
            builder = builder.backlog(Arc::new(MemoryBacklog::new(1, 1 << 20)));
        }
        let bus = builder.start().unwrap();
        bus.post(Outer {}).await.unwrap();
        timeout(SOON, bus.idle()).await.unwrap();
        let letters = bus.dead_letters().list().await.unwrap();
        if is_stored {
            // The handler has failed, instead of waiting for ever.
            let causes: Vec<_> = letters.iter().map(|letter| letter.cause().to_string()).collect();
            assert!(causes.iter().any(|cause| cause.contains("`posts.packed` was not posted")), "{causes:?}");
            assert!(log.take().is_empty());
        } else {
            assert!(letters.is_empty(), "{letters:?}");
            assert_eq!(log.take().len(), 4);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_emitted_before_a_shutdown_is_posted_and_handled() {
    let (builder, log) = bus();
    let bus = builder.handler::<pack_slowly>().handler::<seen>().start().unwrap();
    let emitting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(order(1)).await.into_result() }
    });
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    emitting.await.unwrap().unwrap();
    assert_eq!(log.take(), ["1 by slow begins", "1 by slow ends"]);
}

#[handler(post)]
async fn pack_slowly(order: &Order) -> Packed {
    sleep(Duration::from_secs(1)).await;
    packed(order.order, "slow")
}

#[test]
fn without_a_runtime_the_handler_fails() {
    let (builder, _) = bus();
    let bus = builder.handler::<pack_sync>().handler::<seen>().start().unwrap();
    let receipt = block_on(bus.emit(order(1)).into_future());
    let failure = receipt.failures()[0].error.to_string();
    assert!(failure.contains("there is no tokio runtime to deliver it in"), "{failure}");
}
