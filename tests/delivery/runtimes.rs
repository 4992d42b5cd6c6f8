//! A bus belongs to no runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AttemptKind, DeliveryFailed, StoreError};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::outside::block_on;
use crate::{Log, SOON, bus};

#[event(type = "runtimes.job")]
struct Job {
    #[event(key)]
    key: Option<u32>,
    millis: u64,
}

/// How many jobs came to their end.
#[derive(Default)]
struct Done(AtomicU32);

#[handler]
async fn work(job: &Job, done: State<Done>) {
    sleep(Duration::from_millis(job.millis)).await;
    done.0.fetch_add(1, Ordering::SeqCst);
}

/// A job that never ends in the runtime that it is begun in first.
#[event(type = "runtimes.stuck")]
struct Stuck {}

#[handler]
async fn stuck(_: &Stuck, begun: State<AtomicU32>, done: State<Done>) {
    if begun.fetch_add(1, Ordering::SeqCst) == 0 {
        std::future::pending::<()>().await;
    }
    done.0.fetch_add(1, Ordering::SeqCst);
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn started() -> (Bus, Arc<Done>) {
    let done = Arc::new(Done::default());
    let builder = bus().0.shared_state(done.clone()).state(AtomicU32::new(0));
    (builder.handler::<work>().handler::<stuck>().start().unwrap(), done)
}

fn job(millis: u64) -> Job {
    Job { key: None, millis }
}

/// What the letters of a bus say, which are in memory.
fn wait<T>(letters: impl Future<Output = Result<T, StoreError>>) -> T {
    runtime().block_on(letters).unwrap()
}

impl Done {
    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    async fn reach(&self, count: u32) {
        while self.count() < count {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

#[test]
fn what_the_first_runtime_did_not_do_is_done_by_another_that_waits() {
    let (bus, done) = started();
    let first = runtime();
    first.block_on(async {
        for _ in 0..10 {
            bus.post(Job { key: Some(1), millis: 20 }).await.unwrap();
        }
        done.reach(2).await;
    });
    let waiting = std::thread::spawn({
        let bus = bus.clone();
        move || runtime().block_on(async { timeout(SOON, bus.idle()).await.is_ok() })
    });
    std::thread::sleep(Duration::from_millis(100));
    drop(first);
    assert!(waiting.join().unwrap());
    assert_eq!((done.count(), wait(bus.dead_letters().len())), (10, 0));
}

#[test]
fn what_was_begun_in_a_runtime_that_ended_is_delivered_again() {
    for is_waiting in [true, false] {
        let (bus, done) = started();
        let first = runtime();
        first.block_on(async {
            bus.post(Stuck {}).await.unwrap();
            sleep(Duration::from_millis(10)).await;
        });
        assert_eq!(done.count(), 0);
        let second = threads();
        let waiting = is_waiting.then(|| {
            let bus = bus.clone();
            second.spawn(async move { bus.idle().await })
        });
        std::thread::sleep(Duration::from_millis(50));
        drop(first);
        second.block_on(async {
            match waiting {
                Some(waiting) => timeout(SOON, waiting).await.unwrap().unwrap(),
                None => timeout(SOON, bus.idle()).await.unwrap(),
            }
        });
        assert_eq!(done.count(), 1);
    }
}

#[test]
fn who_waits_for_a_runtime_with_threads_goes_on_when_that_ends() {
    type Wait = fn(Bus);
    let in_a_runtime: Wait = |bus| runtime().block_on(async { bus.idle().await });
    let outside_of_any: Wait = |bus| block_on(bus.idle());
    for wait in [in_a_runtime, outside_of_any] {
        let (begun, done) = (Arc::new(AtomicU32::new(0)), Arc::new(Done::default()));
        let builder = bus().0.shared_state(done.clone()).shared_state(begun.clone());
        let bus = builder.handler::<stuck>().start().unwrap();
        let first = threads();
        first.block_on(async { bus.post(Stuck {}).await.unwrap() });
        while begun.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let (waiting, waited) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            wait(bus);
            waiting.send(()).unwrap();
        });
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(done.count(), 0);
        drop(first);
        waited.recv_timeout(SOON).unwrap();
        assert_eq!(done.count(), 1);
    }
}

#[test]
fn a_runtime_that_is_kept_and_not_driven_keeps_nothing_that_it_did_not_begin() {
    for second in [runtime, threads] {
        let (bus, done) = started();
        let first = runtime();
        first.block_on(async { bus.post(job(1)).await.unwrap() });
        let server = second();
        let kept = server.block_on(async {
            bus.post(job(1)).await.unwrap();
            timeout(SOON, done.reach(2)).await.unwrap();
            // Posted where nobody goes on: another runtime, which drives itself, takes it.
            let (poster, kept) = (bus.clone(), first);
            let kept = std::thread::spawn(move || {
                kept.block_on(async { poster.post(job(1)).await.unwrap() });
                kept
            });
            timeout(SOON, done.reach(3)).await.unwrap();
            kept.join().unwrap()
        });
        assert_eq!(done.count(), 3);
        drop(kept);
    }
}

#[test]
fn one_bus_serves_the_runtimes_of_several_threads() {
    let (bus, done) = started();
    let threads = (0..8_u32).map(|thread| {
        let (bus, done) = (bus.clone(), done.clone());
        std::thread::spawn(move || {
            runtime().block_on(async {
                for number in 0..20 {
                    bus.post(Job { key: (number % 2 == 0).then_some(thread), millis: 1 }).await.unwrap();
                    bus.post(job(1)).after(Duration::from_millis(2)).await.unwrap();
                }
                if thread % 2 == 0 {
                    timeout(SOON, bus.idle()).await.unwrap();
                }
                let _seen = done.count();
            });
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    // What was left when the last runtime ended waits for the next one.
    runtime().block_on(async {
        timeout(SOON, async {
            bus.idle().await;
            done.reach(320).await;
        })
        .await
        .unwrap();
        bus.shutdown(SOON).await.unwrap();
    });
    assert_eq!(done.count(), 320);
}

#[test]
fn a_shutdown_in_another_runtime_ends_what_was_posted_in_a_first_one() {
    let (bus, done) = started();
    let first = runtime();
    first.block_on(async {
        for _ in 0..3 {
            bus.post(Job { key: Some(1), millis: 1 }).await.unwrap();
        }
    });
    threads().block_on(async { bus.shutdown(SOON).await.unwrap() });
    assert_eq!(done.count(), 3);
}

#[test]
fn who_waits_outside_of_any_runtime_does_what_is_left() {
    let (builder, log) = bus();
    let bus = builder.handler::<write>().start().unwrap();
    runtime().block_on(async {
        for number in 0..3 {
            bus.post(Line { number }).await.unwrap();
        }
    });
    assert!(log.take().is_empty());
    block_on(bus.idle());
    assert_eq!(log.take(), ["0", "1", "2"]);
}

#[event(type = "runtimes.line")]
struct Line {
    number: u32,
}

#[handler]
async fn write(line: &Line, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add(line.number.to_string());
}

#[event(type = "runtimes.mail")]
struct Mail {}

#[handler(detached)]
async fn mail(_: &Mail, done: State<Done>) {
    if done.0.fetch_add(1, Ordering::SeqCst) == 0 {
        std::future::pending::<()>().await;
    }
}

#[handler]
fn alert(failed: &DeliveryFailed, log: State<Log>) {
    log.add(&*failed.error);
}

#[test]
fn a_detached_handler_whose_runtime_ends_is_a_dead_letter() {
    for begins in [true, false] {
        let (builder, log) = bus();
        let done = Arc::new(Done::default());
        let builder = builder.shared_state(done.clone()).handler::<mail>().handler::<alert>();
        let bus = builder.start().unwrap();
        runtime().block_on(async {
            assert!(bus.emit(Mail {}).await.is_ok());
            if begins {
                done.reach(1).await;
            }
        });
        let letters = wait(bus.dead_letters().list());
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].attempts()[0].kind(), AttemptKind::RuntimeEnded);
        runtime().block_on(async {
            timeout(SOON, bus.idle()).await.unwrap();
            assert_eq!(log.take(), ["the tokio runtime that it ran in ended before it was done"]);
            done.0.store(1, Ordering::SeqCst);
            assert!(bus.dead_letters().redeliver(letters[0].id()).await.unwrap().is_ok());
            timeout(SOON, bus.idle()).await.unwrap();
        });
        assert!(wait(bus.dead_letters().is_empty()));
    }
}

#[test]
fn a_redelivery_whose_runtime_ends_leaves_the_letter_as_it_was() {
    let (builder, _) = bus();
    let done = Arc::new(Done::default());
    let bus = builder.shared_state(done.clone()).handler::<mail>().start().unwrap();
    runtime().block_on(async { assert!(bus.emit(Mail {}).await.is_ok()) });
    let id = wait(bus.dead_letters().list())[0].id();
    runtime().block_on(async {
        assert!(bus.dead_letters().redeliver(id).await.unwrap().is_ok());
        done.reach(1).await;
    });
    let letters = wait(bus.dead_letters().list());
    assert_eq!((letters.len(), letters[0].id(), letters[0].attempts().len()), (1, id, 1));
}

#[tokio::test]
async fn a_post_on_a_thread_without_a_runtime_is_delivered_by_one_that_is_there() {
    let (bus, done) = started();
    bus.post(job(1)).await.unwrap();
    for count in 2..4 {
        let poster = bus.clone();
        std::thread::spawn(move || poster.post(job(1)).try_send().unwrap()).join().unwrap();
        timeout(SOON, done.reach(count)).await.unwrap();
        bus.idle().await;
    }
}

/// A job whose handler blocks its thread until the gate opens.
#[event(type = "runtimes.blocking")]
struct Blocking {}

/// Says which thread a handler runs on, and waits until it is told to go on.
struct Gate {
    begun: std::sync::mpsc::Sender<std::thread::ThreadId>,
    opened: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

#[handler]
fn block(_: &Blocking, gate: State<Gate>) {
    gate.begun.send(std::thread::current().id()).unwrap();
    // An error is a gate that is open for good.
    let _ = gate.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
}

/// Posts in a runtime with one thread, shuts the bus down from here with this deadline, and opens the gate. Returns
/// how many handlers ran, and whether one ran here.
fn shut_down_while_blocked(deadline: Duration) -> (usize, bool) {
    let ((begun, threads), (open, opened)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let gate = Gate { begun, opened: opened.into() };
    let bus = bus().0.state(gate).handler::<block>().start().unwrap();
    let first = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    first.block_on(async {
        for _ in 0..40 {
            bus.post(Blocking {}).await.unwrap();
        }
    });
    let on = threads.recv().unwrap();
    let ended = runtime().block_on(bus.shutdown(deadline)).unwrap_err();
    assert!(ended.unfinished().len() >= 24, "{ended}");
    drop(open);
    drop(first);
    let ran: Vec<_> = std::iter::once(on).chain(threads.try_iter()).collect();
    (ran.len(), ran.contains(&std::thread::current().id()))
}

#[test]
fn who_shuts_down_runs_no_handlers_of_a_runtime_with_threads() {
    for deadline in [Duration::ZERO, Duration::from_millis(20)] {
        assert_eq!(shut_down_while_blocked(deadline), (1, false), "after {deadline:?}");
    }
}

#[test]
fn a_bus_that_is_dropped_leaves_no_task_in_its_runtime() {
    runtime().block_on(async {
        let bus = bus().0.state(Done::default()).handler::<work>().start().unwrap();
        let job = || Job { key: None, millis: 0 };
        bus.post(job()).after(Duration::from_secs(3_600)).await.unwrap();
        bus.post(job()).await.unwrap();
        bus.idle().await;
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert!(tasks() > 0);
        drop(bus);
        while tasks() > 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[event(type = "runtimes.tick")]
struct Tick {}

#[handler]
fn tick(_: &Tick, done: State<Done>) {
    done.0.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn what_was_done_when_its_runtime_ended_is_not_waited_for() {
    const TICKS: u32 = 1_000;
    let done = Arc::new(Done::default());
    let builder = bus().0.shared_state(done.clone()).queue_capacity(TICKS as usize);
    let bus = builder.handler::<tick>().start().unwrap();
    // Who waits has his turn after each of the others.
    let first = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(1).build().unwrap();
    first.block_on(async {
        for _ in 0..TICKS {
            bus.post(Tick {}).await.unwrap();
        }
        while done.count() == 0 {
            tokio::task::yield_now().await;
        }
    });
    assert!(done.count() < TICKS);
    drop(first);
    runtime().block_on(async { timeout(SOON, bus.idle()).await.unwrap() });
    assert_eq!(done.count(), TICKS);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_emit_alone_begins_no_task() {
    let (bus, done) = started();
    let ((), receipt) = tokio::join!(bus.idle(), bus.emit(job(1)));
    assert!(receipt.is_ok());
    assert_eq!((done.count(), tokio::runtime::Handle::current().metrics().num_alive_tasks()), (1, 0));
}
