//! How much is taken, and that a commit is taken once and as a whole.

use futures_util::future::join;
use tokio::time::timeout;

use super::{A_MOMENT, SOON, checked, done, drain, from_now, number, post, post_all};
use crate::queue::{Backlog, BacklogRoom, NewPost, Priority, QueueDepths};
use crate::store::StoreErrorKind;

async fn is_full(backlog: &dyn Backlog, post: NewPost) -> bool {
    backlog.post(vec![post]).await.is_err_and(|error| error.kind() == StoreErrorKind::Full)
}

pub(super) async fn it_is_bounded_in_number(backlog: &dyn Backlog) {
    post_all(backlog, [post(1), post(2)]).await;
    assert!(is_full(backlog, post(3)).await, "so many events are taken");
    post_all(backlog, [post(4).with_priority(Priority::High)]).await;
    post_all(backlog, [post(5), post(6)].map(|post| post.with_due(from_now(60_000)))).await;
    assert!(is_full(backlog, post(7).with_due(from_now(60_000))).await, "so many are taken that are not due");
    assert!(timeout(A_MOMENT, backlog.room(BacklogRoom::Of(Priority::Normal), 0)).await.is_err());
    let taken = backlog.take(8).await.unwrap();
    assert!(is_full(backlog, post(8)).await, "an event takes room until it is done");
    let room =
        async { timeout(SOON, backlog.room(BacklogRoom::Of(Priority::Normal), 0)).await.unwrap().unwrap() };
    let ticket = taken.iter().find(|taken| number(taken) == 1).unwrap().ticket;
    let acknowledge = async { backlog.acknowledge(done(ticket, &["a"], vec![])).await.unwrap() };
    join(room, acknowledge).await;
    post_all(backlog, [post(9)]).await;
}

pub(super) async fn it_is_bounded_in_bytes(backlog: &dyn Backlog) {
    let of = |number, bytes| NewPost::new(checked(number, None, bytes), ["a"]);
    post_all(backlog, [of(1, 60_000)]).await;
    assert!(is_full(backlog, of(2, 60_000)).await, "so many bytes are taken");
    post_all(backlog, [of(3, 10_000), of(4, 60_000).with_priority(Priority::High)]).await;
    post_all(backlog, [of(5, 60_000).with_due(from_now(60_000))]).await;
    assert_eq!(drain(backlog).await, [4, 1, 3]);
    post_all(backlog, [of(6, 5_000_000)]).await;
    assert!(is_full(backlog, of(7, 1)).await, "an event that is larger than all room is alone");
    assert_eq!(drain(backlog).await, [6]);
    post_all(backlog, [of(8, 1)]).await;
    assert!(is_full(backlog, of(9, 5_000_000)).await, "it waits until nothing else is there");
}

pub(super) async fn what_is_not_done_is_counted_by_room(backlog: &dyn Backlog) {
    assert_eq!(backlog.depths().await.unwrap(), QueueDepths::default());
    let urgent = post(1).with_priority(Priority::High);
    post_all(backlog, [urgent, post(2), post(3), post(4).with_priority(Priority::Background)]).await;
    post_all(backlog, [post(5).with_due(from_now(60_000)), post(6).with_due(from_now(0))]).await;
    let counted = async || {
        let depths = backlog.depths().await.unwrap();
        let all = [depths.high, depths.normal, depths.background, depths.delayed];
        assert!(all.iter().all(|depth| (depth.events == 0) == (depth.bytes == 0)), "bytes: {all:?}");
        assert_eq!(all.iter().map(|depth| depth.events).sum::<usize>(), backlog.count().await.unwrap());
        all.map(|depth| depth.events)
    };
    assert_eq!(counted().await, [1, 2, 1, 2], "each is counted in its room, those that are due as well");
    let taken = backlog.take(1).await.unwrap();
    assert_eq!(counted().await, [1, 2, 1, 2], "until it is done");
    backlog.acknowledge(done(taken[0].ticket, &["a"], vec![post(7)])).await.unwrap();
    assert_eq!(counted().await, [0, 3, 1, 2]);
    drain(backlog).await;
    assert_eq!(counted().await, [0, 0, 0, 1]);
}

pub(super) async fn a_commit_is_all_or_nothing(backlog: &dyn Backlog) {
    let error = backlog.post(vec![post(1), post(2), post(3)]).await.unwrap_err();
    assert_eq!((error.kind(), backlog.count().await.unwrap()), (StoreErrorKind::Full, 0));
    let numbers = backlog.post(vec![post(1), post(2)]).await.unwrap();
    assert!(numbers[0] < numbers[1], "numbers go up: {numbers:?}");
}

pub(super) async fn an_event_is_posted_once(backlog: &dyn Backlog) {
    let again = post(1);
    let first = backlog.post(vec![again.clone()]).await.unwrap();
    assert_eq!(backlog.post(vec![again]).await.unwrap(), first);
    assert_eq!(drain(backlog).await, [1]);
}
