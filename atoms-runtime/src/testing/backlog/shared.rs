//! Several runtimes, buses and tasks on one backlog.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;

use super::{A_MOMENT, Checked, SOON, checked, done, keyed, number};
use crate::engine::Bus;
use crate::engine::runner::described;
use crate::event::HandlerSymbol;
use crate::handler::{AsyncHandler, Handler, HandlerInfo, HandlerParam, Parameters, Place, State};
use crate::queue::Backlog;

/// How often each number was begun, and how often it was done.
#[derive(Default)]
struct Seen {
    begun: Mutex<Vec<u64>>,
    done: Mutex<Vec<u64>>,
}

/// A handler that is never done with a number above a hundred when it sees it first.
struct Work;

impl Handler for Work {
    fn info() -> &'static HandlerInfo {
        static INFO: HandlerInfo = described::asynchronous::<Work>(Place {
            path: "atoms::testing::backlog::Work",
            file: file!(),
            line: line!(),
            is_in_unit_test: false,
        });
        &INFO
    }
}

impl HandlerSymbol for Work {
    fn handler() {}
}

impl HandlerParam<0> for Work {
    type Type = State<Seen>;
}

impl AsyncHandler for Work {
    type Named = Self;
    type Input = Checked;
    type Params = Parameters<Self, 1>;
    type Output = ();

    crate::__finish! { Checked, () }

    async fn call(checked: &Checked, (seen,): (State<Seen>,)) {
        let is_first = !seen.begun.lock().unwrap().contains(&checked.number);
        seen.begun.lock().unwrap().push(checked.number);
        if checked.number > 100 && is_first {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        seen.done.lock().unwrap().push(checked.number);
    }
}

fn bus_on(backlog: &Arc<dyn Backlog>, seen: &Arc<Seen>) -> Bus {
    let builder = Bus::builder().without_discovery().handler::<Work>().shared_state(Arc::clone(seen));
    builder.backlog(Arc::clone(backlog)).start().expect("a bus on a backlog starts")
}

/// Runs something in a runtime of its own, which ends then.
async fn in_a_runtime<F: Future<Output: Send + 'static>>(
    run: impl FnOnce() -> F + Send + 'static,
) -> F::Output {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tokio::task::spawn_blocking(move || runtime().block_on(run())).await.unwrap()
}

pub(super) async fn two_runtimes_go_on_with_each_others_events(backlog: Arc<dyn Backlog>) {
    let seen = Arc::new(Seen::default());
    let started = || {
        let (backlog, seen) = (Arc::clone(&backlog), Arc::clone(&seen));
        move || bus_on(&backlog, &seen)
    };
    let (start, backlog_of) = (started(), Arc::clone(&backlog));
    let (bus, count) = in_a_runtime(async move || {
        let bus = start();
        for number in [101, 3, 1, 2] {
            bus.post_any(checked(number, Some("k"), 0)).await.unwrap();
            bus.post_any(checked(number + 10, None, 0)).await.unwrap();
        }
        tokio::time::sleep(A_MOMENT * 5).await;
        let count = backlog_of.count().await.unwrap();
        (bus, count)
    })
    .await;
    assert_eq!(count, 5, "what is begun and not done is there");
    let in_another = bus.clone();
    in_a_runtime(async move || timeout(SOON, in_another.idle()).await.expect("another runtime goes on"))
        .await;
    let mut done = seen.done.lock().unwrap().clone();
    let of_key: Vec<_> = done.iter().copied().filter(|number| [101, 3, 1, 2].contains(number)).collect();
    assert_eq!(of_key, [101, 3, 1, 2], "a key waits for the event that was begun");
    done.sort_unstable();
    assert_eq!(done, [1, 2, 3, 11, 12, 13, 101, 111]);
    assert_eq!(backlog.count().await.unwrap(), 0);
}

pub(super) async fn a_shutdown_leaves_what_was_not_begun(backlog: Arc<dyn Backlog>) {
    let seen = Arc::new(Seen::default());
    let bus = bus_on(&backlog, &seen);
    for number in [101, 1, 2] {
        bus.post_any(checked(number, Some("k"), 0)).await.unwrap();
    }
    bus.post_any(checked(3, None, 0)).after(SOON).await.unwrap();
    tokio::time::sleep(A_MOMENT).await;
    let ended = bus.shutdown(A_MOMENT).await;
    let unfinished = ended.err().map(|error| error.unfinished().len());
    assert_eq!(unfinished, Some(1), "what is begun is not done");
    assert!(bus.post_any(checked(4, None, 0)).await.is_err(), "nothing is posted after a shutdown");
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(backlog.count().await.unwrap(), 4, "what is not done is there");
    assert!(seen.done.lock().unwrap().is_empty());
    let next = bus_on(&backlog, &seen);
    timeout(SOON, next.idle()).await.expect("the next bus goes on");
    assert_eq!(*seen.done.lock().unwrap(), [101, 1, 2]);
    next.shutdown(SOON).await.expect("what is not due is no reason to fail");
    assert_eq!(backlog.count().await.unwrap(), 1, "what is not due stays");
}

pub(super) async fn several_take_each_event_once(backlog: Arc<dyn Backlog>) {
    const EVENTS: u64 = 400;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let takers = (0..4).map(|_| {
        let (backlog, seen) = (Arc::clone(&backlog), Arc::clone(&seen));
        tokio::spawn(async move {
            while timeout(A_MOMENT * 10, backlog.ready()).await.is_ok() {
                for taken in backlog.take(3).await.unwrap() {
                    seen.lock().unwrap().push(number(&taken));
                    tokio::task::yield_now().await;
                    backlog.acknowledge(done(taken.ticket, &["a"], vec![])).await.unwrap();
                }
            }
        })
    });
    let takers: Vec<_> = takers.collect();
    for number in 0..EVENTS {
        let key = ["0", "1", "2", "3", "4"][number as usize % 5];
        backlog.post(vec![keyed(number, key)]).await.unwrap();
    }
    for taker in takers {
        taker.await.unwrap();
    }
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    for key in 0..5 {
        let of_key = seen.iter().filter(|number| **number % 5 == key);
        assert!(of_key.is_sorted(), "each key is in order, however many take");
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..EVENTS).collect::<Vec<_>>(), "each event is taken once, however many take");
}
