//! The options of a handler that answers a request.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{FailureKind, RequestError};

use crate::bus;

#[request(type = "options.count.get", reply = u32)]
struct GetCount {
    least: u32,
}

fn is_small(ask: &GetCount) -> bool {
    ask.least < 10
}

#[handler(when = is_small, retry(attempts = 3, delay = "1s"), concurrency = 1)]
async fn count(ask: &GetCount, calls: State<AtomicU32>) -> Result<u32, String> {
    let count = calls.fetch_add(1, Ordering::Relaxed);
    if count < ask.least { Err(format!("only {count}")) } else { Ok(count) }
}

#[request(type = "options.slow.get", reply = ())]
struct GetSlow {}

#[handler(timeout = "1s")]
async fn slow(_: &GetSlow) {
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[request(type = "options.detached.get", reply = ())]
struct GetDetached {}

#[handler(detached)]
async fn detached(_: &GetDetached) {}

#[tokio::test(start_paused = true)]
async fn a_handler_may_answer_at_the_second_attempt() {
    let bus = bus().state(AtomicU32::new(0)).handler::<count>().start().unwrap();
    assert_eq!(bus.request(GetCount { least: 1 }).await.unwrap(), 1);
    let error = bus.request(GetCount { least: 9 }).await.unwrap_err();
    assert!(error.to_string().ends_with("only 4"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_does_not_take_is_declined() {
    let bus = bus().state(AtomicU32::new(0)).handler::<count>().start().unwrap();
    let error = bus.request(GetCount { least: 10 }).await.unwrap_err();
    assert!(matches!(error, RequestError::Declined { .. }), "{error}");
    assert!(error.to_string().contains("does not take this request `options.count.get`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_has_not_answered() {
    let bus = bus().handler::<slow>().start().unwrap();
    let error = bus.request(GetSlow {}).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(FailureKind::TimedOut { .. })), "{error}");
}

#[test]
fn a_detached_handler_cannot_answer() {
    let error = bus().handler::<detached>().start().unwrap_err();
    assert_eq!(error.problems().len(), 1);
    assert!(error.to_string().contains("detached"), "{error}");
}
