//! What is taken first: by key, by priority, by deadline.

use std::time::{Duration, SystemTime};

use futures_util::future::join;
use tokio::time::timeout;

use super::{A_MOMENT, Checked, SOON, done, drain, from_now, keyed, numbers, post, post_all};
use crate::queue::{Backlog, DelayName, DelayedEvent, DelayedFilter, Priority};

pub(super) async fn keys_are_in_order(backlog: &dyn Backlog) {
    let low = |number| keyed(number, "k").with_priority(Priority::Background);
    post_all(backlog, [low(1), keyed(2, "k").with_priority(Priority::High), post(3), keyed(4, "other")])
        .await;
    let taken = backlog.take(8).await.unwrap();
    assert_eq!(numbers(&taken), [3, 4, 1], "an event waits for the one of its key before it");
    let first = taken[2].ticket;
    backlog.acknowledge(done(first, &["a"], vec![keyed(5, "k")])).await.unwrap();
    let taken = backlog.take(8).await.unwrap();
    assert_eq!(numbers(&taken), [2], "an event goes on when the one of its key before it is done");
    backlog.give_back(taken[0].ticket).await.unwrap();
    assert_eq!(numbers(&backlog.take(8).await.unwrap()), [2], "an event that is given back keeps its key");
}

pub(super) async fn a_key_that_is_held_up_holds_up_no_other(backlog: &dyn Backlog) {
    post_all(backlog, (0..40).map(|number| keyed(number, "k"))).await;
    post_all(backlog, [keyed(40, "other")]).await;
    let taken = backlog.take(2).await.unwrap();
    assert_eq!(numbers(&taken), [0, 40], "however many of one key wait, others are taken");
}

pub(super) async fn priorities_go_first(backlog: &dyn Backlog) {
    let priorities = [Priority::Background, Priority::Normal, Priority::High, Priority::Normal];
    let posts = (0..).zip(priorities).map(|(number, priority)| post(number).with_priority(priority));
    post_all(backlog, posts).await;
    assert_eq!(drain(backlog).await, [2, 1, 3, 0]);
}

pub(super) async fn deadlines_are_in_order(backlog: &dyn Backlog) {
    let due = |number, micros: u64| {
        let due = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        keyed(number, "k").with_due(due.into())
    };
    post_all(
        backlog,
        [due(3, 900), due(1, 500), due(2, 500), due(4, 900), post(5).with_due(from_now(60_000))],
    )
    .await;
    assert_eq!(
        drain(backlog).await,
        [1, 2, 3, 4],
        "what is overdue comes by its deadline, and then by its number"
    );
    assert_eq!(backlog.count().await.unwrap(), 1, "what is not due stays");
}

pub(super) async fn what_is_due_is_ready_then(backlog: &dyn Backlog) {
    assert!(timeout(A_MOMENT, backlog.ready()).await.is_err(), "an empty backlog has nothing ready");
    post_all(backlog, [post(1).with_due(from_now(300)), keyed(2, "k")]).await;
    timeout(SOON, backlog.ready()).await.expect("what is posted is ready").unwrap();
    assert_eq!(numbers(&backlog.take(8).await.unwrap()), [2]);
    post_all(backlog, [keyed(3, "k")]).await;
    timeout(SOON, backlog.ready()).await.expect("what is due becomes ready").unwrap();
    let taken = backlog.take(8).await.unwrap();
    assert_eq!(numbers(&taken), [1], "what waits for its key is not ready");
    let ready = async { timeout(SOON, backlog.ready()).await.expect("what is given back is ready").unwrap() };
    let give_back = async { backlog.give_back(taken[0].ticket).await.unwrap() };
    join(ready, give_back).await;
}

pub(super) async fn what_is_cancelled_never_comes(backlog: &dyn Backlog) {
    let posts = [1, 2].map(|number| post(number).with_due(from_now(1_000)));
    let [first, second] = [0, 1].map(|place| posts[place].event.id().clone());
    post_all(backlog, posts).await;
    assert!(backlog.is_pending(first.clone()).await.unwrap());
    assert!(backlog.cancel(first.clone()).await.unwrap());
    assert!(!backlog.cancel(first.clone()).await.unwrap() && !backlog.is_pending(first).await.unwrap());
    timeout(SOON, backlog.ready()).await.expect("the other one becomes ready").unwrap();
    assert!(!backlog.cancel(second).await.unwrap(), "what is due cannot be cancelled");
    assert_eq!(drain(backlog).await, [2]);
    let now = post(3);
    let id = now.event.id().clone();
    post_all(backlog, [now]).await;
    assert!(!backlog.cancel(id).await.unwrap(), "what is due at once cannot be cancelled");
}

pub(super) async fn what_is_not_due_is_listed_by_name(backlog: &dyn Backlog) {
    let named = |number, millis, key: &str| {
        post(number).with_due(from_now(millis)).with_name(DelayName::new("reminder", key))
    };
    let due = from_now(50_000);
    post_all(backlog, [named(1, 60_000, "a"), named(2, 70_000, "b"), post(3).with_due(due), post(4)]).await;
    let other = post(5).with_due(from_now(80_000)).with_name(DelayName::new("offer", "a"));
    let (other_id, cancelled) = (other.event.id().clone(), named(6, 55_000, "a"));
    let cancelled_id = cancelled.event.id().clone();
    post_all(backlog, [other, cancelled]).await;
    assert!(backlog.cancel(cancelled_id).await.unwrap());
    let list = async |name: Option<&str>, key: Option<&str>, limit| {
        let mut filter = DelayedFilter::default();
        (filter.name, filter.key) = (name.map(Into::into), key.map(Into::into));
        let listed = backlog.delayed(filter, limit).await.unwrap();
        assert!(listed.is_sorted_by_key(DelayedEvent::due), "they are sorted by when they are due");
        let number = |it: &DelayedEvent| it.event().downcast_ref::<Checked>().unwrap().number;
        (listed.iter().map(number).collect::<Vec<_>>(), listed)
    };
    let (numbers, listed) = list(None, None, 8).await;
    assert_eq!(numbers, [3, 1, 2, 5]);
    assert_eq!((listed[0].due(), listed[0].name()), (due, None));
    assert_eq!(listed[3].event().id(), &other_id);
    assert_eq!(listed[3].name(), Some(&DelayName::new("offer", "a")));
    assert_eq!(list(None, None, 2).await.0, [3, 1]);
    assert_eq!(list(Some("reminder"), None, 8).await.0, [1, 2]);
    assert_eq!(list(Some("reminder"), Some("b"), 8).await.0, [2]);
    assert_eq!(list(None, Some("a"), 8).await.0, [1, 5]);
    assert_eq!(list(Some("none"), None, 8).await.0, [0; 0]);
    let (plain, named) = (post(7).with_due(due), named(8, 60_000, "a"));
    assert!(named.size() > plain.size(), "a name takes room");
    let bytes = async || backlog.depths().await.unwrap().delayed.bytes;
    let before = bytes().await;
    let size = named.size();
    post_all(backlog, [named]).await;
    assert_eq!(bytes().await - before, size);
}

pub(super) async fn what_is_given_back_comes_first(backlog: &dyn Backlog) {
    post_all(backlog, [post(1), post(2), post(3)]).await;
    let taken = backlog.take(2).await.unwrap();
    for taken in taken.iter().rev() {
        backlog.give_back(taken.ticket).await.unwrap();
    }
    assert_eq!(drain(backlog).await, [1, 2, 3]);
}
