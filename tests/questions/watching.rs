//! Changes of the list of open questions, and ends that others wait for.

use std::time::Duration;

use atoms::control::{NotAnswered, QuestionId, QuestionKind, Watch};
use atoms::prelude::*;
use tokio::time::timeout;

use crate::{SOON, ada, bob, bus, plan, started};

/// Whether the watch tells of a change by now.
async fn has_changed(watch: &mut Watch) -> bool {
    timeout(Duration::from_millis(20), watch.changed()).await.unwrap_or(false)
}

#[tokio::test]
async fn a_watch_tells_of_what_was_opened_and_of_what_has_ended() {
    let bus = started();
    let mut watch = bus.questions().list().watch();
    assert!(!has_changed(&mut watch).await);
    let id = bus.questions().open(plan()).await.unwrap().id();
    assert!(has_changed(&mut watch).await);
    assert!(!has_changed(&mut watch).await);
    bus.questions().approve(id).by(&ada()).await.unwrap();
    assert!(has_changed(&mut watch).await);
    bus.questions().open(plan().deadline(Duration::from_millis(5))).await.unwrap();
    assert!(has_changed(&mut watch).await);
    assert!(timeout(SOON, watch.changed()).await.unwrap(), "the deadline has come");
}

#[tokio::test]
async fn what_changes_while_nobody_looks_is_told_once() {
    let bus = started();
    let mut watch = bus.questions().list().watch();
    for _ in 0..3 {
        bus.questions().open(Checkpoint::unnamed()).await.unwrap();
    }
    assert!(has_changed(&mut watch).await);
    assert!(!has_changed(&mut watch).await);
}

#[tokio::test]
async fn a_watch_tells_nothing_of_questions_that_are_not_in_its_list() {
    let bus = started();
    let (ada, bob) = (ada(), bob());
    let list = || bus.questions().list();
    let mut watches = [
        list().answerable_by(&bob).watch(),
        list().answerable_by(&ada).watch(),
        list().session("s-1").watch(),
        list().kind(QuestionKind::Input).watch(),
    ];
    let id = bus.questions().open(plan().role("manager").session("s-2")).await.unwrap().id();
    let mut told = Vec::new();
    for watch in &mut watches {
        told.push(has_changed(watch).await);
    }
    assert_eq!(told, [false, true, false, false]);
    bus.questions().reject(id).by(&ada).await.unwrap();
    assert!(!has_changed(&mut watches[0]).await);
    assert!(has_changed(&mut watches[1]).await);
}

#[tokio::test]
async fn a_question_that_exists_already_is_no_change() {
    let bus = started();
    let id = QuestionId::generate();
    bus.questions().open(plan().with_id(id)).await.unwrap();
    let mut watch = bus.questions().list().watch();
    bus.questions().open(plan().with_id(id)).await.unwrap();
    bus.questions().open(plan()).await.unwrap_err();
    assert!(!has_changed(&mut watch).await);
}

#[tokio::test]
async fn a_watch_ends_with_the_bus() {
    let bus = started();
    let mut watch = bus.questions().list().watch();
    let watching = tokio::spawn(async move { watch.changed().await });
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    assert!(!timeout(SOON, watching).await.unwrap().unwrap());
    assert!(!bus.questions().list().watch().changed().await);
}

#[tokio::test]
async fn an_end_can_be_waited_for_by_those_who_did_not_ask() {
    let bus = bus().0.start().unwrap();
    let id = bus.questions().open(plan()).await.unwrap().id();
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.questions().ended("plan-review").await }
    });
    tokio::task::yield_now().await;
    bus.questions().cancel(id).by(&ada()).await.unwrap();
    let ended = timeout(SOON, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(ended.end.as_ref().unwrap().by, Some(ada()));
    assert_eq!(bus.questions().ended(id).await.unwrap().id, id);
    assert!(matches!(bus.questions().ended("plan-review").await, Err(NotAnswered::Unknown(_))));
}
