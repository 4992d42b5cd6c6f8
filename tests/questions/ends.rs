//! Questions that are cancelled, waiters that go, and buses that end.

use std::sync::Arc;
use std::time::Duration;

use atoms::control::{AnswerError, MemoryQuestions, NotAnswered, OpenError, Outcome};
use atoms::prelude::*;
use tokio::time::{sleep, timeout};

use crate::{SOON, ada, approved, bob, bus, open_ids, plan, started};

#[tokio::test]
async fn a_cancelled_question_tells_who_waits_by_whom_and_why() {
    let bus = started();
    let opened = bus.questions().open(plan()).await.unwrap();
    bus.questions().cancel("plan-review").feedback("no longer needed").by(&ada()).await.unwrap();
    let error = opened.wait().await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("the question `plan-review` was cancelled by ada at "), "{message}");
    assert!(message.ends_with(": no longer needed"), "{message}");
    assert!(matches!(error, NotAnswered::Cancelled(_)));
}

#[tokio::test]
async fn the_program_withdraws_a_question_whatever_its_roles() {
    let bus = started();
    let opened = bus.questions().open(plan().role("director")).await.unwrap();
    let ended = bus.questions().withdraw(opened.id()).await.unwrap();
    assert_eq!(ended.end.as_ref().unwrap().by, None);
    assert!(matches!(bus.questions().withdraw(opened.id()).await, Err(AnswerError::Ended(_))));
    assert!(matches!(opened.wait().await, Err(NotAnswered::Cancelled(_))));
}

#[tokio::test]
async fn a_waiter_that_goes_leaves_its_question_open() {
    let bus = started();
    let id = bus.questions().open(plan()).await.unwrap().id();
    timeout(Duration::from_millis(20), bus.questions().wait::<Decision>(id)).await.unwrap_err();
    let asking = bus.questions().ask(Checkpoint::new("other"));
    timeout(Duration::from_millis(20), asking).await.unwrap_err();
    assert_eq!(open_ids(bus.questions()).await.len(), 2);
    let again = tokio::spawn({
        let bus = bus.clone();
        async move { bus.questions().wait::<Decision>("other").await }
    });
    sleep(Duration::from_millis(20)).await;
    bus.questions().approve("other").by(&bob()).await.unwrap();
    assert_eq!(again.await.unwrap().unwrap(), approved());
}

#[tokio::test]
async fn a_waiter_that_goes_closes_its_question_if_it_said_so() {
    let bus = started();
    let ask = |name: &str| Checkpoint::new(name).cancel_if_dropped();
    timeout(Duration::from_millis(20), bus.questions().ask(ask("a"))).await.unwrap_err();
    let opened = bus.questions().open(ask("b")).await.unwrap();
    let id = opened.id();
    timeout(Duration::from_millis(20), opened.wait()).await.unwrap_err();
    drop(bus.questions().open(ask("c")).await.unwrap());
    let kept = bus.questions().open(ask("d")).await.unwrap();
    let closed = async {
        while bus.questions().count().await.unwrap() > 1 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, closed).await.unwrap();
    assert_eq!(open_ids(bus.questions()).await, [kept.id()]);
    let ended = bus.questions().get(id).await.unwrap().unwrap();
    let Outcome::Cancelled { reason: Some(reason) } = &ended.end.as_ref().unwrap().outcome else { panic!() };
    assert_eq!(reason, "nobody waits for the answer any more");
}

#[tokio::test]
async fn a_question_whose_asker_goes_while_it_is_opened_is_closed_as_well() {
    let bus = started();
    for polls in 0..3 {
        let mut asking = Box::pin(bus.questions().ask(Checkpoint::unnamed().cancel_if_dropped()));
        for _ in 0..polls {
            assert!(futures_util::poll!(&mut asking).is_pending());
        }
    }
    let closed = async {
        sleep(Duration::from_millis(20)).await;
        while bus.questions().count().await.unwrap() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, closed).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_given_though_the_one_who_gives_it_goes() {
    let bus = started();
    let opened = bus.questions().open(plan()).await.unwrap();
    let mut answering = bus.questions().approve(opened.id()).by(&ada()).into_future();
    assert!(futures_util::poll!(&mut answering).is_pending());
    drop(answering);
    assert_eq!(timeout(SOON, opened.wait()).await.unwrap().unwrap(), approved());
}

#[handler]
async fn review(_: &Planned, context: Context, log: State<crate::Log>) {
    let decision = context.bus().questions().ask(plan()).await;
    log.add(format!("{decision:?}"));
}

#[event(type = "questions.planned")]
struct Planned {}

#[tokio::test(start_paused = true)]
async fn a_shutdown_tells_those_who_wait_and_leaves_their_questions_open() {
    let (builder, log) = bus();
    let store = Arc::new(MemoryQuestions::default());
    let bus = builder.handler::<review>().question_store(store.clone()).start().unwrap();
    let emitting = bus.clone();
    let emitting = tokio::spawn(async move { emitting.emit(Planned {}).await });
    while bus.questions().count().await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    bus.shutdown(SOON).await.unwrap();
    assert!(emitting.await.unwrap().is_ok());
    assert_eq!(log.take(), ["Err(Closed)"]);
    assert!(matches!(bus.questions().open(plan()).await, Err(OpenError::Closed)));
    assert!(matches!(bus.questions().approve("plan-review").by(&ada()).await, Err(AnswerError::Closed)));
    assert_eq!(open_ids(bus.questions()).await.len(), 1);
}

#[tokio::test]
async fn a_bus_that_is_dropped_leaves_nobody_waiting_and_no_task() {
    let bus = started();
    let opened = bus.questions().open(plan().deadline(Duration::from_secs(3_600))).await.unwrap();
    let waiting = tokio::spawn(opened.wait());
    sleep(Duration::from_millis(20)).await;
    let weak = bus.downgrade();
    drop(bus);
    assert!(matches!(timeout(SOON, waiting).await.unwrap().unwrap(), Err(NotAnswered::Closed)));
    assert!(weak.upgrade().is_none());
    let ended = async {
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, ended).await.unwrap();
}
