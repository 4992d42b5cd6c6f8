//! A shutdown waits for emits whose first poll still runs on another thread.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Waker};
use std::thread;
use std::time::Duration;

use atoms::prelude::*;
use atoms::{Interceptor, Refusal};
use tokio::time::timeout;

use crate::{Log, SOON, bus};

/// How long a shutdown is seen to wait.
const A_WHILE: Duration = Duration::from_millis(100);

#[event(type = "first_polls.work")]
struct Work {}

#[request(type = "first_polls.question", reply = u32)]
struct Question {}

/// Where a handler waits, without an await, until the test lets it go on.
struct Gate {
    arrived: Sender<()>,
    open: Mutex<Receiver<()>>,
}

impl Gate {
    fn pass(&self) {
        self.arrived.send(()).unwrap();
        self.open.lock().unwrap().recv().unwrap();
    }
}

/// The other side of a gate.
struct Keeper {
    arrived: Receiver<()>,
    open: Sender<()>,
}

fn gate() -> (Gate, Keeper) {
    let (to_test, arrived) = channel();
    let (open, from_test) = channel();
    (Gate { arrived: to_test, open: Mutex::new(from_test) }, Keeper { arrived, open })
}

#[handler]
fn blocks(_: &Work, gate: State<Gate>, log: State<Log>) {
    gate.pass();
    log.add("done");
}

#[handler]
async fn blocks_before_its_first_await(_: &Work, gate: State<Gate>, log: State<Log>) {
    gate.pass();
    tokio::task::yield_now().await;
    log.add("done");
}

#[handler]
fn answers(_: &Question, gate: State<Gate>, log: State<Log>) -> u32 {
    gate.pass();
    log.add("done");
    42
}

fn block_on<T>(future: impl IntoFuture<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future.into_future())
}

/// Asserts that shutdowns of the buses, and not that of another one, wait for what `begin` does on another thread
/// until the gate is opened.
async fn assert_waits<T: Send + 'static>(
    buses: &[&Bus],
    keeper: Keeper,
    begin: impl FnOnce() -> T + Send + 'static,
) -> T {
    let begun = thread::spawn(begin);
    keeper.arrived.recv().unwrap();
    for bus in buses {
        bus.shutdown(A_WHILE).await.unwrap_err();
        let mut shutdown = pin!(bus.shutdown(SOON));
        timeout(A_WHILE, shutdown.as_mut()).await.unwrap_err();
    }
    bus().0.start().unwrap().shutdown(SOON).await.unwrap();
    keeper.open.send(()).unwrap();
    for bus in buses {
        bus.shutdown(SOON).await.unwrap();
    }
    begun.join().unwrap()
}

#[tokio::test]
async fn a_shutdown_waits_for_a_sync_handler_on_another_thread() {
    let ((builder, log), (gate, keeper)) = (bus(), gate());
    let bus = builder.state(gate).handler::<blocks>().start().unwrap();
    let emitted = bus.clone();
    let emit = move || [block_on(emitted.emit(Work {})), block_on(emitted.emit(Work {}))];
    let [receipt, refused] = assert_waits(&[&bus], keeper, emit).await;
    assert_eq!(log.take(), ["done"]);
    assert!(receipt.is_ok());
    assert_eq!(refused.refusal(), Some(&Refusal::Closed));
}

#[tokio::test]
async fn a_shutdown_waits_for_an_async_handler_that_another_thread_runs_to_its_first_await() {
    let ((builder, log), (gate, keeper)) = (bus(), gate());
    let bus = builder.state(gate).handler::<blocks_before_its_first_await>().start().unwrap();
    let emitted = bus.clone();
    let emit = move || block_on(emitted.emit_any(&AnyEvent::from(Envelope::new(Work {}))));
    assert!(assert_waits(&[&bus], keeper, emit).await.is_ok());
    assert_eq!(log.take(), ["done"]);
}

#[tokio::test]
async fn a_shutdown_waits_for_a_request_on_another_thread() {
    let ((builder, log), (gate, keeper)) = (bus(), gate());
    let bus = builder.state(gate).handler::<answers>().start().unwrap();
    let asked = bus.clone();
    let reply = assert_waits(&[&bus], keeper, move || block_on(asked.request(Question {}))).await;
    assert_eq!(reply.unwrap(), 42);
    assert_eq!(log.take(), ["done"]);
}

struct Looks;

impl Interceptor for Looks {}

#[tokio::test]
async fn a_shutdown_waits_for_intercepted_emits_and_requests_on_another_thread() {
    for is_request in [false, true] {
        let ((builder, log), (gate, keeper)) = (bus(), gate());
        let builder = builder.state(gate).interceptor(Looks);
        let bus = builder.handler::<blocks>().handler::<answers>().start().unwrap();
        let used = bus.clone();
        let begin = move || match is_request {
            false => block_on(used.emit(Work {})).is_ok(),
            true => block_on(used.request(Question {})).is_ok(),
        };
        assert!(assert_waits(&[&bus], keeper, begin).await);
        assert_eq!(log.take(), ["done"]);
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_a_redelivery_on_another_thread() {
    let ((builder, log), (gate, keeper)) = (bus(), gate());
    let bus = builder.state(gate).handler::<blocks>().start().unwrap();
    let letter = bus.dead_letters().keep(Envelope::new(Work {}).into(), Refusal::Unhandled);
    let used = bus.clone();
    let redeliver = move || block_on(used.dead_letters().redeliver(letter));
    assert!(assert_waits(&[&bus], keeper, redeliver).await.unwrap().is_ok());
    assert_eq!(log.take(), ["done"]);
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

struct Inner(Bus);

#[handler]
fn emits_on_another_bus(_: &Work, inner: State<Inner>, log: State<Log>) {
    let mut emitting = pin!(inner.0.emit(Work {}).into_future());
    assert!(emitting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready());
    log.add("outer done");
}

#[tokio::test]
async fn shutdowns_of_two_buses_wait_for_an_emit_on_one_in_a_handler_of_the_other() {
    let ((builder, log), (gate, keeper)) = (bus(), gate());
    let inner = builder.state(gate).handler::<blocks>().start().unwrap();
    let (builder, outer_log) = bus();
    let outer = builder.state(Inner(inner.clone())).handler::<emits_on_another_bus>().start().unwrap();
    let emitted = outer.clone();
    let emit = move || block_on(emitted.emit(Work {}));
    assert!(assert_waits(&[&inner, &outer], keeper, emit).await.is_ok());
    assert_eq!([log.take(), outer_log.take()], [["done"], ["outer done"]]);
}

#[event(type = "first_polls.nested")]
struct Nested {}

#[handler]
fn nothing(_: &Nested) {}

/// Emits an event, which is done at once, and blocks after that.
#[handler]
fn emits_and_blocks(_: &Work, on: State<Inner>, gate: State<Gate>, log: State<Log>) {
    let mut emitting = pin!(on.0.emit(Nested {}).into_future());
    assert!(emitting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready());
    gate.pass();
    log.add("done");
}

/// As that, on its own bus.
#[handler]
fn emits_here_and_blocks(_: &Work, context: Context, gate: State<Gate>, log: State<Log>) {
    let mut emitting = pin!(context.bus().emit(Nested {}).into_future());
    assert!(emitting.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready());
    gate.pass();
    log.add("done");
}

#[tokio::test]
async fn a_shutdown_waits_for_what_goes_on_after_an_emit_in_it_and_for_nothing_that_is_over() {
    for is_elsewhere in [false, true] {
        let inner = bus().0.handler::<nothing>().start().unwrap();
        let ((builder, log), (gate, keeper)) = (bus(), gate());
        let builder = builder.state(gate).state(Inner(inner.clone())).handler::<nothing>();
        let builder = match is_elsewhere {
            true => builder.handler::<emits_and_blocks>(),
            false => builder.handler::<emits_here_and_blocks>(),
        };
        let bus = builder.start().unwrap();
        // The thread stays after its emit: what it does not do any more is not waited for.
        let (end, ended) = channel::<()>();
        let emitted = bus.clone();
        let emitting = thread::spawn(move || {
            let receipt = block_on(emitted.emit(Work {}));
            ended.recv().unwrap_err();
            receipt.is_ok()
        });
        keeper.arrived.recv().unwrap();
        inner.shutdown(SOON).await.unwrap();
        bus.shutdown(A_WHILE).await.unwrap_err();
        keeper.open.send(()).unwrap();
        bus.shutdown(SOON).await.unwrap();
        assert_eq!(log.take(), ["done"]);
        drop(end);
        assert!(emitting.join().unwrap());
    }
}

#[handler]
fn stops(_: &Work, context: Context, log: State<Log>) {
    let shutdown = context.bus().shutdown(6 * SOON);
    let ended = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(shutdown));
    log.add(format!("{}", ended.is_ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_that_a_sync_handler_waits_for_leaves_out_its_own_thread() {
    let (builder, log) = bus();
    let bus = builder.handler::<stops>().start().unwrap();
    assert!(bus.emit(Work {}).await.is_ok());
    assert_eq!(log.take(), ["true"]);
}

/// What threads do with a bus.
#[derive(Default)]
struct Use {
    handled: AtomicUsize,
    is_shut_down: AtomicBool,
    is_over: AtomicBool,
    was_late: AtomicBool,
}

impl Use {
    fn handle(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        (0..100).for_each(|_| std::hint::spin_loop());
        self.was_late.fetch_or(self.is_shut_down.load(Ordering::SeqCst), Ordering::Relaxed);
    }
}

#[handler]
fn handle(_: &Work, used: State<Use>) {
    used.handle();
}

#[handler]
async fn handle_later(_: &Work, used: State<Use>) {
    if used.handled.load(Ordering::Relaxed).is_multiple_of(3) {
        tokio::task::yield_now().await;
    }
    used.handle();
}

#[tokio::test]
async fn no_handler_runs_after_a_shutdown_and_refused_emits_do_not_hold_it_up() {
    for _ in 0..50 {
        let used = Arc::new(Use::default());
        let builder = bus().0.shared_state(used.clone());
        let bus = builder.handler::<handle>().handler::<handle_later>().start().unwrap();
        let threads = [(); 3].map(|()| {
            let (bus, used) = (bus.clone(), used.clone());
            thread::spawn(move || {
                block_on(async {
                    while !used.is_over.load(Ordering::Relaxed) {
                        let _receipt = bus.emit(Work {}).await;
                    }
                });
            })
        });
        while used.handled.load(Ordering::Relaxed) < 100 {
            thread::yield_now();
        }
        bus.shutdown(SOON).await.unwrap();
        used.is_shut_down.store(true, Ordering::SeqCst);
        thread::sleep(Duration::from_micros(500));
        used.is_over.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!used.was_late.load(Ordering::Relaxed));
    }
}
