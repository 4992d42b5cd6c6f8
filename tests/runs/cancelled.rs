//! Runs that are cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::control::{RunCancelled, RunCompleted, RunError};
use atoms::prelude::*;
use atoms::testing::Recording;
use tokio::time::{Instant, sleep, timeout};

use crate::{SOON, ada, started, until};

#[tokio::test]
async fn a_cancelled_run_that_returns_a_result_is_cancelled_all_the_same() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", async |run: Run| {
        run.cancelled().await;
        Ok("all done")
    });
    let id = running.run().unwrap().id();
    let cancelled = bus.runs().cancel(id).reason("no time").by(&ada()).await;
    assert_eq!((cancelled.runs, cancelled.still_running.len()), (vec![id], 0));
    let error = running.await.unwrap_err();
    assert!(
        matches!(&error, RunError::Cancelled { reason: Some(reason), .. } if reason == "no time"),
        "{error}"
    );
    bus.idle().await;
    seen.emitted::<RunCompleted>().never();
    let told = seen.emitted::<RunCancelled>().once();
    assert_eq!((told.by.as_ref().unwrap().name(), told.message.as_str()), ("ada", "no time"));
}

#[tokio::test]
async fn work_that_does_not_look_is_dropped_after_its_grace() {
    let bus = started();
    let running = bus.runs().start("import", async |_| {
        std::future::pending::<()>().await;
        Ok(())
    });
    let begun = Instant::now();
    let cancelled = bus.runs().cancel(running.run().unwrap().id()).grace(Duration::from_millis(30)).await;
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert!(cancelled.still_running.is_empty());
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_its_thread_is_named_as_still_running() {
    let bus = started();
    let goes_on = Arc::new(AtomicBool::new(true));
    let spinning = goes_on.clone();
    let running = bus.runs().start("busy", async move |_| {
        while spinning.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    });
    sleep(Duration::from_millis(20)).await;
    let cancelled = bus.runs().cancel(running.run().unwrap().id()).grace(Duration::from_millis(20)).await;
    assert_eq!(cancelled.still_running, ["busy"]);
    goes_on.store(false, Ordering::SeqCst);
    assert!(timeout(SOON, running).await.unwrap().unwrap_err().is_cancelled());
}

#[tokio::test]
async fn cancelling_what_has_ended_or_was_cancelled_says_so() {
    let bus = started();
    let running = bus.runs().start("import", async |run: Run| {
        run.cancelled().await;
        sleep(Duration::from_millis(50)).await;
        Ok(())
    });
    let id = running.run().unwrap().id();
    let (one, other) = tokio::join!(bus.runs().cancel(id).into_future(), bus.runs().cancel(id).into_future());
    assert_eq!(one.runs.len() + other.runs.len(), 1, "one of two cancels it");
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(bus.runs().cancel(id).await.runs.is_empty());
}

#[event(type = "runs.import.wanted")]
struct ImportWanted;

#[handler]
async fn import(_: &ImportWanted, context: Context) -> Result<(), &'static str> {
    assert!(!context.is_cancelled());
    context.cancelled().await;
    assert!(context.is_cancelled());
    Err("cancelled")
}

#[tokio::test]
async fn the_context_of_each_handler_sees_that_its_run_is_cancelled() {
    let bus = Bus::builder().without_discovery().handler::<import>().start().unwrap();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |_| {
            bus.post(ImportWanted).await?;
            Ok(bus.emit(ImportWanted).await.into_result()?)
        }
    });
    sleep(Duration::from_millis(20)).await;
    bus.runs().cancel(running.run().unwrap().id()).await;
    assert!(running.await.unwrap_err().is_cancelled());
    timeout(SOON, bus.idle()).await.unwrap();
    until(async || bus.dead_letters().len().await.unwrap() == 2).await;
}

#[tokio::test]
async fn what_is_cancelled_cooperatively_ends_by_itself_and_is_not_waited_for() {
    let bus = started();
    let goes_on = Arc::new(tokio::sync::Notify::new());
    let running = bus.runs().start("import", {
        let goes_on = goes_on.clone();
        async move |run: Run| {
            run.cancelled().await;
            goes_on.notified().await;
            Ok(())
        }
    });
    let run = running.run().unwrap().clone();
    let cancelled = bus.runs().cancel(&run).cooperative().await;
    assert_eq!((cancelled.runs, cancelled.still_running), (vec![run.id()], vec!["import".to_owned()]));
    // Longer than the grace of a run that is stopped.
    sleep(Duration::from_millis(1_300)).await;
    assert!(!run.has_ended());
    goes_on.notify_one();
    assert!(timeout(SOON, running).await.unwrap().unwrap_err().is_cancelled());
}
