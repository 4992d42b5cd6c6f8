//! Subscribing to a running bus.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::{Recipient, Subscription};

use crate::{Log, bus};

#[event(type = "dynamic.ticked")]
struct Ticked {
    number: u64,
}

#[event(type = "dynamic.other")]
struct Other {}

/// A bus without handlers, and a log that closures can keep.
fn empty() -> (Bus, Arc<Log>) {
    (bus().start().unwrap(), Arc::default())
}

fn writing(log: &Arc<Log>, name: &'static str) -> impl Fn(&Ticked) + Send + Sync + 'static {
    let log = log.clone();
    move |ticked| log.add(format!("{name} {}", ticked.number))
}

async fn tick(bus: &Bus, number: u64) {
    bus.emit(Ticked { number }).await.into_result().unwrap();
}

#[handler]
fn handle(ticked: &Ticked, log: State<Log>) {
    log.add(format!("handler {}", ticked.number));
}

#[tokio::test]
async fn subscribers_run_after_the_sync_handlers_in_the_order_of_subscription() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<handle>().start().unwrap();
    let any = log.clone();
    let _any = bus.on_any(move |event| any.add(format!("any {}", event.event_type())));
    let _first = bus.on::<Ticked>(writing(&log, "first"));
    let _second = bus.on::<Ticked>(writing(&log, "second"));
    let receipt = bus.emit(Ticked { number: 1 }).await;
    assert_eq!(log.take(), ["handler 1", "first 1", "second 1", "any dynamic.ticked"]);
    assert_eq!(receipt.deliveries().count(), 4);
    let places: Vec<_> = receipt.deliveries().map(|(recipient, _)| recipient).collect();
    assert!(matches!(places[1], Recipient::Subscriber(place) if place.file() == file!()));
    drop(bus.emit(Other {}).await);
    assert_eq!(log.take(), ["any dynamic.other"]);
}

#[tokio::test]
async fn dropping_a_subscription_ends_it() {
    let (bus, log) = empty();
    let first = bus.on::<Ticked>(writing(&log, "first"));
    let second = bus.on::<Ticked>(writing(&log, "second"));
    bus.on::<Ticked>(writing(&log, "detached")).detach();
    drop(first);
    tick(&bus, 1).await;
    assert_eq!(log.take(), ["second 1", "detached 1"]);
    second.unsubscribe();
    tick(&bus, 2).await;
    assert_eq!(log.take(), ["detached 2"]);
}

#[tokio::test]
async fn a_subscriber_handles_its_event_and_one_of_all_does_not() {
    let (bus, _) = empty();
    let any = bus.on_any(|_| ());
    assert!(bus.emit(Ticked { number: 1 }).await.is_unhandled());
    drop(any);
    let _typed = bus.on::<Ticked>(|_| ());
    assert!(!bus.emit(Ticked { number: 2 }).await.is_unhandled());
    assert!(bus.emit(Other {}).await.is_unhandled());
}

#[tokio::test]
async fn once_is_once() {
    let (bus, log) = empty();
    let seen = log.clone();
    let _once = bus.once::<Ticked>(move |ticked| seen.add(ticked.number.to_string()));
    let dropped = log.clone();
    drop(bus.once::<Ticked>(move |_| dropped.add("dropped")));
    for number in 1..=3 {
        drop(bus.emit(Ticked { number }).await);
    }
    assert_eq!(log.take(), ["1"]);
}

#[tokio::test]
async fn once_is_once_though_it_emits_the_event_again() {
    let (bus, log) = empty();
    let (again, seen) = (bus.clone(), log.clone());
    let _once = bus.once::<Ticked>(move |ticked| {
        seen.add(ticked.number.to_string());
        let nested = std::pin::pin!(again.emit(Ticked { number: 2 }).into_future());
        let polled = nested.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(polled.is_ready());
    });
    tick(&bus, 1).await;
    assert_eq!(log.take(), ["1"]);
}

#[tokio::test]
async fn subscribing_during_an_emit_is_for_the_next_one() {
    let (bus, log) = empty();
    let (inner, seen) = (bus.clone(), log.clone());
    let added: Mutex<Vec<Subscription>> = Mutex::default();
    let _first = bus.on::<Ticked>(move |ticked| {
        let name = ["added by 0", "added by 1"][ticked.number as usize];
        added.lock().unwrap().push(inner.on::<Ticked>(writing(&seen, name)));
    });
    let _second = bus.on::<Ticked>(writing(&log, "second"));
    tick(&bus, 0).await;
    assert_eq!(log.take(), ["second 0"]);
    tick(&bus, 1).await;
    assert_eq!(log.take(), ["second 1", "added by 0 1"]);
}

/// Subscribers of which the one at `dropping` drops the one at `dropped`, and how often each ran.
async fn runs(dropping: usize, dropped: usize) -> Vec<usize> {
    let bus = bus().start().unwrap();
    let ran: Arc<[AtomicUsize; 3]> = Arc::default();
    let all: Arc<Mutex<Vec<Option<Subscription>>>> = Arc::default();
    for number in 0..3 {
        let (ran, others) = (ran.clone(), all.clone());
        let subscription = bus.on::<Ticked>(move |_| {
            ran[number].fetch_add(1, Ordering::Relaxed);
            if number == dropping {
                let taken = others.lock().unwrap()[dropped].take();
                drop(taken);
            }
        });
        all.lock().unwrap().push(Some(subscription));
    }
    tick(&bus, 1).await;
    tick(&bus, 2).await;
    ran.iter().map(|ran| ran.load(Ordering::Relaxed)).collect()
}

#[tokio::test]
async fn dropping_during_an_emit_skips_nobody() {
    for dropping in 0..3 {
        for dropped in 0..3 {
            let mut expected = vec![2; 3];
            // The emit that has begun reaches the dropped one still.
            expected[dropped] = 1;
            assert_eq!(runs(dropping, dropped).await, expected, "{dropping} drops {dropped}");
        }
    }
}

#[tokio::test]
async fn a_subscription_may_own_another_and_outlive_the_bus() {
    let (bus, log) = empty();
    let inner = bus.on::<Ticked>(writing(&log, "inner"));
    let outer = bus.on::<Other>(move |_| {
        let _ = &inner;
    });
    tick(&bus, 1).await;
    drop(outer);
    tick(&bus, 2).await;
    assert_eq!(log.take(), ["inner 1"]);
    let survivor = bus.on::<Ticked>(writing(&log, "survivor"));
    drop(bus);
    drop(survivor);
}
