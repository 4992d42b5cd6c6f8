//! The workers of a backlog belong to runtimes, and its events to none.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::task::{Context as TaskContext, Waker};

use atoms::prelude::*;
use atoms::{Backlog, MemoryBacklog};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use crate::faulty::{Call, Faulty, Way};
use crate::outside::block_on;
use crate::{Log, SOON, bus};

#[event(type = "backlog_runtimes.job")]
struct Job {
    number: u32,
}

fn job(number: u32) -> Job {
    Job { number }
}

#[handler]
fn work(job: &Job, log: State<Log>) {
    log.add(job.number.to_string());
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let backlog = Arc::new(MemoryBacklog::default());
    (builder.backlog(backlog).handler::<work>().start().unwrap(), log)
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Posts an event, and waits until it is done.
async fn done(bus: &Bus, number: u32) {
    bus.post(job(number)).await.unwrap();
    bus.idle().await;
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[test]
fn who_waits_outside_of_any_runtime_does_what_is_there() {
    let (bus, log) = started();
    for number in 1..3 {
        block_on(done(&bus, number));
        assert_eq!(log.take(), [number.to_string()]);
    }
}

#[test]
fn who_waits_outside_of_any_runtime_does_what_one_that_has_ended_will_not() {
    for runtime in [current_thread(), threads()] {
        let (bus, log) = started();
        runtime.block_on(done(&bus, 1));
        assert_eq!(log.take(), ["1"]);
        drop(runtime);
        block_on(done(&bus, 2));
        assert_eq!(log.take(), ["2"]);
    }
}

#[test]
fn who_waits_outside_of_any_runtime_goes_on_when_the_one_that_would_deliver_ends() {
    let (bus, log) = started();
    let runtime = current_thread();
    runtime.block_on(async { bus.post(job(1)).await.unwrap() });
    let mut idle = pin!(bus.idle());
    assert!(idle.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    assert!(log.take().is_empty());
    drop(runtime);
    block_on(idle);
    assert_eq!(log.take(), ["1"]);
}

#[test]
fn the_workers_in_one_runtime_stay_when_another_ends() {
    let (bus, _log) = started();
    let (first, second) = (current_thread(), current_thread());
    let tasks_after = |runtime: &Runtime, number| {
        runtime.block_on(async {
            done(&bus, number).await;
            tasks()
        })
    };
    assert_eq!([tasks_after(&first, 1), tasks_after(&second, 2)], [1, 1]);
    drop(first);
    assert_eq!(tasks_after(&second, 3), 1);
}

#[test]
fn a_bus_that_is_dropped_leaves_no_task_in_its_runtime() {
    current_thread().block_on(async {
        let (bus, _log) = started();
        done(&bus, 1).await;
        assert!(tasks() > 0);
        drop(bus);
        let no_tasks = async {
            while tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, no_tasks).await.unwrap();
    });
}

/// How many handlers have begun, and whether they may end.
#[derive(Default)]
struct Begun(AtomicUsize, AtomicBool);

#[handler]
async fn stuck(job: &Job, begun: State<Begun>, log: State<Log>) {
    begun.0.fetch_add(1, SeqCst);
    if !begun.1.load(SeqCst) {
        std::future::pending::<()>().await;
    }
    log.add(job.number.to_string());
}

/// Begins two events in a runtime that ends, and lets another do them.
fn give_back_two(backlog: Arc<Faulty>) {
    let begun = Arc::new(Begun::default());
    let (builder, log) = bus();
    let builder = builder.backlog(backlog.clone()).shared_state(begun.clone());
    let bus = builder.handler::<stuck>().start().unwrap();
    let first = current_thread();
    first.block_on(async {
        for number in 1..3 {
            bus.post(job(number)).await.unwrap();
        }
        while begun.0.load(SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    });
    begun.1.store(true, SeqCst);
    drop(first);
    current_thread().block_on(async {
        timeout(SOON, bus.idle()).await.unwrap();
        assert_eq!(backlog.count().await.unwrap(), 0);
    });
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["1", "2"]);
}

#[test]
fn what_a_backlog_does_not_take_back_at_once_is_given_back_by_the_next_worker() {
    give_back_two(Faulty::new(|call| if call == Call::GiveBack { Way::Later } else { Way::AtOnce }));
}

#[test]
fn what_a_backlog_fails_to_take_back_is_given_back_by_the_next_worker() {
    let given = AtomicUsize::new(0);
    give_back_two(Faulty::new(move |call| {
        let fails = call == Call::GiveBack && given.fetch_add(1, SeqCst) < 2;
        if fails { Way::Fails } else { Way::AtOnce }
    }));
}

/// What nobody handles.
#[event(type = "backlog_runtimes.nothing")]
struct Nothing {
    #[event(key)]
    key: u32,
}

#[test]
fn an_event_that_nobody_handles_is_done_though_its_runtime_ends() {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let seen = acknowledged.clone();
    let backlog = Faulty::new(move |call| {
        let is_first = call == Call::Acknowledge && acknowledged.fetch_add(1, SeqCst) == 0;
        if is_first { Way::Never } else { Way::AtOnce }
    });
    let bus = bus().0.backlog(backlog.clone()).start().unwrap();
    let first = current_thread();
    first.block_on(async {
        for _ in 0..2 {
            bus.post(Nothing { key: 1 }).await.unwrap();
        }
        while seen.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    current_thread().block_on(async {
        timeout(SOON, bus.idle()).await.unwrap();
        assert_eq!((seen.load(SeqCst), backlog.count().await.unwrap()), (3, 0));
    });
}
