//! What any [`LetterStore`] does: [`check`] is a test of one.

use std::sync::Arc;

use crate::engine::Bus;
use crate::event::{AnyEvent, RawEvent};
use crate::handler::Refusal;
use crate::letters::{DeadLetter, DeadLetterCause, LetterStore};

/// Checks a store that `make` returns empty, with room for this many letters and this many bytes of memory together.
/// Panics with what is wrong.
///
/// ```
/// use std::sync::Arc;
/// use atoms::{LetterStore, MemoryLetters};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// atoms::testing::letters::check(|capacity, bytes| async move {
///     Arc::new(MemoryLetters::new(capacity, bytes)) as Arc<dyn LetterStore>
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
///
/// If the store does not do what [`LetterStore`] says.
pub async fn check<F: Future<Output = Arc<dyn LetterStore>>>(make: impl Fn(usize, usize) -> F) {
    const MIB: usize = 1024 * 1024;
    let bus = Bus::builder().without_discovery().start().expect("a bus without handlers starts");
    let make = async |capacity, bytes| {
        let store = make(capacity, bytes).await;
        store.start(bus.stored_events());
        store
    };
    kept_by_number(&*make(8, MIB).await).await;
    replaced(&*make(8, MIB).await).await;
    bounded(&*make(2, MIB).await, 3, 10, &[4, 5]).await;
    bounded(&*make(8, 100_000).await, 3, 40_000, &[4, 5]).await;
    bounded(&*make(8, 1_000).await, 4, 40_000, &[5]).await;
}

fn letter(store: &dyn LetterStore, bytes: usize) -> Arc<DeadLetter> {
    let frame = format!(r#"{{"type":"test.lost","text":"{}"}}"#, "x".repeat(bytes));
    let event = AnyEvent::from(RawEvent::new("test.lost", frame.as_bytes(), None, None, None));
    Arc::new(DeadLetter::new(store.next_id(), event, DeadLetterCause::Refused(Refusal::MailboxFull)))
}

async fn ids(store: &dyn LetterStore) -> Vec<u64> {
    store.list(0, usize::MAX).await.unwrap().iter().map(|letter| letter.id()).collect()
}

async fn kept_by_number(store: &dyn LetterStore) {
    assert_eq!((ids(store).await, store.count().await.unwrap()), (vec![], 0), "a new store is empty");
    let letters = [letter(store, 1), letter(store, 2), letter(store, 3)];
    let numbers: Vec<u64> = letters.iter().map(|letter| letter.id()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "numbers go up: {numbers:?}");
    for place in [2, 0, 1] {
        store.put(Arc::clone(&letters[place])).await.unwrap();
    }
    assert_eq!(ids(store).await, numbers, "letters are listed by their numbers");
    assert_eq!(store.count().await.unwrap(), 3);
    let page = store.list(numbers[0], 1).await.unwrap();
    assert_eq!(
        (page.len(), page[0].id()),
        (1, numbers[1]),
        "a page begins above the number, and is no longer"
    );
    let kept = store.get(numbers[1]).await.unwrap().expect("a letter that was put is there");
    assert_eq!((kept.event().event_type(), kept.cause()), ("test.lost", letters[1].cause()));
    assert_eq!(kept.event().id(), letters[1].event().id(), "an event keeps its id");
    assert_eq!(kept.at(), letters[1].at(), "a letter keeps its time");
    let of_event = store.of_event(letters[1].event().id().clone()).await.unwrap();
    let of_event: Vec<_> = of_event.iter().map(|letter| letter.id()).collect();
    assert_eq!(of_event, [numbers[1]], "the letters of an event are found");
    assert_eq!(store.take(numbers[1]).await.unwrap().map(|letter| letter.id()), Some(numbers[1]));
    assert!(store.take(numbers[1]).await.unwrap().is_none(), "a letter is taken once");
    assert!(store.get(numbers[1]).await.unwrap().is_none(), "a letter that was taken is gone");
    assert_eq!(ids(store).await, [numbers[0], numbers[2]]);
    assert!(store.next_id() > numbers[2], "a number is not given twice");
    assert_eq!(store.dropped().await.unwrap(), 0);
}

async fn replaced(store: &dyn LetterStore) {
    let first = letter(store, 10);
    store.put(Arc::clone(&first)).await.unwrap();
    let again =
        DeadLetter::new(first.id(), first.event().clone(), DeadLetterCause::Refused(Refusal::Unhandled));
    store.put(Arc::new(again)).await.unwrap();
    assert_eq!(store.count().await.unwrap(), 1, "a letter takes the place of the one with its number");
    let kept = store.get(first.id()).await.unwrap().unwrap();
    assert_eq!(*kept.cause(), DeadLetterCause::Refused(Refusal::Unhandled));
}

/// Puts letters of so many bytes, one after the other: those with these places among them are left.
async fn bounded(store: &dyn LetterStore, dropped: u64, bytes: usize, left: &[usize]) {
    let mut numbers = Vec::new();
    for _ in 0..dropped as usize + left.len() {
        let letter = letter(store, bytes);
        numbers.push(letter.id());
        store.put(letter).await.unwrap();
    }
    let left: Vec<_> = left.iter().map(|place| numbers[place - 1]).collect();
    assert_eq!(ids(store).await, left, "the letters with the lowest numbers make room");
    assert_eq!(store.dropped().await.unwrap(), dropped);
}
