//! A handler that asks is called again if asking again may help, as the error of the request's handler says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{Handler, RequestError, Retryable};
use tokio::time::{Instant, sleep};

use crate::bus;

#[request(type = "retries.count", reply = u32)]
struct Count {
    item: String,
}

#[event(type = "retries.order")]
struct Order {
    item: String,
}

#[derive(Debug, thiserror::Error)]
enum CountError {
    #[error("the stock is being counted")]
    Busy,
    #[error("there is no such item")]
    NoSuchItem,
}

impl Retryable for CountError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy)
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }
}

fn error(item: &str) -> CountError {
    if item == "busy" { CountError::Busy } else { CountError::NoSuchItem }
}

#[handler]
async fn count(ask: &Count) -> Result<u32, CountError> {
    Err(error(&ask.item))
}

#[handler]
fn count_at_once(ask: &Count) -> Result<u32, CountError> {
    Err(error(&ask.item))
}

#[handler(retry(attempts = 2, delay = "1ms"))]
async fn count_twice(ask: &Count) -> Result<u32, CountError> {
    Err(error(&ask.item))
}

#[handler]
async fn silent(_: &Count) -> Result<u32, String> {
    Err("there is none".into())
}

#[handler(timeout = "1s")]
async fn slow(_: &Count) -> u32 {
    sleep(Duration::from_secs(60)).await;
    0
}

#[handler]
async fn panics(_: &Count) -> Result<u32, CountError> {
    panic!("a bug")
}

#[handler(retry(attempts = 3, delay = "1s"))]
async fn ask(order: &Order, context: Context, calls: State<AtomicUsize>) -> Result<(), RequestError> {
    calls.fetch_add(1, Ordering::Relaxed);
    context.request(Count { item: order.item.clone() }).await.map(drop)
}

/// How often the handler was called that asks for this, and for how many seconds it waited.
async fn asked<H: Handler>(item: &'static str) -> (usize, u64) {
    let calls = Arc::new(AtomicUsize::new(0));
    let bus = bus().shared_state(calls.clone()).handler::<ask>().handler::<H>().start().unwrap();
    let began = Instant::now();
    assert!(!bus.emit(Order { item: item.into() }).await.is_ok());
    (calls.load(Ordering::Relaxed), began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn what_failed_for_good_is_not_asked_again() {
    assert_eq!(asked::<count>("moon").await, (1, 0));
    assert_eq!(asked::<count_at_once>("moon").await, (1, 0));
    assert_eq!(asked::<count_twice>("moon").await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_may_be_tried_again_is_and_after_the_wait_that_the_error_names() {
    assert_eq!(asked::<count>("busy").await, (3, 60));
    assert_eq!(asked::<count_at_once>("busy").await, (3, 60));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_says_nothing_and_a_time_out_are_tried_again() {
    assert_eq!(asked::<silent>("moon").await, (3, 1 + 2));
    assert_eq!(asked::<slow>("moon").await, (3, 3 + 1 + 2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_request_without_an_answer_are_not() {
    assert_eq!(asked::<panics>("moon").await, (1, 0));
    let calls = Arc::new(AtomicUsize::new(0));
    let bus = bus().shared_state(calls.clone()).handler::<ask>().handler::<count>().start().unwrap();
    bus.shutdown(Duration::from_secs(1)).await.unwrap();
    let error = bus.request(Count { item: "busy".into() }).await.unwrap_err();
    assert!(!error.is_retryable() && error.retry_after().is_none(), "{error}");
}
