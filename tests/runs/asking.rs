//! Runs that ask people.

use std::pin::pin;
use std::time::Duration;

use atoms::control::{AnswerError, NotAnswered, OpenError, Outcome, QuestionId, RunCancelled, RunError};
use atoms::prelude::*;
use atoms::testing::Recording;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::{SOON, ada, started, until};

fn plan() -> Checkpoint {
    Checkpoint::new("plan-review").title("Review the plan")
}

async fn is_open(bus: &Bus, name: &str) -> bool {
    bus.questions().get(name).await.unwrap().is_some()
}

#[tokio::test]
async fn a_rejected_plan_stops_the_run() {
    let bus = started();
    let running = bus.runs().start("deploy", async |run: Run| match run.checkpoint(plan()).await? {
        Decision::Approved { .. } => Ok("deployed"),
        Decision::Rejected { .. } => Err("the plan was rejected".into()),
    });
    until(async || is_open(&bus, "plan-review").await).await;
    bus.questions().reject("plan-review").feedback("more research").by(&ada()).await.unwrap();
    let error = running.await.unwrap_err();
    assert_eq!(error.to_string(), "the run `deploy` failed: the plan was rejected");
}

#[tokio::test]
async fn an_input_is_answered_with_its_type() {
    let bus = started();
    let running =
        bus.runs().start("deploy", async |run: Run| Ok(run.ask::<u32>(Input::new("replicas")).await?));
    until(async || is_open(&bus, "replicas").await).await;
    bus.questions().answer("replicas", "three").by(&ada()).await.unwrap_err();
    bus.questions().answer("replicas", 3).by(&ada()).await.unwrap();
    assert_eq!(running.await.unwrap(), 3);
}

#[tokio::test]
async fn cancel_wakes_who_waits_and_cancels_the_question() {
    let bus = started();
    let running = bus.runs().start("deploy", async |run: Run| {
        let error = run.checkpoint(plan()).await.unwrap_err();
        assert!(matches!(error, NotAnswered::RunCancelled { .. }), "{error}");
        assert_eq!(error.to_string(), "the run `deploy` was cancelled while it waited for an answer");
        let late = run.checkpoint(Checkpoint::new("late")).await.unwrap_err();
        assert!(matches!(late, NotAnswered::RunCancelled { .. }), "{late}");
        Ok(())
    });
    until(async || is_open(&bus, "plan-review").await).await;
    let id = bus.questions().get("plan-review").await.unwrap().unwrap().id;
    let cancelled = bus.runs().cancel(running.run().unwrap().id()).reason("no time").await;
    assert_eq!(cancelled.questions, [id]);
    assert!(cancelled.still_running.is_empty());
    let error = running.await.unwrap_err();
    assert_eq!(error.to_string(), "the run `deploy` was cancelled: no time");
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    let ended = bus.questions().get(id).await.unwrap().unwrap();
    let Outcome::Cancelled { reason: Some(reason) } = &ended.end.as_ref().unwrap().outcome else { panic!() };
    assert_eq!(reason, "the run `deploy` was cancelled");
}

#[tokio::test]
async fn a_second_checkpoint_of_one_name_is_refused_and_the_first_is_still_answered() {
    let bus = started();
    let first = bus.runs().start("first", async |run: Run| Ok(run.checkpoint(plan()).await?));
    until(async || is_open(&bus, "plan-review").await).await;
    let second = bus.runs().start("second", async |run: Run| Ok(run.checkpoint(plan()).await?));
    let error = second.await.unwrap_err();
    let RunError::Failed { cause, .. } = error else { panic!("{error:?}") };
    let cause = cause.downcast_ref::<NotAnswered>().unwrap();
    assert!(matches!(cause, NotAnswered::NotOpened(OpenError::NameTaken { .. })), "{cause}");
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    assert!(first.await.unwrap().is_approved());
}

#[tokio::test]
async fn a_question_that_is_asked_again_by_its_id_is_cancelled_with_the_run() {
    let bus = started();
    let id = QuestionId::generate();
    bus.questions().open(plan().with_id(id)).await.unwrap(); // as an earlier process did
    let ask = || {
        let (begins, begun) = tokio::sync::oneshot::channel();
        let run = bus.runs().start("deploy", async move |run: Run| {
            let mut asking = pin!(run.checkpoint(plan().with_id(id)));
            assert!(timeout(Duration::from_millis(50), &mut asking).await.is_err(), "it is open");
            begins.send(()).unwrap();
            Ok(asking.await?)
        });
        (run, begun)
    };
    let (first, first_asks) = ask();
    first_asks.await.unwrap();
    let (second, second_asks) = ask();
    second_asks.await.unwrap();
    let cancelled = bus.runs().cancel(second.run().unwrap().id()).await;
    assert!(cancelled.questions.is_empty(), "the first run waits for it, too");
    let cancelled = bus.runs().cancel(first.run().unwrap().id()).await;
    assert_eq!(cancelled.questions, [id]);
    assert_eq!(bus.questions().count().await.unwrap(), 0);
}

#[tokio::test]
async fn an_answered_question_that_is_asked_again_by_its_id_is_not_the_runs_to_cancel() {
    let bus = started();
    let id = QuestionId::generate();
    bus.questions().open(plan().with_id(id)).await.unwrap();
    bus.questions().approve(id).by(&ada()).await.unwrap();
    let (begins, begun) = tokio::sync::oneshot::channel();
    let run = bus.runs().start("deploy", async move |run: Run| {
        let decision = run.checkpoint(plan().with_id(id)).await?;
        begins.send(decision.is_approved()).unwrap();
        run.cancelled().await;
        Ok(())
    });
    assert!(begun.await.unwrap());
    assert!(bus.runs().cancel(run.run().unwrap().id()).await.questions.is_empty());
}

#[tokio::test]
async fn an_answer_to_an_unknown_id_is_an_error() {
    let bus = started();
    let error = bus.questions().approve("nothing").by(&ada()).await.unwrap_err();
    assert!(matches!(error, AnswerError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn an_answer_from_another_thread_reaches_the_run() {
    let bus = started();
    let running = bus.runs().start("deploy", async |run: Run| Ok(run.checkpoint(plan()).await?));
    let other = std::thread::spawn({
        let bus = bus.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                until(async || is_open(&bus, "plan-review").await).await;
                bus.questions().approve("plan-review").by(&ada()).await.unwrap();
            });
        }
    });
    assert!(timeout(SOON, running).await.unwrap().unwrap().is_approved());
    other.join().unwrap();
}

#[tokio::test]
async fn a_checkpoint_that_nobody_answers_ends_at_its_time_limit() {
    let bus = started();
    let running = bus.runs().start("deploy", async |run: Run| {
        let limited = || plan().deadline(Duration::from_millis(20));
        let expired = run.checkpoint(limited()).await.unwrap_err();
        assert!(matches!(expired, NotAnswered::Expired(_)), "{expired}");
        let default = Decision::Rejected { feedback: Some("nobody had time".into()) };
        Ok(run.checkpoint(limited().default_to(default)).await?)
    });
    let decision = timeout(SOON, running).await.unwrap().unwrap();
    assert_eq!(decision.feedback(), Some("nobody had time"));
}

#[handler]
async fn approve_at_once(opened: &atoms::control::QuestionOpened, context: Context) {
    context.bus().questions().approve(opened.question).by(&ada()).await.unwrap();
}

#[tokio::test]
async fn an_answer_within_one_tick_is_not_lost() {
    let bus = Bus::builder().without_discovery().handler::<approve_at_once>().start().unwrap();
    let running = bus.runs().start("deploy", async |run: Run| Ok(run.checkpoint(plan()).await?));
    assert!(timeout(SOON, running).await.unwrap().unwrap().is_approved());
}

#[handler]
async fn hang(_: &atoms::control::QuestionOpened) {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_listener_of_a_checkpoint_that_hangs_holds_up_neither_answer_nor_cancel() {
    let bus = Bus::builder().without_discovery().handler::<hang>().start().unwrap();
    let running = bus.runs().start("deploy", async |run: Run| {
        let _approved = run.checkpoint(plan()).await?;
        Ok(run.checkpoint(Checkpoint::new("again")).await?)
    });
    until(async || is_open(&bus, "plan-review").await).await;
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    until(async || is_open(&bus, "again").await).await;
    timeout(SOON, bus.runs().cancel(running.run().unwrap().id()).into_future()).await.unwrap();
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_waiter_that_goes_leaves_the_question_open_until_its_run_is_cancelled() {
    let bus = started();
    let running = bus.runs().start("deploy", async |run: Run| {
        timeout(Duration::from_millis(10), run.checkpoint(plan())).await.unwrap_err();
        run.cancelled().await;
        Ok(())
    });
    until(async || is_open(&bus, "plan-review").await).await;
    sleep(Duration::from_millis(50)).await;
    assert!(is_open(&bus, "plan-review").await);
    assert_eq!(bus.runs().cancel(running.run().unwrap().id()).await.questions.len(), 1);
    assert!(!is_open(&bus, "plan-review").await);
    assert!(running.await.unwrap_err().is_cancelled());
}

/// Pays money back.
#[tool(approve = "manager")]
fn refund(order: String) -> String {
    order
}

#[tokio::test]
async fn a_call_that_waits_for_approval_leaves_no_question_when_its_run_is_cancelled() {
    let bus = Bus::builder().without_discovery().tool::<refund>().start().unwrap();
    let running = bus.runs().start("deploy", {
        let bus = bus.clone();
        async move |_| Ok(refund::call(&bus, RefundArgs { order: "o-1".into() }).await?)
    });
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let cancelled = bus.runs().cancel(running.run().unwrap().id()).await;
    assert_eq!(cancelled.questions.len(), 1);
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_caller_that_merely_goes_leaves_its_approval_open() {
    let bus = Bus::builder().without_discovery().tool::<refund>().start().unwrap();
    let running = bus.runs().start("deploy", {
        let bus = bus.clone();
        async move |_| {
            let call = refund::call(&bus, RefundArgs { order: "o-1".into() });
            timeout(Duration::from_millis(50), call.into_future()).await.unwrap_err();
            Ok(())
        }
    });
    running.await.unwrap();
    assert_eq!(bus.questions().count().await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_without_an_id_reaches_the_only_open_input_or_says_why_not() {
    let bus = started();
    let none = bus.questions().answer_only("x", &ada()).await.unwrap_err();
    assert!(none.to_string().starts_with("there is no open input that `ada` may answer"), "{none}");
    bus.questions().open(plan()).await.unwrap();
    bus.questions().open(Input::<String>::new("secret").role("director")).await.unwrap();
    let asked = bus.questions().open(Input::<String>::new("database")).await.unwrap();
    bus.questions().answer_only("SQLite", &ada()).await.unwrap();
    assert_eq!(asked.wait().await.unwrap(), "SQLite");
    for name in ["a", "b"] {
        bus.questions().open(Input::<String>::new(name)).await.unwrap();
    }
    let several = bus.questions().answer_only("x", &ada()).await.unwrap_err();
    assert!(matches!(several, AnswerError::NotOne { are_several: true, .. }), "{several}");
    assert!(is_open(&bus, "a").await && is_open(&bus, "b").await);
}

#[tokio::test]
async fn what_a_part_asks_is_cancelled_when_the_part_ends_with_its_run() {
    let bus = started();
    let (tell, told) = oneshot::channel();
    let running = bus.runs().start("deploy", async move |run: Run| {
        run.start_part("review", async |run: Run| Ok(run.checkpoint(plan()).await?)).detach()?;
        Ok(told.await?)
    });
    until(async || is_open(&bus, "plan-review").await).await;
    tell.send(()).unwrap();
    running.await.unwrap();
    assert!(!is_open(&bus, "plan-review").await, "nobody waits for it any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_cancelled_for_the_reason_for_which_their_run_is() {
    let bus = started();
    for _ in 0..20 {
        let told = Recording::of(&bus);
        let running = bus.runs().start("deploy", async |run: Run| {
            run.cancelled().await;
            Ok(())
        });
        let run = running.run().unwrap();
        for number in 0..20 {
            let name = format!("review {number}");
            let review = async move |run: Run| Ok(run.checkpoint(Checkpoint::new(name)).await?);
            run.start_part("review", review).detach().unwrap();
        }
        until(async || bus.questions().list().await.unwrap().len() == 20).await;
        let cancelled = bus.runs().cancel(run).reason("no time").await;
        assert_eq!(cancelled.runs.len(), 21);
        until(async || bus.questions().list().await.unwrap().is_empty()).await;
        until(async || told.emitted::<RunCancelled>().count() == 21).await;
        for told in told.emitted::<RunCancelled>().payloads() {
            assert_eq!(told.reason.as_deref(), Some("no time"));
        }
    }
}
