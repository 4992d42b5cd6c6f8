//! The receipt of a posted event.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AnyEvent, Backlog, BusBuilder, MemoryBacklog, PostRefusal};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use crate::{Log, SOON, bus};

#[event(type = "receipts.order")]
struct Order {
    #[event(key)]
    order: u32,
    secs: u64,
    fails: bool,
}

#[event(type = "receipts.paid")]
struct Paid {}

#[event(type = "receipts.outer")]
struct Outer {}

#[event(type = "receipts.unlucky")]
struct Unlucky {}

fn order(order: u32, secs: u64) -> Order {
    Order { order, secs, fails: false }
}

#[handler]
async fn pay(order: &Order, log: State<Log>) -> Result<Paid, String> {
    sleep(Duration::from_secs(order.secs)).await;
    log.add(format!("paid {}", order.order));
    if order.fails { Err("no money".into()) } else { Ok(Paid {}) }
}

#[handler]
fn note(_: &Order) {}

#[handler]
async fn thank(_: &Paid, log: State<Log>) {
    sleep(Duration::from_secs(10)).await;
    log.add("thanked");
}

fn builder(builder: BusBuilder, is_stored: bool) -> BusBuilder {
    let builder = builder.handler::<pay>().handler::<note>().handler::<thank>();
    if is_stored { builder.backlog(Arc::new(MemoryBacklog::default())) } else { builder }
}

#[tokio::test(start_paused = true)]
async fn it_comes_when_all_handlers_are_done() {
    for is_stored in [false, true] {
        let (unstarted, log) = bus();
        let bus = builder(unstarted, is_stored).start().unwrap();
        let began = Instant::now();
        let handled = bus.post(order(1, 2)).with_receipt().await.unwrap();
        let failed = bus.post(Order { fails: true, ..order(2, 1) }).with_receipt().await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 0);
        let receipt = handled.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 2, "it does not wait for what followed");
        assert_eq!((receipt.event_type(), receipt.deliveries().count()), ("receipts.order", 2));
        receipt.into_result().unwrap();
        let failed = failed.await.unwrap();
        assert_eq!(failed.failures()[0].error.to_string(), "no money");
        assert_eq!(log.take(), ["paid 2", "paid 1"]);
    }
}

/// One without async handlers, and one that nobody takes.
#[tokio::test]
async fn it_comes_for_what_is_handled_at_once() {
    let (builder, _) = bus();
    let bus = builder.handler::<note>().start().unwrap();
    let receipt = bus.post(order(1, 0)).with_receipt().try_send().unwrap().await.unwrap();
    assert_eq!(receipt.deliveries().count(), 1);
    let receipt = bus.post(Paid {}).with_receipt().await.unwrap().await.unwrap();
    assert_eq!(receipt.deliveries().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_loses_nothing() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted, false).start().unwrap();
    drop(bus.post(order(1, 1)).with_receipt().await.unwrap());
    let handled = bus.post(order(2, 2)).with_receipt().await.unwrap();
    assert!(timeout(Duration::from_secs(1), handled).await.is_err());
    drop(bus.post(order(3, 0)).with_receipt());
    bus.idle().await;
    assert_eq!(log.take(), ["paid 1", "paid 2", "thanked", "thanked"]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_bus() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted, false).start().unwrap();
    let (slow, waits) = (bus.post(order(1, 100)), bus.post(order(1, 1)));
    let (slow, waits) = (slow.with_receipt().await.unwrap(), waits.with_receipt().await.unwrap());
    sleep(Duration::from_secs(1)).await;
    let id = waits.event().clone();
    assert!(bus.shutdown(Duration::from_secs(1)).await.is_err());
    assert!(slow.await.is_err());
    let error = waits.await.unwrap_err();
    assert_eq!(error.event(), &id);
    assert_eq!(error.to_string(), format!("the bus has ended before the event {id} was handled"));
    let late = bus.post(order(1, 1)).with_receipt().await.unwrap_err();
    assert_eq!((late.reason(), log.take().len()), (PostRefusal::Closed, 0));
    // The last clone of a bus is dropped.
    let (unstarted, _) = crate::bus();
    let bus = builder(unstarted, false).queue_capacity(1).start().unwrap();
    let handled = bus.post(order(1, 1)).with_receipt().try_send().unwrap();
    let full = bus.post(order(1, 1)).with_receipt().try_send().unwrap_err();
    assert_eq!(full.reason(), PostRefusal::Full { capacity: 1 });
    drop(bus);
    assert!(timeout(SOON, handled).await.unwrap().is_err());
}

/// In the queue it is delivered twice, and in the store it is once.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_posted_twice_tells_both_who_wait() {
    for is_stored in [false, true] {
        let (unstarted, log) = bus();
        let bus = builder(unstarted, is_stored).start().unwrap();
        let event = AnyEvent::from(Envelope::new(order(1, 1)));
        let first = bus.post_any(event.clone()).with_receipt().await.unwrap();
        let dropped = bus.post_any(event.clone()).with_receipt().await.unwrap();
        let second = bus.post_any(event).with_receipt().await.unwrap();
        drop(dropped);
        assert!(timeout(SOON * 10, first).await.unwrap().unwrap().is_ok());
        assert!(timeout(SOON * 10, second).await.unwrap().unwrap().is_ok());
        bus.idle().await;
        let paid = log.take().iter().filter(|line| *line == "paid 1").count();
        assert_eq!(paid, if is_stored { 1 } else { 3 });
    }
}

/// It stays in the store, where the next bus finds it.
#[tokio::test(start_paused = true)]
async fn a_stored_event_outlives_who_waits_for_it() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (unstarted, log) = bus();
    let first = builder(unstarted, false).backlog(backlog.clone()).start().unwrap();
    first.post(order(1, 1)).await.unwrap();
    let waits = first.post(order(1, 1)).with_receipt().await.unwrap();
    sleep(Duration::from_millis(500)).await;
    let _ended = first.shutdown(SOON).await;
    assert!(waits.await.is_err());
    assert!(backlog.count().await.unwrap() > 0);
    let second = Bus::builder().without_discovery().shared_state(log.clone());
    let second = builder(second, false).backlog(backlog.clone()).start().unwrap();
    second.idle().await;
    assert_eq!(log.take().iter().filter(|line| *line == "paid 1").count(), 2);
}

/// It is not held until the handler is done, so that the handler may wait for it.
#[handler]
async fn outer(_: &Outer, context: Context, log: State<Log>) -> Result<(), String> {
    let handled = context.bus().post(order(1, 1)).with_receipt().await.map_err(|error| error.to_string())?;
    log.add(handled.await.map_err(|error| error.to_string())?.is_ok().to_string());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_wait_for_one() {
    for is_stored in [false, true] {
        let (unstarted, log) = bus();
        let bus = builder(unstarted, is_stored).handler::<outer>().start().unwrap();
        bus.post(Outer {}).await.unwrap();
        timeout(SOON * 10, bus.idle()).await.unwrap();
        assert_eq!(log.take(), ["paid 1", "true", "thanked"]);
    }
}

#[handler]
async fn waits_for_ever(_: &Unlucky) {
    std::future::pending().await
}

/// The first runtime ends while the handler waits, and the event goes back.
#[test]
fn another_runtime_may_handle_it() {
    let (builder, _) = bus();
    let bus = builder.handler::<note>().handler::<waits_for_ever>().start().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let mut handled = first.block_on(bus.post(order(1, 0)).with_receipt().into_future()).unwrap();
    let mut stuck = first.block_on(bus.post(Unlucky {}).with_receipt().into_future()).unwrap();
    drop(first);
    assert!((&mut stuck).now_or_never().is_none());
    let second = runtime();
    let handled = second.block_on(async {
        bus.post(Paid {}).await.unwrap(); // so that this runtime delivers
        timeout(SOON, &mut handled).await
    });
    assert!(handled.unwrap().unwrap().is_ok());
}
