//! An event that is received twice is handled once, if the bus is asked for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{AnyEvent, BusBuilder, Duplicate, PostRefusal, ReceiveError, ReceiveWindow, StartProblem};
use tokio::time::{sleep, timeout};

use crate::bus;
use crate::log::Log;

#[event(type = "receive_once.paid")]
struct Paid {
    number: u64,
}

struct Fails(AtomicBool);

#[handler]
async fn ship(paid: &Paid, fails: State<Fails>, log: State<Log>) -> Result<(), &'static str> {
    sleep(Duration::from_secs(1)).await;
    log.add(format!("ship {}", paid.number));
    if fails.0.load(Ordering::Relaxed) { Err("no ship") } else { Ok(()) }
}

#[handler]
fn see(event: &AnyEvent, log: State<Log>) {
    log.add(event.event_type());
}

fn frame(id: &str, number: u64) -> Vec<u8> {
    format!(r#"{{"type":"receive_once.paid","id":"{id}","number":{number}}}"#).into_bytes()
}

fn once(window: ReceiveWindow) -> (BusBuilder, Arc<Log>, Arc<Fails>) {
    let ((builder, log), fails) = (bus(), Arc::new(Fails(false.into())));
    (builder.handler::<ship>().shared_state(fails.clone()).receive_once(window), log, fails)
}

#[tokio::test(start_paused = true)]
async fn the_second_one_is_not_delivered_and_is_ok() {
    let (builder, log, _) = once(ReceiveWindow::new());
    let bus = builder.handler::<see>().start().unwrap();
    assert_eq!(bus.receive(&frame("a", 1)).await.unwrap().duplicate(), None);
    let again = bus.receive(&frame("a", 1)).await.unwrap();
    assert_eq!((again.duplicate(), again.event_type()), (Some(Duplicate::Handled), "receive_once.paid"));
    assert!(again.is_ok() && !again.is_unhandled() && again.deliveries().next().is_none());
    assert_eq!(again.to_string(), "receive_once.paid: it was received before");
    again.into_result().unwrap();
    assert_eq!(log.take(), ["receive_once.paid", "ship 1"]);

    let unknown = br#"{"type":"receive_once.unknown","id":"u"}"#;
    assert_eq!(bus.receive(unknown).await.unwrap().duplicate(), None);
    let again = bus.receive(unknown).await.unwrap();
    assert_eq!((again.duplicate(), again.event_type()), (Some(Duplicate::Handled), "receive_once.unknown"));
    assert_eq!(log.take(), ["receive_once.unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_without_an_id_and_an_event_that_is_emitted_are_always_delivered() {
    let (builder, log, _) = once(ReceiveWindow::new());
    let bus = builder.start().unwrap();
    let event = bus.decode(&frame("a", 7)).unwrap();
    for _ in 0..2 {
        bus.receive(br#"{"type":"receive_once.paid","number":3}"#).await.unwrap().into_result().unwrap();
        bus.emit_any(&event).await.into_result().unwrap();
    }
    assert_eq!(log.take(), ["ship 3", "ship 7", "ship 3", "ship 7"]);
    assert_eq!(bus.receive(&frame("a", 7)).await.unwrap().duplicate(), None);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_being_handled_is_told_from_one_that_is_handled() {
    let (builder, log, _) = once(ReceiveWindow::new());
    let bus = builder.start().unwrap();
    let (a, b) = (frame("a", 1), frame("b", 2));
    let (first, second, other) = tokio::join!(bus.receive(&a), bus.receive(&a), bus.receive(&b));
    assert_eq!(first.unwrap().duplicate(), None);
    let second = second.unwrap();
    assert_eq!(second.duplicate(), Some(Duplicate::UnderWay));
    assert!(second.to_string().contains("it was received before, and is being handled"), "{second}");
    assert!(!second.is_ok() && !second.is_unhandled());
    let error = second.into_result().unwrap_err();
    assert!(error.to_string().starts_with("`receive_once.paid`: it was received before"), "{error}");
    let reason = std::error::Error::source(&error).and_then(|error| error.downcast_ref::<Duplicate>());
    assert_eq!(reason, Some(&Duplicate::UnderWay));
    assert_eq!(other.unwrap().duplicate(), None);
    assert_eq!(bus.receive(&a).await.unwrap().duplicate(), Some(Duplicate::Handled));
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["ship 1", "ship 2"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_or_was_dropped_is_delivered_again() {
    let (builder, log, fails) = once(ReceiveWindow::new());
    let bus = builder.start().unwrap();
    fails.0.store(true, Ordering::Relaxed);
    assert!(!bus.receive(&frame("a", 1)).await.unwrap().is_ok());
    timeout(Duration::from_millis(1), bus.receive(&frame("a", 1))).await.unwrap_err();
    fails.0.store(false, Ordering::Relaxed);
    assert_eq!(bus.receive(&frame("a", 1)).await.unwrap().duplicate(), None);
    assert_eq!(log.take(), ["ship 1"; 2]);
    assert_eq!(bus.receive(&frame("a", 1)).await.unwrap().duplicate(), Some(Duplicate::Handled));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ask_for_it_gets_each_and_a_window_without_room_does_not_start() {
    let (builder, log) = bus();
    let bus = builder.handler::<ship>().state(Fails(false.into())).start().unwrap();
    for _ in 0..2 {
        assert_eq!(bus.receive(&frame("a", 1)).await.unwrap().duplicate(), None);
    }
    assert_eq!(log.take().len(), 2);
    for window in [ReceiveWindow::new().ids(0), ReceiveWindow::new().bytes(0)] {
        let error = once(window).0.start().unwrap_err();
        assert!(matches!(error.problems(), [StartProblem::NoRoom { setting: "receive_once" }]), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_posted_once_with_a_key() {
    let (builder, log, _) = once(ReceiveWindow::new());
    let bus = builder.queue_capacity(2).start().unwrap();
    let post = async |id: &str, number| bus.receive_posted(&frame(id, number), |post| post.key("p-1")).await;
    assert_eq!(post("a", 1).await.unwrap(), None);
    assert_eq!(post("b", 2).await.unwrap(), None);
    assert_eq!(post("a", 1).await.unwrap(), Some(Duplicate::Handled));
    // It waits for room, and is not posted then.
    timeout(Duration::ZERO, post("c", 3)).await.unwrap_err();
    let began = tokio::time::Instant::now();
    bus.idle().await;
    let in_line = began.elapsed();
    assert_eq!((log.take(), post("c", 3).await.unwrap()), (vec!["ship 1".into(), "ship 2".into()], None));
    let began = tokio::time::Instant::now();
    bus.idle().await;
    assert_eq!(in_line, 2 * began.elapsed(), "one after the other");
    assert_eq!(bus.receive(&frame("c", 3)).await.unwrap().duplicate(), Some(Duplicate::Handled));

    let error = bus.receive_posted(b"{}", |post| post).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Decode(_)), "{error}");
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    let error = post("d", 4).await.unwrap_err();
    assert!(matches!(&error, ReceiveError::Post(error) if error.reason() == PostRefusal::Closed), "{error}");
}
