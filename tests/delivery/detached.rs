//! Handlers that run beside the emit.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{DetachError, FailureKind};
use tokio::sync::Notify;

use crate::{Log, SOON, bus};

#[event(type = "detached.order")]
struct Order {
    number: u64,
}

#[event(type = "detached.line")]
struct Line {}

fn order(number: u64) -> Order {
    Order { number }
}

#[handler(detached)]
async fn in_the_background(order: &Order, gate: State<Notify>, log: State<Log>) -> Result<Line, String> {
    log.add(format!("begins {}", order.number));
    gate.notified().await;
    log.add(format!("ends {}", order.number));
    if order.number == 13 { Err("unlucky".into()) } else { Ok(Line {}) }
}

#[handler]
fn line(_: &Line, log: State<Log>) {
    log.add("line");
}

#[tokio::test]
async fn a_detached_handler_is_not_waited_for_and_belongs_to_the_bus() {
    let (builder, log) = bus();
    let gate = Arc::new(Notify::new());
    let builder = builder.shared_state(gate.clone()).handler::<in_the_background>().handler::<line>();
    let bus = builder.detached_limit(2).start().unwrap();
    let receipt = bus.emit(order(13)).await;
    assert_eq!((receipt.is_ok(), receipt.is_unhandled()), (true, false));
    assert!(bus.emit(order(1)).await.is_ok());
    let refused = bus.emit(order(2)).await;
    let kind = refused.failures()[0].error.downcast_ref::<FailureKind>().unwrap();
    assert!(matches!(kind, FailureKind::NotDetached(DetachError::TooMany { limit: 2 })), "{kind}");
    tokio::task::yield_now().await;
    gate.notify_waiters();
    bus.idle().await;
    assert_eq!(log.take(), ["begins 13", "begins 1", "ends 13", "ends 1", "line"]);
    let errors: Vec<_> =
        bus.dead_letters().list().await.unwrap().iter().map(|letter| letter.cause().to_string()).collect();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[1], "unlucky");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lists_and_ends_detached_handlers_that_run_too_long() {
    let (builder, log) = bus();
    let bus = builder.state(Notify::new()).handler::<in_the_background>().start().unwrap();
    bus.emit(order(1)).await.into_result().unwrap();
    let error = bus.shutdown(SOON).await.unwrap_err();
    assert_eq!(error.unfinished().len(), 1, "{error}");
    assert!(error.unfinished()[0].handler().unwrap().path().ends_with("::in_the_background"));
    bus.idle().await;
    assert_eq!(log.take(), ["begins 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_detached_handler_that_failed_is_redelivered_with_its_attempts() {
    let (builder, _) = bus();
    let gate = Arc::new(Notify::new());
    let bus = builder.shared_state(gate.clone()).handler::<in_the_background>().start().unwrap();
    for attempts in 1..3 {
        match bus.dead_letters().list().await.unwrap().first() {
            Some(letter) => assert!(bus.dead_letters().redeliver(letter.id()).await.unwrap().is_ok()),
            None => assert!(bus.emit(order(13)).await.is_ok()),
        }
        gate.notify_one();
        bus.idle().await;
        let letters = bus.dead_letters().list().await.unwrap();
        assert_eq!((letters.len(), letters[0].attempts().len()), (1, attempts));
    }
}

#[test]
fn without_a_runtime_a_detached_handler_fails() {
    let (builder, _) = bus();
    let bus = builder.state(Notify::new()).handler::<in_the_background>().start().unwrap();
    let mut emit = std::pin::pin!(bus.emit(order(1)).into_future());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(receipt) = emit.as_mut().poll(&mut context) else { panic!("it waits") };
    assert!(receipt.to_string().contains("could not be started beside the emit: there is no tokio runtime"));
}
