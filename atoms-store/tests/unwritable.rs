//! Events that cannot be written to the file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::store::StoreBuilder;
use atoms::{DeliveryFailed, LetterRecipient, PostRefusal};
use serde::Serializer;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

fn refuse<S: Serializer>(_: &u32, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("it has no form"))
}

#[event(type = "unwritable.formless")]
struct Formless {
    #[serde(serialize_with = "refuse")]
    number: u32,
}

#[event(type = "unwritable.order")]
struct Order {
    #[event(key)]
    number: u32,
}

#[derive(Default)]
struct Calls {
    emits: AtomicU32,
    bills: AtomicU32,
    told: AtomicU32,
}

#[handler(id = "unwritable.emits")]
async fn emits(order: &Order, calls: State<Calls>) -> Option<Formless> {
    calls.emits.fetch_add(1, Ordering::Relaxed);
    (order.number == 1).then_some(Formless { number: 1 })
}

#[handler(id = "unwritable.bill")]
fn bill(_: &Order, calls: State<Calls>) {
    calls.bills.fetch_add(1, Ordering::Relaxed);
}

#[handler(id = "unwritable.tells")]
fn tells(_: &DeliveryFailed, calls: State<Calls>) {
    calls.told.fetch_add(1, Ordering::Relaxed);
}

#[handler(id = "unwritable.takes")]
fn takes(_: &Formless) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_and_cannot_be_written_is_a_dead_letter_of_its_handler() {
    let directory = tempfile::tempdir().unwrap();
    let (path, calls) = (directory.path().join("shop.db"), Arc::new(Calls::default()));
    let builder = Bus::builder().without_discovery().store(Sqlite::open(&path).unwrap());
    let builder = builder.shared_state(Arc::clone(&calls)).handler::<emits>().handler::<bill>();
    let bus = builder.handler::<tells>().handler::<takes>().start().unwrap();
    let error = bus.post(Formless { number: 0 }).await.unwrap_err();
    assert_eq!(error.reason(), PostRefusal::Store);

    for _ in 0..2 {
        bus.post(Order { number: 1 }).await.unwrap();
    }
    bus.post(Order { number: 2 }).await.unwrap();
    timeout(SOON, bus.idle()).await.expect("what cannot be written is not tried for ever");
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 2, "{letters:?}");
    for letter in letters {
        assert_eq!(letter.recipient(), Some(&LetterRecipient::Handler("unwritable.emits".into())));
        assert_eq!(letter.event().event_type(), "unwritable.order");
        let error = letter.attempts()[0].error();
        assert!(error.contains("cannot be written to the store") && error.contains("no form"), "{error}");
    }
    let counts = [&calls.emits, &calls.bills, &calls.told].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts, [3, 3, 2], "each handler is called once, and what is wrong is told");
    bus.shutdown(SOON).await.unwrap();
}
