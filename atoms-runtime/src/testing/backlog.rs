//! What any [`Backlog`] does: [`check`] is a test of one.

mod bounds;
mod letters;
mod order;
mod shared;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use self::bounds::{
    a_commit_is_all_or_nothing, an_event_is_posted_once, it_is_bounded_in_bytes, it_is_bounded_in_number,
    what_is_not_done_is_counted_by_room,
};
use self::letters::{
    an_event_that_is_delivered_again_has_one_letter, an_event_whose_letter_is_not_kept_is_not_acknowledged,
    letters_are_kept_and_settled_as_it_is_acknowledged,
};
use self::order::{
    a_key_that_is_held_up_holds_up_no_other, deadlines_are_in_order, keys_are_in_order, priorities_go_first,
    what_is_cancelled_never_comes, what_is_due_is_ready_then, what_is_given_back_comes_first,
    what_is_not_due_is_listed_by_name,
};
use self::shared::{
    a_shutdown_leaves_what_was_not_begun, several_take_each_event_once,
    two_runtimes_go_on_with_each_others_events,
};
use crate::engine::Bus;
use crate::event::{AnyEvent, Emitted, Envelope, Event, EventKey, EventType, Timestamp};
use crate::letters::LetterStore;
use crate::queue::{Acknowledgement, Backlog, NewPost, Priority, Taken, Ticket};
use crate::store::{StoreErrorKind, StoreFuture};
use crate::wire::flat_json;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

/// Long enough to see that something does not happen.
const A_MOMENT: Duration = Duration::from_millis(20);

const MIB: usize = 1024 * 1024;

/// What is posted here.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Checked {
    number: u64,
    key: Option<String>,
    text: String,
}

/// By hand, so that it is in no program's registry.
impl Event for Checked {
    const TYPE: &'static str = "atoms.testing.checked";

    type Kind = Emitted;

    fn key(&self) -> Option<EventKey> {
        EventKey::of(&self.key)
    }

    fn event_type() -> &'static EventType {
        static EVENT_TYPE: EventType =
            EventType::new::<Checked>(module_path!(), file!(), line!(), flat_json::<Checked>());
        &EVENT_TYPE
    }
}

/// Checks backlogs that `make` returns empty, with room for this many events of each priority, and this many bytes of
/// memory. Panics with what is wrong. Needs a tokio runtime with time enabled, whose clock is not paused.
///
/// ```
/// use std::sync::Arc;
/// use atoms::{Backlog, MemoryBacklog};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// atoms::testing::backlog::check(|capacity, bytes| async move {
///     Arc::new(MemoryBacklog::new(capacity, bytes)) as Arc<dyn Backlog>
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
///
/// If a backlog does not do what [`Backlog`] says.
pub async fn check<F: Future<Output = Arc<dyn Backlog>>>(make: impl Fn(usize, usize) -> F) {
    let builder = Bus::builder().without_discovery().event::<Checked>();
    let bus = builder.start().expect("a bus without handlers starts");
    let make = async |capacity, bytes| {
        let backlog = make(capacity, bytes).await;
        backlog.start(bus.stored_events());
        backlog
    };
    each_handler_is_done_for_itself(&*make(8, MIB).await).await;
    an_event_is_what_it_was(&*make(8, MIB).await).await;
    what_is_acknowledged_stores_what_follows(&*make(1, MIB).await).await;
    keys_are_in_order(&*make(8, MIB).await).await;
    a_key_that_is_held_up_holds_up_no_other(&*make(64, MIB).await).await;
    priorities_go_first(&*make(8, MIB).await).await;
    deadlines_are_in_order(&*make(8, MIB).await).await;
    what_is_due_is_ready_then(&*make(8, MIB).await).await;
    what_is_cancelled_never_comes(&*make(8, MIB).await).await;
    what_is_not_due_is_listed_by_name(&*make(8, MIB).await).await;
    it_is_bounded_in_number(&*make(2, MIB).await).await;
    it_is_bounded_in_bytes(&*make(8, 100_000).await).await;
    what_is_not_done_is_counted_by_room(&*make(8, MIB).await).await;
    a_commit_is_all_or_nothing(&*make(2, MIB).await).await;
    an_event_is_posted_once(&*make(8, MIB).await).await;
    what_is_given_back_comes_first(&*make(8, MIB).await).await;
    a_ticket_is_good_until_it_is_given_back(&*make(8, MIB).await).await;
    several_take_each_event_once(make(1_024, MIB).await).await;
    a_take_that_is_dropped_takes_nothing(&*make(8, MIB).await).await;
    two_runtimes_go_on_with_each_others_events(make(64, MIB).await).await;
    a_shutdown_leaves_what_was_not_begun(make(64, MIB).await).await;
    an_event_whose_letter_is_not_kept_is_not_acknowledged(make(64, MIB).await).await;
}

/// Checks pairs of a backlog and the store of the dead letters of its events, which `make` returns empty. Panics with what
/// is wrong. It needs what [`check`] needs.
///
/// ```
/// use std::sync::Arc;
/// use atoms::{Backlog, LetterStore, MemoryBacklog, MemoryLetters};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// atoms::testing::backlog::check_letters(|| async {
///     let backlog = Arc::new(MemoryBacklog::default()) as Arc<dyn Backlog>;
///     (backlog, Arc::new(MemoryLetters::default()) as Arc<dyn LetterStore>)
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
///
/// If an event is acknowledged without its letter, or has two of one handler.
pub async fn check_letters<F: Future<Output = (Arc<dyn Backlog>, Arc<dyn LetterStore>)>>(
    make: impl Fn() -> F,
) {
    let builder = Bus::builder().without_discovery().event::<Checked>();
    let bus = builder.start().expect("a bus without handlers starts");
    let make = async || {
        let (backlog, letters) = make().await;
        backlog.start(bus.stored_events());
        letters.start(bus.stored_events());
        (backlog, letters)
    };
    let (backlog, letters) = make().await;
    letters_are_kept_and_settled_as_it_is_acknowledged(&*backlog, &*letters).await;
    let (backlog, letters) = make().await;
    an_event_that_is_delivered_again_has_one_letter(backlog, letters).await;
}

fn checked(number: u64, key: Option<&str>, bytes: usize) -> AnyEvent {
    Envelope::new(Checked { number, key: key.map(Into::into), text: "x".repeat(bytes) }).into()
}

fn post(number: u64) -> NewPost {
    NewPost::new(checked(number, None, 0), ["a"])
}

fn keyed(number: u64, key: &str) -> NewPost {
    NewPost::new(checked(number, Some(key), 0), ["a"])
}

fn number(taken: &Taken) -> u64 {
    taken.event.downcast_ref::<Checked>().expect("an event is of its type").number
}

fn numbers(taken: &[Taken]) -> Vec<u64> {
    taken.iter().map(number).collect()
}

fn done(ticket: Ticket, handlers: &[&str], posts: Vec<NewPost>) -> Acknowledgement {
    let handlers = handlers.iter().copied().map(Into::into).collect();
    Acknowledgement { posts, ..Acknowledgement::new(ticket, handlers) }
}

async fn post_all(backlog: &dyn Backlog, posts: impl IntoIterator<Item = NewPost>) {
    for post in posts {
        backlog.post(vec![post]).await.unwrap();
    }
}

/// Takes and acknowledges one event after the other.
async fn drain(backlog: &dyn Backlog) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let [taken] = &backlog.take(1).await.unwrap()[..] {
        numbers.push(number(taken));
        backlog.acknowledge(Acknowledgement::new(taken.ticket, taken.handlers.clone())).await.unwrap();
    }
    numbers
}

async fn is_lost<T: std::fmt::Debug>(result: StoreFuture<'_, T>) -> bool {
    result.await.is_err_and(|error| error.kind() == StoreErrorKind::Lost)
}

fn from_now(millis: u64) -> Timestamp {
    (SystemTime::now() + Duration::from_millis(millis)).into()
}

async fn each_handler_is_done_for_itself(backlog: &dyn Backlog) {
    assert_eq!(backlog.count().await.unwrap(), 0, "a new backlog is empty");
    assert!(backlog.take(8).await.unwrap().is_empty());
    backlog.post(vec![NewPost::new(checked(1, None, 0), ["a", "b"])]).await.unwrap();
    let [taken] = &backlog.take(8).await.unwrap()[..] else { panic!("one event was posted") };
    assert_eq!(taken.handlers, ["a", "b"]);
    assert!(backlog.take(8).await.unwrap().is_empty(), "an event is taken once");
    backlog.acknowledge(done(taken.ticket, &["b"], vec![])).await.unwrap();
    assert_eq!(backlog.count().await.unwrap(), 1, "an event is there until all handlers are done");
    backlog.give_back(taken.ticket).await.unwrap();
    let [taken] = &backlog.take(8).await.unwrap()[..] else { panic!("an event that is given back is there") };
    assert_eq!(taken.handlers, ["a"], "a handler that is done is not called again");
    backlog.acknowledge(done(taken.ticket, &["a"], vec![])).await.unwrap();
    assert_eq!(backlog.count().await.unwrap(), 0, "an event whose handlers are done is gone");
    backlog.post(vec![NewPost::new(checked(2, None, 0), [""; 0])]).await.unwrap();
    let [taken] = &backlog.take(8).await.unwrap()[..] else {
        panic!("an event without handlers is taken, too")
    };
    backlog.acknowledge(done(taken.ticket, &[], vec![])).await.unwrap();
    assert_eq!(backlog.count().await.unwrap(), 0);
}

async fn an_event_is_what_it_was(backlog: &dyn Backlog) {
    let mut envelope = Envelope::new(Checked { number: 7, key: Some("k".into()), text: "text".into() });
    envelope.metadata_mut().insert("tenant", "t-1");
    let event = AnyEvent::from(envelope).with_hops(5);
    backlog.post(vec![NewPost::new(event.clone(), ["a"]).with_priority(Priority::High)]).await.unwrap();
    let [taken] = &backlog.take(8).await.unwrap()[..] else { panic!("one event was posted") };
    let read = taken.event.downcast_ref::<Checked>().expect("an event is of its type");
    assert_eq!((read.number, &*read.text, read.key.as_deref()), (7, "text", Some("k")));
    assert_eq!((taken.event.id(), taken.event.timestamp()), (event.id(), event.timestamp()));
    assert_eq!(taken.event.metadata(), event.metadata());
    assert_eq!((taken.event.hops(), taken.event.key()), (5, event.key()));
    assert_eq!(taken.priority, Priority::High);
}

async fn what_is_acknowledged_stores_what_follows(backlog: &dyn Backlog) {
    post_all(backlog, [NewPost::new(checked(1, None, 0), ["a", "b"])]).await;
    let ticket = backlog.take(1).await.unwrap()[0].ticket;
    let later = post(4).with_due(from_now(60_000));
    let later_id = later.event.id().clone();
    backlog.acknowledge(done(ticket, &["a"], vec![post(2), post(3), later])).await.unwrap();
    assert_eq!(backlog.count().await.unwrap(), 4, "what follows is taken beyond the room");
    assert!(backlog.is_pending(later_id).await.unwrap());
    assert_eq!(numbers(&backlog.take(8).await.unwrap()), [2, 3]);
}

async fn a_ticket_is_good_until_it_is_given_back(backlog: &dyn Backlog) {
    post_all(backlog, [post(1)]).await;
    let first = backlog.take(1).await.unwrap()[0].ticket;
    backlog.give_back(first).await.unwrap();
    assert!(is_lost(backlog.acknowledge(done(first, &["a"], vec![post(2)]))).await);
    let second = backlog.take(1).await.unwrap()[0].ticket;
    assert_eq!((second.id, second.times), (first.id, first.times + 1));
    assert!(is_lost(backlog.acknowledge(done(first, &["a"], vec![post(2)]))).await);
    backlog.give_back(first).await.unwrap();
    assert!(backlog.take(1).await.unwrap().is_empty(), "an old ticket gives nothing back");
    backlog.acknowledge(done(second, &["a"], vec![])).await.unwrap();
    assert!(is_lost(backlog.acknowledge(done(second, &["a"], vec![post(2)]))).await);
    assert_eq!(backlog.count().await.unwrap(), 0, "what was lost has stored nothing");
}

async fn a_take_that_is_dropped_takes_nothing(backlog: &dyn Backlog) {
    post_all(backlog, (0..4).map(post)).await;
    for _ in 0..4 {
        let polled = backlog.take(1).now_or_never();
        for taken in polled.into_iter().flat_map(|taken| taken.unwrap()) {
            backlog.give_back(taken.ticket).await.unwrap();
        }
    }
    let mut seen = Vec::new();
    while seen.len() < 4 {
        timeout(SOON, backlog.ready()).await.expect("what nobody has is ready").unwrap();
        seen.extend(drain(backlog).await);
    }
    assert_eq!(seen, [0, 1, 2, 3]);
}
