//! Many tasks on one bus: every delivery is counted just as often as promised.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{BusBuilder, PostRefusal, Refusal};

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

const TASKS: u64 = 8;
const EMITS: u64 = 1_000;

#[event(type = "concurrency.started")]
struct Started {
    task: u64,
    number: u64,
}

#[event(type = "concurrency.followed")]
struct Followed {
    task: u64,
    number: u64,
}

/// How often each handler ran, and the sum of the numbers that the last one saw.
#[derive(Debug, Default)]
struct Counts {
    sync: AtomicU64,
    asynchronous: AtomicU64,
    followed: AtomicU64,
    sum: AtomicU64,
}

fn add(to: &AtomicU64, count: u64) {
    to.fetch_add(count, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

#[handler]
fn sync(started: &Started, counts: State<Counts>) -> Followed {
    add(&counts.sync, 1);
    Followed { task: started.task, number: started.number }
}

#[handler]
async fn asynchronous(started: &Started, counts: State<Counts>, out: Emitter<Followed>) {
    tokio::task::yield_now().await;
    out.emit(Followed { task: started.task, number: 0 }).await;
    add(&counts.asynchronous, 1);
}

#[handler]
async fn followed(followed: Followed, counts: State<Counts>) {
    if followed.number.is_multiple_of(2) {
        tokio::task::yield_now().await;
    }
    add(&counts.followed, 1);
    add(&counts.sum, followed.number);
}

fn counting() -> (BusBuilder, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let builder = Bus::builder().without_discovery().shared_state(counts.clone());
    (builder.handler::<sync>().handler::<asynchronous>().handler::<followed>(), counts)
}

/// What one task saw of what it emitted and posted.
#[derive(Default)]
struct Emitted {
    ok: u64,
    refused: u64,
    sum: u64,
}

/// Emits, and posts every third one, until all is done or the bus is shut down for good.
async fn emit(bus: Bus, task: u64) -> Emitted {
    let mut emitted = Emitted::default();
    for number in 0..EMITS {
        if number % 3 == 1 {
            match bus.post(Started { task, number }).await {
                Ok(()) => {
                    emitted.ok += 1;
                    emitted.sum += number;
                }
                Err(error) => {
                    assert_eq!(error.reason(), PostRefusal::Closed);
                    emitted.refused += 1;
                }
            }
            continue;
        }
        let receipt = bus.emit(Started { task, number }).await;
        if receipt.refusal() == Some(&Refusal::Closed) {
            assert_eq!(receipt.deliveries().count() + receipt.follow_ups().len(), 0);
            emitted.refused += 1;
        } else {
            assert_eq!(receipt.follow_ups().len(), 2);
            receipt.into_result().unwrap();
            emitted.ok += 1;
            emitted.sum += number;
        }
    }
    emitted
}

/// Subscribes and unsubscribes in all ways until the bus is shut down.
async fn come_and_go(bus: Bus) {
    while !bus.is_closed() {
        let one = bus.on::<Started>(|_| ());
        let all = bus.on_any(|_| ());
        let once = bus.once::<Followed>(|_| ());
        let mut stream = bus.stream::<Started>();
        let expected = bus.expect::<Started>(|started| started.number % 7 == 0);
        drop(expected.within(Duration::from_millis(5)).await);
        drop((one, once));
        if let Some(Ok(started)) = stream.next().await {
            assert!(started.task < TASKS);
        }
        drop(all);
    }
}

async fn sum_up(tasks: Vec<tokio::task::JoinHandle<Emitted>>) -> Emitted {
    let mut total = Emitted::default();
    for task in tasks {
        let emitted = task.await.unwrap();
        total.ok += emitted.ok;
        total.refused += emitted.refused;
        total.sum += emitted.sum;
    }
    total
}

#[track_caller]
fn assert_counted(counts: &Counts, emitted: &Emitted) {
    assert_eq!(read(&counts.sync), emitted.ok);
    assert_eq!(read(&counts.asynchronous), emitted.ok);
    assert_eq!(read(&counts.followed), 2 * emitted.ok);
    assert_eq!(read(&counts.sum), emitted.sum);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handlers_run_once_for_each_emit_whoever_subscribes_meanwhile() {
    let (builder, counts) = counting();
    let bus = builder.start().unwrap();
    let emitting = (0..TASKS).map(|task| tokio::spawn(emit(bus.clone(), task))).collect();
    let coming: Vec<_> = (0..4).map(|_| tokio::spawn(come_and_go(bus.clone()))).collect();
    let emitted = sum_up(emitting).await;
    bus.shutdown(SOON).await.unwrap();
    for task in coming {
        task.await.unwrap();
    }
    assert_eq!((emitted.ok, emitted.refused), (TASKS * EMITS, 0));
    assert_counted(&counts, &emitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_subscriber_from_the_start_sees_every_event_once() {
    let (builder, counts) = counting();
    let bus = builder.start().unwrap();
    let (seen, expected) = (Arc::new(AtomicU64::new(0)), TASKS * EMITS);
    let count = seen.clone();
    let subscription = bus.on::<Started>(move |_| add(&count, 1));
    let last = bus.expect::<Started>(|started| started.number + 1 == EMITS);
    let emitting = (0..TASKS).map(|task| tokio::spawn(emit(bus.clone(), task))).collect();
    let emitted = sum_up(emitting).await;
    assert_eq!(last.await.unwrap().number, EMITS - 1);
    bus.idle().await;
    drop(subscription);
    assert_eq!((read(&seen), emitted.ok), (expected, expected));
    assert_counted(&counts, &emitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_refused_after_a_shutdown_ran_nowhere() {
    for round in 0..20 {
        let (builder, counts) = counting();
        let bus = builder.start().unwrap();
        let emitting = (0..TASKS).map(|task| tokio::spawn(emit(bus.clone(), task))).collect();
        tokio::time::sleep(Duration::from_micros(500 * round)).await;
        let (one, other) = tokio::join!(bus.shutdown(SOON), bus.shutdown(SOON));
        one.and(other).unwrap();
        let emitted = sum_up(emitting).await;
        assert_eq!(emitted.ok + emitted.refused, TASKS * EMITS);
        assert_counted(&counts, &emitted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_one_task_reach_a_subscriber_in_order() {
    let (builder, _) = counting();
    let bus = builder.start().unwrap();
    let next: Arc<[AtomicU64; TASKS as usize]> = Arc::default();
    let expected = next.clone();
    let _subscription = bus.on::<Followed>(move |followed| {
        let next = &expected[followed.task as usize];
        assert_eq!(next.swap(followed.number + 1, Ordering::Relaxed), followed.number);
    });
    let emitting = (0..TASKS).map(|task| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in 0..EMITS {
                bus.emit(Followed { task, number }).await.into_result().unwrap();
            }
        })
    });
    for emitting in emitting.collect::<Vec<_>>() {
        emitting.await.unwrap();
    }
    assert!(next.iter().all(|next| read(next) == EMITS));
}
