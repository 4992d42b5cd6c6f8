//! Questions that nobody answers in time.

use std::time::Duration;

use atoms::Timestamp;
use atoms::control::{AnswerError, NotAnswered, OpenError, Outcome};
use atoms::prelude::*;
use tokio::time::{Instant, sleep, timeout};

use crate::{SOON, ada, approved, open_ids, plan, started};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn a_question_expires_at_its_deadline() {
    let bus = started();
    let began = Instant::now();
    let opened = bus.questions().open(plan().deadline(HOUR)).await.unwrap();
    let id = opened.id();
    let error = opened.wait().await.unwrap_err();
    assert!(matches!(&error, NotAnswered::Expired(question) if question.end.as_ref().unwrap().by.is_none()));
    assert!(error.to_string().starts_with("the question `plan-review` was not answered by its deadline at "));
    assert!((HOUR..HOUR + SOON).contains(&began.elapsed()), "{:?}", began.elapsed());
    let late = bus.questions().approve(id).by(&ada()).await.unwrap_err();
    assert!(matches!(late, AnswerError::Ended(_)), "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_question_with_a_default_is_answered_by_it_at_its_deadline() {
    let bus = started();
    let rejected = Decision::Rejected { feedback: Some("nobody had time".into()) };
    let ask = plan().deadline(HOUR).default_to(rejected.clone());
    let opened = bus.questions().open(ask).await.unwrap();
    let id = opened.id();
    assert_eq!(opened.wait().await.unwrap(), rejected);
    let ended = bus.questions().get(id).await.unwrap().unwrap();
    let end = ended.end.as_ref().unwrap();
    assert!(matches!(end.outcome, Outcome::Defaulted(_)) && end.by.is_none(), "{end:?}");
    let number = Input::<u32>::new("number").deadline(HOUR).default_to(7);
    assert_eq!(bus.questions().ask(number).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_the_answer() {
    let bus = started();
    let opened = bus.questions().open(plan().deadline(HOUR)).await.unwrap();
    sleep(HOUR - SOON).await;
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    sleep(2 * HOUR).await;
    assert_eq!(opened.wait().await.unwrap(), approved());
}

#[tokio::test(start_paused = true)]
async fn a_question_without_a_deadline_stays_open() {
    let bus = started();
    let opened = bus.questions().open(plan()).await.unwrap();
    let id = opened.id();
    assert!(timeout(1_000 * HOUR, opened.wait()).await.is_err());
    assert_eq!(open_ids(bus.questions()).await, [id]);
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_is_waited_for() {
    let bus = started();
    let late = bus.questions().open(plan().deadline(2 * HOUR)).await.unwrap();
    let early = bus.questions().open(Checkpoint::unnamed().deadline(HOUR)).await.unwrap();
    sleep(HOUR + SOON).await;
    assert_eq!(open_ids(bus.questions()).await, [late.id()]);
    assert!(matches!(early.wait().await, Err(NotAnswered::Expired(_))));
    assert!(matches!(late.wait().await, Err(NotAnswered::Expired(_))));
}

#[tokio::test]
async fn a_deadline_that_is_over_ends_the_question_at_once() {
    let bus = started();
    let over = Timestamp::from_unix_micros(0);
    let opened = bus.questions().open(plan().deadline_at(over)).await.unwrap();
    let error = bus.questions().approve(opened.id()).by(&ada()).await.unwrap_err();
    assert!(matches!(error, AnswerError::Ended(_)), "{error}");
    assert!(matches!(timeout(SOON, opened.wait()).await.unwrap(), Err(NotAnswered::Expired(_))));
}

#[test]
fn a_deadline_comes_though_the_runtime_ended_in_which_the_question_was_opened() {
    let bus = started();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let soon = plan().deadline(Duration::from_millis(100));
    let opened = runtime().block_on(bus.questions().open(soon)).unwrap();
    let ended = runtime().block_on(async { timeout(SOON, opened.wait()).await.unwrap() });
    assert!(matches!(ended, Err(NotAnswered::Expired(_))), "{ended:?}");
}

#[tokio::test]
async fn a_default_needs_a_deadline_and_is_an_answer() {
    let bus = started();
    let error = bus.questions().ask(plan().default_to(approved())).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the question cannot be asked: there is a default, but no deadline: add `.deadline(..)`"
    );
    let choice = Input::choice("database", ["SQLite"]).deadline(HOUR).default_to("Oracle".into());
    let error = bus.questions().open(choice).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Invalid(why) if why.starts_with("the default is not an answer: ")),
        "{error}"
    );
}
