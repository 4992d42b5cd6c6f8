//! Runs, sessions and buses that are paused, and handlers that are cancelled.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::control::{NotPaused, RunCancelled, RunPaused, RunResumed, Scope, Steering, Tell, Thinking};
use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::{BusBuilder, Metadata, Refusal};
use tokio::time::{sleep, timeout};

use crate::{SOON, ada, started, until};

#[event(type = "runs.item.numbered")]
struct Numbered {
    number: usize,
}

type Numbers = Mutex<Vec<usize>>;

#[handler]
fn note(item: &Numbered, numbers: State<Numbers>) {
    numbers.lock().unwrap().push(item.number);
}

fn steered(steering: Steering) -> (BusBuilder, Arc<Numbers>) {
    let numbers = Arc::<Numbers>::default();
    (Bus::builder().without_discovery().shared_state(numbers.clone()).steering(steering), numbers)
}

fn noting() -> (Bus, Arc<Numbers>) {
    let (bus, numbers) = steered(Steering::new());
    (bus.handler::<note>().start().unwrap(), numbers)
}

/// Emits an item in a task, and waits until it is held.
async fn held(bus: &Bus, number: usize) -> tokio::task::JoinHandle<Receipt> {
    let before = bus.runs().held().events;
    let emitting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.emit(Numbered { number }).await }
    });
    until(async || bus.runs().held().events > before).await;
    emitting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_held_goes_on_in_order_before_what_comes_later() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    let mut emitting = Vec::new();
    for number in 0..200 {
        emitting.push(held(&bus, number).await);
    }
    assert!(numbers.lock().unwrap().is_empty());
    assert_eq!(bus.runs().resume(Scope::Bus).await, Some(200));
    bus.emit(Numbered { number: 200 }).await.into_result().unwrap();
    for emitting in emitting {
        emitting.await.unwrap().into_result().unwrap();
    }
    assert!(numbers.lock().unwrap().iter().copied().eq(0..=200));
    until(async || bus.runs().held().events == 0).await;
    assert_eq!(bus.runs().held().bytes, 0);
    assert_eq!(bus.runs().resume(Scope::Bus).await, None, "it is not paused any more");
}

#[tokio::test]
async fn what_is_posted_is_held_as_well() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    for number in 0..100 {
        bus.post(Numbered { number }).await.unwrap();
    }
    until(async || bus.runs().held().events == 100).await;
    bus.runs().resume(Scope::Bus).await;
    timeout(SOON, bus.idle()).await.unwrap();
    assert!(numbers.lock().unwrap().iter().copied().eq(0..100));
}

#[tokio::test]
async fn a_paused_run_holds_only_its_own_events_and_those_of_its_parts() {
    let (bus, numbers) = noting();
    let (go, went) = tokio::sync::oneshot::channel();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            went.await?;
            let part =
                run.start_part("part", async move |_| Ok(bus.emit(Numbered { number: 1 }).await.is_ok()));
            Ok(part.await?)
        }
    });
    let id = running.run().unwrap().id();
    bus.runs().pause(id).await.unwrap();
    assert!(bus.runs().is_paused(id));
    go.send(()).unwrap();
    until(async || bus.runs().held().events == 1).await;
    bus.emit(Numbered { number: 2 }).await.into_result().unwrap();
    assert_eq!(*numbers.lock().unwrap(), [2]);
    assert_eq!(bus.runs().resume(id).await, Some(1));
    assert!(running.await.unwrap());
    assert_eq!(*numbers.lock().unwrap(), [2, 1]);
}

#[tokio::test]
async fn a_paused_session_holds_only_its_own_events() {
    let (bus, numbers) = noting();
    let of = |session: &str, number| {
        let mut metadata = Metadata::new();
        metadata.set_session_id(session);
        Envelope::new(Numbered { number }).with_metadata(metadata)
    };
    let session = Scope::Session("s-1".into());
    bus.runs().pause(session.clone()).await.unwrap();
    bus.post(of("s-1", 1)).await.unwrap();
    until(async || bus.runs().held().events == 1).await;
    bus.emit(of("s-2", 2)).await.into_result().unwrap();
    assert_eq!(*numbers.lock().unwrap(), [2]);
    bus.runs().resume(session).await;
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(*numbers.lock().unwrap(), [2, 1]);
}

#[tokio::test]
async fn control_and_answers_pass_while_the_bus_is_paused() {
    let (bus, _) = noting();
    let seen = Recording::of(&bus);
    bus.runs().pause(Scope::Bus).by(&ada()).await.unwrap();
    let running = bus.runs().start("deploy", async |run: Run| {
        run.thinking("may I?").await?;
        Ok(run.checkpoint(Checkpoint::new("plan-review")).await?)
    });
    until(async || bus.questions().get("plan-review").await.unwrap().is_some()).await;
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    assert!(timeout(SOON, running).await.unwrap().unwrap().is_approved());
    bus.runs().resume(Scope::Bus).by(&ada()).await;
    bus.idle().await;
    assert_eq!(seen.emitted::<RunPaused>().once().message, "the bus is paused");
    assert_eq!(seen.emitted::<RunPaused>().once().source, "ada");
    assert_eq!(seen.emitted::<RunResumed>().once().held, 0);
    seen.emitted::<Thinking>().times(1);
}

#[tokio::test]
async fn who_emits_into_a_full_gate_is_told() {
    for (steering, limit) in
        [(Steering::new().held_events(2), "2 events of 2"), (Steering::new().held_bytes(1), "1 events of")]
    {
        let (bus, _) = steered(steering);
        let bus = bus.handler::<note>().start().unwrap();
        bus.runs().pause(Scope::Bus).await.unwrap();
        bus.post(Numbered { number: 1 }).await.unwrap();
        until(async || bus.runs().held().events == 1).await;
        if limit.starts_with('2') {
            drop(held(&bus, 2).await);
        }
        let receipt = bus.emit(Numbered { number: 3 }).await;
        let Some(Refusal::Vetoed(veto)) = receipt.refusal() else { panic!("{receipt}") };
        assert_eq!(veto.by(), "steering");
        assert!(veto.reason().starts_with("it is paused, and no more can be held: "), "{veto}");
        assert!(veto.reason().contains(limit), "{veto}");
    }
}

#[tokio::test]
async fn cancel_drops_what_is_held_and_lists_it() {
    let (bus, numbers) = noting();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            for number in 0..3 {
                bus.post(Numbered { number }).await?;
            }
            run.cancelled().await;
            Ok(())
        }
    });
    let id = running.run().unwrap().id();
    bus.runs().pause(id).await.unwrap();
    until(async || bus.runs().held().events == 3).await;
    let cancelled = bus.runs().cancel(id).reason("no time").await;
    assert_eq!(cancelled.dropped.len(), 3);
    assert!(cancelled.dropped.iter().all(|event| event.event_type == "runs.item.numbered"));
    assert!(running.await.unwrap_err().is_cancelled());
    timeout(SOON, bus.idle()).await.unwrap();
    assert!(numbers.lock().unwrap().is_empty());
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 3);
    assert!(letters[0].cause().to_string().contains("it was held, and the run "), "{}", letters[0].cause());
    assert_eq!(bus.runs().held().events, 0);
    bus.emit(Numbered { number: 9 }).await.into_result().unwrap();
}

#[tokio::test]
async fn an_emitter_that_goes_takes_its_event_with_it() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    let (first, second) = (held(&bus, 1).await, held(&bus, 2).await);
    first.abort();
    until(async || bus.runs().held().events == 1).await;
    bus.runs().resume(Scope::Bus).await;
    second.await.unwrap().into_result().unwrap();
    assert_eq!(*numbers.lock().unwrap(), [2]);
}

#[tokio::test]
async fn one_that_nobody_polls_does_not_hold_up_the_others_for_ever() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    let mut unpolled = Box::pin(bus.emit(Numbered { number: 1 }).into_future());
    assert!(futures_util::poll!(&mut unpolled).is_pending());
    let second = held(&bus, 2).await;
    bus.runs().resume(Scope::Bus).await;
    timeout(SOON, second).await.unwrap().unwrap().into_result().unwrap();
    assert_eq!(*numbers.lock().unwrap(), [2]);
}

#[tokio::test]
async fn what_is_paused_again_on_its_way_out_keeps_its_order() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    let mut emitting = Vec::new();
    for number in 0..50 {
        emitting.push(held(&bus, number).await);
    }
    bus.runs().resume(Scope::Bus).await;
    bus.runs().pause(Scope::Bus).await.unwrap();
    let before = numbers.lock().unwrap().len();
    emitting.push(held(&bus, 50).await);
    assert!(before < 50);
    bus.runs().resume(Scope::Bus).await;
    for emitting in emitting {
        emitting.await.unwrap().into_result().unwrap();
    }
    assert!(numbers.lock().unwrap().iter().copied().eq(0..=50));
}

#[tokio::test]
async fn a_bus_without_steering_cannot_be_paused() {
    let bus = started();
    assert_eq!(bus.runs().pause(Scope::Bus).await, Err(NotPaused::NoSteering));
    assert_eq!(bus.runs().resume(Scope::Bus).await, None);
    let (bus, _) = noting();
    let run = bus.runs().start("import", async |run: Run| Ok(run)).await.unwrap();
    assert_eq!(bus.runs().pause(&run).await, Err(NotPaused::Ended(Scope::Run(run.id()))));
}

#[tokio::test]
async fn a_shutdown_lets_go_what_is_held() {
    let (bus, numbers) = noting();
    bus.runs().pause(Scope::Bus).await.unwrap();
    for number in 0..3 {
        bus.post(Numbered { number }).await.unwrap();
    }
    until(async || bus.runs().held().events == 3).await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(*numbers.lock().unwrap(), [0, 1, 2]);
}

#[event(type = "runs.work.wanted")]
struct WorkWanted;

/// Looks at nothing, and waits.
#[handler]
async fn wait(_: &WorkWanted, count: State<AtomicUsize>) {
    count.fetch_add(1, Ordering::SeqCst);
    std::future::pending::<()>().await;
}

/// Sees that it is cancelled.
#[handler]
async fn look(_: &WorkWanted, context: Context, count: State<AtomicUsize>) {
    context.cancelled().await;
    count.fetch_add(10, Ordering::SeqCst);
}

#[tokio::test]
async fn cancelling_the_bus_ends_handlers_without_a_run_and_later_ones_run_as_ever() {
    let count = Arc::new(AtomicUsize::new(0));
    let (bus, numbers) = steered(Steering::new());
    let bus = bus
        .handler::<note>()
        .handler::<wait>()
        .handler::<look>()
        .shared_state(count.clone())
        .start()
        .unwrap();
    let seen = Recording::of(&bus);
    bus.post(WorkWanted).await.unwrap();
    until(async || count.load(Ordering::SeqCst) == 1).await;
    bus.runs().pause(Scope::Bus).await.unwrap();
    let cancelled = bus.runs().cancel(Scope::Bus).grace(Duration::from_millis(20)).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 11);
    let letters = bus.dead_letters().list().await.unwrap();
    assert!(letters[0].cause().to_string().contains("it was cancelled"), "{}", letters[0].cause());
    assert_eq!(seen.emitted::<RunCancelled>().once().message, "the bus is cancelled");

    let running = bus.runs().start("later", {
        let bus = bus.clone();
        async move |_| Ok(bus.emit(Numbered { number: 1 }).await.is_ok())
    });
    assert!(timeout(SOON, running).await.unwrap().unwrap());
    assert_eq!(*numbers.lock().unwrap(), [1]);
}

#[tokio::test]
async fn a_session_that_is_cancelled_takes_no_run_of_others_with_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let (bus, _) = steered(Steering::new());
    let bus = bus.handler::<wait>().shared_state(count.clone()).start().unwrap();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |_| {
            let mut metadata = Metadata::new();
            metadata.set_session_id("s-1");
            Ok(bus.emit(Envelope::new(WorkWanted).with_metadata(metadata)).await.is_ok())
        }
    });
    until(async || count.load(Ordering::SeqCst) == 1).await;
    let cancelled = bus.runs().cancel(Scope::Session("s-1".into())).grace(Duration::ZERO).await;
    assert!(cancelled.runs.is_empty() && cancelled.still_running.is_empty(), "{cancelled:?}");
    let run = running.run().unwrap();
    assert!(!run.is_cancelled());
    assert_eq!(bus.runs().cancel(run).grace(Duration::ZERO).await.runs, [run.id()]);
    assert!(running.await.unwrap_err().is_cancelled());
}

#[event(type = "runs.block.wanted")]
struct BlockWanted;

#[handler]
fn block(_: &BlockWanted, goes_on: State<AtomicBool>, count: State<AtomicUsize>) {
    count.fetch_add(1, Ordering::SeqCst);
    while goes_on.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_is_named_as_still_running() {
    let goes_on = Arc::new(AtomicBool::new(true));
    let (bus, _) = steered(Steering::new());
    let count = Arc::new(AtomicUsize::new(0));
    let bus =
        bus.handler::<block>().shared_state(goes_on.clone()).shared_state(count.clone()).start().unwrap();
    bus.post(BlockWanted).await.unwrap();
    until(async || count.load(Ordering::SeqCst) == 1).await;
    let cancelled = bus.runs().cancel(Scope::Bus).grace(Duration::from_millis(10)).await;
    goes_on.store(false, Ordering::SeqCst);
    assert_eq!(cancelled.still_running, ["runs::paused::block"]);
}

#[event(type = "runs.loop.turned")]
struct Turned;

#[handler]
async fn turn(_: &Turned, context: Context, count: State<AtomicUsize>) {
    count.fetch_add(1, Ordering::SeqCst);
    tokio::task::yield_now().await;
    context.bus().post(Turned).await.unwrap();
}

#[tokio::test]
async fn an_endless_loop_of_events_ends_when_its_run_is_cancelled() {
    let count = Arc::new(AtomicUsize::new(0));
    let (bus, _) = steered(Steering::new());
    let bus = bus.hop_limit(1_024).handler::<turn>().shared_state(count.clone()).start().unwrap();
    let running = bus.runs().start("loop", {
        let bus = bus.clone();
        async move |run: Run| {
            while !run.is_cancelled() {
                bus.post(Turned).await?;
                sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
    });
    until(async || count.load(Ordering::SeqCst) > 20).await;
    bus.runs().cancel(running.run().unwrap().id()).await;
    assert!(running.await.unwrap_err().is_cancelled());
    timeout(SOON, bus.idle()).await.unwrap();
    let ended = count.load(Ordering::SeqCst);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(count.load(Ordering::SeqCst), ended);
}
