//! A backlog and the dead letters of its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{A_MOMENT, Checked, SOON, checked, done, is_lost, post};
use crate::engine::Bus;
use crate::engine::runner::described;
use crate::event::{AnyEvent, EventId, HandlerSymbol};
use crate::handler::{
    AsyncHandler, FailureKind, Handler, HandlerInfo, HandlerParam, Parameters, Place, State,
};
use crate::letters::{Attempt, DeadLetter, DeadLetterCause, LetterRecipient, LetterStore, MemoryLetters};
use crate::queue::{Acknowledgement, Backlog, NewPost};
use crate::store::{StoreError, StoreErrorKind, StoreFuture};

/// Whether the handler fails, and how often it was called.
#[derive(Default)]
struct Calls {
    fails: AtomicBool,
    count: AtomicUsize,
}

struct Fails;

const FAILS: &str = "atoms::testing::backlog::Fails";

impl Handler for Fails {
    fn info() -> &'static HandlerInfo {
        static INFO: HandlerInfo = described::asynchronous::<Fails>(Place {
            path: FAILS,
            file: file!(),
            line: line!(),
            is_in_unit_test: false,
        });
        &INFO
    }
}

impl HandlerSymbol for Fails {
    fn handler() {}
}

impl HandlerParam<0> for Fails {
    type Type = State<Calls>;
}

impl AsyncHandler for Fails {
    type Named = Self;
    type Input = Checked;
    type Params = Parameters<Self, 1>;
    type Output = Result<(), String>;

    crate::__finish! { Checked, Result<(), String> }

    async fn call(_: &Checked, (calls,): (State<Calls>,)) -> Result<(), String> {
        calls.count.fetch_add(1, Ordering::SeqCst);
        if calls.fails.load(Ordering::SeqCst) { Err("it fails".into()) } else { Ok(()) }
    }
}

fn bus_on(backlog: &Arc<dyn Backlog>, letters: &Arc<dyn LetterStore>, calls: &Arc<Calls>) -> Bus {
    let builder = Bus::builder().without_discovery().handler::<Fails>().shared_state(Arc::clone(calls));
    let builder = builder.backlog(Arc::clone(backlog)).letter_store(Arc::clone(letters));
    builder.start().expect("a bus on a backlog starts")
}

/// A letter of this event, which the handler has failed for once.
fn letter(store: &dyn LetterStore, event: AnyEvent) -> Arc<DeadLetter> {
    let attempts = vec![Attempt::new(&FailureKind::Error("it has failed".into()))];
    let cause = DeadLetterCause::Failed { recipient: LetterRecipient::Handler(FAILS.into()), attempts };
    Arc::new(DeadLetter::new(store.next_id(), event, cause))
}

async fn ids(store: &dyn LetterStore) -> Vec<u64> {
    store.list(0, usize::MAX).await.unwrap().iter().map(|letter| letter.id()).collect()
}

/// Letters in memory, which cannot be written for as long as the disk fails.
#[derive(Default)]
struct Failing {
    memory: MemoryLetters,
    fails: AtomicBool,
}

impl LetterStore for Failing {
    fn next_id(&self) -> u64 {
        self.memory.next_id()
    }

    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()> {
        if !self.fails.load(Ordering::SeqCst) {
            return self.memory.put(letter);
        }
        let error = StoreError::new(StoreErrorKind::Unavailable, "the disk fails");
        Box::pin(std::future::ready(Err(error)))
    }

    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        self.memory.get(id)
    }

    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        self.memory.list(above, limit)
    }

    fn of_event(&self, event: EventId) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        self.memory.of_event(event)
    }

    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        self.memory.take(id)
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        self.memory.count()
    }

    fn dropped(&self) -> StoreFuture<'_, u64> {
        self.memory.dropped()
    }
}

pub(super) async fn an_event_whose_letter_is_not_kept_is_not_acknowledged(backlog: Arc<dyn Backlog>) {
    let (letters, calls) = (Arc::new(Failing::default()), Arc::new(Calls::default()));
    calls.fails.store(true, Ordering::SeqCst);
    letters.fails.store(true, Ordering::SeqCst);
    let bus = bus_on(&backlog, &(Arc::clone(&letters) as _), &calls);
    bus.post_any(checked(1, None, 0)).await.unwrap();
    while calls.count.load(Ordering::SeqCst) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    sleep(A_MOMENT * 5).await;
    assert_eq!(backlog.count().await.unwrap(), 1, "an event is there for as long as its letter is not");
    letters.fails.store(false, Ordering::SeqCst);
    timeout(SOON, bus.idle()).await.expect("a letter is kept when that is possible again");
    assert_eq!((ids(&*letters).await.len(), backlog.count().await.unwrap()), (1, 0));
    assert_eq!(calls.count.load(Ordering::SeqCst), 1, "the handler is not called for it again");
}

pub(super) async fn letters_are_kept_and_settled_as_it_is_acknowledged(
    backlog: &dyn Backlog,
    letters: &dyn LetterStore,
) {
    if !backlog.keeps_letters_in(letters) {
        return;
    }
    assert!(!backlog.keeps_letters_in(&MemoryLetters::default()), "letters elsewhere are in no commit of it");
    let event = checked(1, None, 0);
    backlog.post(vec![NewPost::new(event.clone(), ["a"])]).await.unwrap();
    let [first, second] = [letter(letters, event.clone()), letter(letters, event)];
    let (first_id, second_id) = (first.id(), second.id());
    letters.put(first).await.unwrap();
    let ticket = backlog.take(1).await.unwrap()[0].ticket;
    backlog.give_back(ticket).await.unwrap();
    let taken = backlog.take(1).await.unwrap().remove(0);
    let with = |ticket| {
        let (letters, settled) = (vec![Arc::clone(&second)], vec![first_id]);
        Acknowledgement { letters, settled, ..done(ticket, &["a"], vec![post(2)]) }
    };
    assert!(is_lost(backlog.acknowledge(with(ticket))).await);
    assert_eq!(ids(letters).await, [first_id], "what was lost has changed no letters");
    backlog.acknowledge(with(taken.ticket)).await.unwrap();
    assert_eq!(ids(letters).await, [second_id]);
}

pub(super) async fn an_event_that_is_delivered_again_has_one_letter(
    backlog: Arc<dyn Backlog>,
    letters: Arc<dyn LetterStore>,
) {
    // As a process leaves it that ends between the letter and the acknowledgement.
    let event = checked(1, None, 0);
    backlog.post(vec![NewPost::new(event.clone(), [FAILS])]).await.unwrap();
    let ticket = backlog.take(1).await.unwrap()[0].ticket;
    backlog.give_back(ticket).await.unwrap();
    let first = letter(&*letters, event.clone());
    let id = first.id();
    letters.put(first).await.unwrap();
    let calls = Arc::new(Calls::default());
    calls.fails.store(true, Ordering::SeqCst);
    let bus = bus_on(&backlog, &letters, &calls);
    timeout(SOON, bus.idle()).await.expect("an event that was left is delivered");
    let kept = letters.list(0, usize::MAX).await.unwrap();
    assert_eq!(
        (kept.len(), backlog.count().await.unwrap()),
        (1, 0),
        "there is one letter of an event and a handler"
    );
    assert_eq!(
        (kept[0].id(), kept[0].attempts().len()),
        (id, 2),
        "a letter keeps its number and its attempts"
    );
    bus.shutdown(SOON).await.unwrap();

    backlog.post(vec![NewPost::new(event, [FAILS])]).await.unwrap();
    let ticket = backlog.take(1).await.unwrap()[0].ticket;
    backlog.give_back(ticket).await.unwrap();
    calls.fails.store(false, Ordering::SeqCst);
    let bus = bus_on(&backlog, &letters, &calls);
    timeout(SOON, bus.idle()).await.expect("an event that was left is delivered");
    assert_eq!(ids(&*letters).await, [0; 0], "what the handler is done with has no letter");
    assert_eq!(calls.count.load(Ordering::SeqCst), 2);
}
