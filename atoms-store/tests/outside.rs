//! What is seen and done from outside of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::DeadLetterCause;
use atoms::control::{Checkpoint, Control};
use atoms::prelude::*;
use atoms::store::{OpenError, Outside, OutsideError};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

#[event(type = "outside.order")]
struct Order {}

#[derive(Default)]
struct Calls(AtomicU32);

#[handler(id = "outside.bill")]
fn bill(_: &Order, calls: State<Calls>) -> Result<(), String> {
    if calls.0.fetch_add(1, Ordering::Relaxed) < 3 { Err("no paper".into()) } else { Ok(()) }
}

async fn until(is_so: impl AsyncFn() -> bool) {
    timeout(SOON, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_listed_redelivered_and_discarded_while_the_program_runs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    assert!(matches!(Outside::open(&path), Err(OpenError::Sqlite { .. })), "there is no file");
    let calls = Arc::new(Calls::default());
    let builder = Bus::builder().without_discovery().store(Sqlite::open(&path).unwrap());
    let bus = builder.shared_state(Arc::clone(&calls)).handler::<bill>().start().unwrap();
    let seen = Arc::new(AtomicU32::new(0));
    let _seen = bus.on::<Order>({
        let seen = Arc::clone(&seen);
        move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    bus.post(Order {}).await.unwrap();
    bus.post(Order {}).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    bus.post(Order {}).after(Duration::from_secs(3_600)).await.unwrap();
    bus.questions().open(Checkpoint::new("plan").title("The plan")).await.unwrap();

    let mut outside = Outside::open(&path).unwrap();
    let posts = outside.posts(9).unwrap();
    let [later] = &posts[..] else { panic!("{posts:?}") };
    assert_eq!((&*later.event_type, &*later.handlers), ("outside.order", &["outside.bill".to_owned()][..]));
    assert!(later.due.is_some());
    assert_eq!(outside.questions(9).unwrap()[0].title, "The plan");
    let letters = outside.letters(9).unwrap();
    let [first, second] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((&*first.event_type, first.cause.to_string()), ("outside.order", "no paper".to_owned()));

    outside.redeliver(first.number).unwrap();
    until(async || outside.letters(9).unwrap()[0].cause != first.cause).await;
    let again = &outside.letters(9).unwrap()[0];
    assert_eq!(again.number, first.number, "what fails again keeps its number");
    let DeadLetterCause::Failed { attempts, .. } = &again.cause else { panic!("{again:?}") };
    assert_eq!(attempts.len(), 2, "and its attempts");
    outside.redeliver(first.number).unwrap();
    until(async || outside.letters(9).unwrap().len() == 1).await;
    assert_eq!(outside.letters(9).unwrap()[0].number, second.number, "what is done has no letter");
    assert_eq!(seen.load(Ordering::Relaxed), 2, "nobody else sees what is redelivered");
    assert!(outside.discard(second.number).unwrap());
    assert!(!outside.discard(second.number).unwrap());
    let error = outside.redeliver(first.number).unwrap_err();
    assert!(matches!(error, OutsideError::NotFound(_)), "{error}");
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
}
