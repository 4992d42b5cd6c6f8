//! How runs end, and who is told.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use atoms::control::{
    AgentCompleted, AgentFailed, NotStarted, RunCancelled, RunCompleted, RunError, RunFailed, RunStarted,
};
use atoms::prelude::*;
use atoms::testing::Recording;
use tokio::time::{sleep, timeout};

use crate::{SOON, started, until};

#[derive(Debug)]
struct OutOfPaper(u8);

impl fmt::Display for OutOfPaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out of paper in tray {}", self.0)
    }
}

impl Error for OutOfPaper {}

#[tokio::test]
async fn a_run_that_succeeds_returns_its_result_and_tells_of_its_start_and_its_end() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("nightly import", async |run: Run| Ok(run.name().len()));
    let id = running.run().unwrap().id();
    assert_eq!(running.await.unwrap(), 14);
    bus.idle().await;
    assert_eq!(seen.types(), ["atoms.run.started", "atoms.run.completed"]);
    let (started, completed) = (seen.emitted::<RunStarted>().once(), seen.emitted::<RunCompleted>().once());
    assert_eq!((started.run, started.source.as_str(), started.parent), (Some(id), "nightly import", None));
    assert_eq!((completed.run, completed.name.as_str()), (Some(id), "nightly import"));
    assert!(bus.runs().list().is_empty());
    assert!(bus.runs().get(id).is_none());
}

#[tokio::test]
async fn the_run_of_an_agent_tells_of_the_agent_too() {
    let bus = started();
    let seen = Recording::of(&bus);
    let agents = || bus.runs().of_agents();
    agents().start("aiagents.Main", async |_| Ok(())).await.unwrap();
    agents().start("aiagents.Main", async |_| Err::<(), _>("no".into())).await.unwrap_err();
    drop(agents().start("aiagents.Main", async |run: Run| {
        run.cancelled().await;
        Ok(())
    }));
    until(async || bus.runs().list().is_empty()).await;
    bus.idle().await;
    let of = |end| ["run.started", "agent.created", "agent.started", end].map(|it| format!("atoms.{it}"));
    let (done, failed) = (of("agent.completed"), of("agent.failed"));
    let types = seen.types();
    assert_eq!((&types[..4], &*types[4]), (&done[..], "atoms.run.completed"));
    assert_eq!((&types[5..9], &*types[9]), (&failed[..], "atoms.run.failed"));
    // It may be cancelled before its work begins.
    assert_eq!((&types[10..12], types.last().unwrap().as_str()), (&failed[..2], "atoms.run.cancelled"));
    let failed = seen.emitted::<AgentFailed>().times(2);
    let (first, second) = (&failed[0], &failed[1]);
    assert_eq!((&*first.source, &*first.message), ("aiagents.Main", "the run `aiagents.Main` failed: no"));
    assert!(second.message.contains("was cancelled: nobody waits for it any more"), "{second:?}");
}

#[tokio::test]
async fn what_is_started_when_a_run_has_told_its_end_is_no_part_of_it() {
    let bus = started();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let starts = bus.clone();
    let _next = bus.on::<AgentCompleted>(move |completed| {
        let next = starts.runs().start(format!("after {}", completed.source), async |run: Run| Ok(run));
        tell.send(next).unwrap();
    });
    for _ in 0..20 {
        bus.runs().of_agents().start("aiagents.Main", async |_| Ok(())).await.unwrap();
        let next = told.recv().await.unwrap().await.unwrap();
        assert_eq!((next.name(), next.parent()), ("after aiagents.Main", None));
    }
}

#[tokio::test]
async fn a_run_that_fails_says_why_with_the_error_itself() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("print", async |_| Err::<(), _>(OutOfPaper(2).into()));
    let error = running.await.unwrap_err();
    assert_eq!(error.to_string(), "the run `print` failed: out of paper in tray 2");
    let RunError::Failed { cause, .. } = error else { panic!("{error:?}") };
    assert_eq!(cause.downcast_ref::<OutOfPaper>().unwrap().0, 2);
    bus.idle().await;
    let failed = seen.emitted::<RunFailed>().once();
    assert_eq!((failed.error.as_str(), failed.is_panic), ("out of paper in tray 2", false));
}

#[tokio::test]
async fn a_task_that_crashes_ends_its_run_as_panicked() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("crash", async |_| -> Result<(), _> { panic!("there is one") });
    let error = running.await.unwrap_err();
    assert!(matches!(&error, RunError::Panicked { message, .. } if message == "there is one"), "{error}");
    bus.idle().await;
    assert!(seen.emitted::<RunFailed>().once().is_panic);
    assert!(bus.runs().list().is_empty());
}

#[tokio::test]
async fn a_run_that_panics_before_it_waits_has_panicked_as_well() {
    let bus = started();
    let running =
        bus.runs().start("crash", |_: Run| -> std::future::Ready<Result<(), _>> { panic!("at once") });
    assert!(matches!(running.await, Err(RunError::Panicked { .. })));
}

/// Says that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn dropping_the_owner_cancels_the_run() {
    let bus = started();
    let seen = Recording::of(&bus);
    let dropped = Arc::new(AtomicBool::new(false));
    let held = Dropped(dropped.clone());
    let running = bus.runs().start("import", async move |run: Run| {
        let _held = held;
        run.cancelled().await;
        Ok(())
    });
    until(async || bus.runs().list().len() == 1).await;
    drop(running);
    until(async || bus.runs().list().is_empty()).await;
    assert!(dropped.load(Ordering::SeqCst));
    assert_eq!(seen.expect::<RunCancelled>().await.reason.as_deref(), Some("nobody waits for it any more"));
    seen.emitted::<RunCompleted>().never();
}

#[tokio::test]
async fn a_detached_run_goes_on_and_ends_with_the_bus() {
    let bus = started();
    let ended = Arc::new(AtomicUsize::new(0));
    let count = ended.clone();
    let run = bus.runs().start("import", async move |run: Run| {
        run.cancelled().await;
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let run = run.detach().unwrap();
    sleep(Duration::from_millis(20)).await;
    assert!(!run.is_cancelled());
    bus.shutdown(SOON).await.unwrap();
    until(async || run.has_ended()).await;
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    let late = bus.runs().start("late", async |_| Ok(())).await.unwrap_err();
    assert!(matches!(late, RunError::NotStarted { cause: NotStarted::Closed, .. }), "{late}");
}

#[test]
fn without_a_runtime_no_run_is_started() {
    let bus = started();
    let running = bus.runs().start("import", async |_| Ok(()));
    assert!(running.run().is_none());
    let error = running.detach().unwrap_err();
    assert!(matches!(error, RunError::NotStarted { cause: NotStarted::NoRuntime, .. }), "{error}");
}

#[test]
fn a_run_whose_runtime_ends_says_so() {
    let bus = started();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let running = {
        let _in = first.enter();
        bus.runs().start("import", async |run: Run| {
            run.cancelled().await;
            Ok(())
        })
    };
    drop(first);
    let error = runtime().block_on(running).unwrap_err();
    assert!(matches!(error, RunError::RuntimeEnded { .. }), "{error}");
    assert!(bus.runs().list().is_empty());
}

#[tokio::test]
async fn a_name_that_is_too_long_is_refused() {
    let error = started().runs().start("x".repeat(2_000), async |_| Ok(())).await.unwrap_err();
    assert!(error.to_string().contains("its name has 2000 bytes, and the limit is 1024"), "{error}");
}

/// Its handlers are told of a run, and hang or fail.
#[handler]
async fn hang(_: &RunStarted) {
    std::future::pending::<()>().await;
}

#[handler]
fn fail(_: &RunStarted) -> Result<(), &'static str> {
    Err("no room for it")
}

#[handler]
fn panic(_: &RunCompleted) {
    panic!("it cannot be told");
}

#[tokio::test]
async fn a_handler_that_fails_hangs_or_panics_holds_up_no_run() {
    let bus = Bus::builder().without_discovery();
    let bus = bus.handler::<hang>().handler::<fail>().handler::<panic>().start().unwrap();
    let running = bus.runs().start("import", async |_| Ok(7));
    assert_eq!(timeout(SOON, running).await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn unsubscribing_while_a_run_tells_skips_nobody() {
    let bus = started();
    let first = Arc::new(std::sync::Mutex::new(None::<atoms::Subscription>));
    let seen = Recording::of(&bus);
    let slot = first.clone();
    *first.lock().unwrap() = Some(bus.on::<RunStarted>(move |_| drop(slot.lock().unwrap().take())));
    let second = Arc::new(AtomicUsize::new(0));
    let count = second.clone();
    let _second = bus.on::<RunStarted>(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    for _ in 0..2 {
        bus.runs().start("import", async |_| Ok(())).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(second.load(Ordering::SeqCst), 2);
    seen.emitted::<RunStarted>().times(2);
    assert!(first.lock().unwrap().is_none());
}
