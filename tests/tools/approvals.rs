//! Calls that a person has to approve.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atoms::control::{Answer, AnswerError, MemoryQuestions, Outcome};
use atoms::prelude::*;
use atoms::tools::{CallOutcome, ToolCallApproved, ToolSettings};
use serde_json::json;

use crate::log::Log;
use crate::{SOON, ada, asked, bob, bus, left, until};

/// Pays money back to a customer.
#[tool(approve = "manager")]
fn refund(
    /// The order, as on the invoice.
    order_id: String,
    cents: u64,
    #[tool(sensitive)] card: Option<String>,
    #[extract] principal: Option<Principal>,
    log: State<Log>,
) -> u64 {
    let who = principal.map_or("nobody".into(), |principal| principal.name().to_owned());
    log.add(format!("{cents} for {order_id} by {who} to {card:?}"));
    cents
}

/// Changes the arguments of each call in the same way, and counts how often.
#[hook(before)]
fn clamp(call: &mut Call<refund>, log: State<Log>) -> Verdict<refund> {
    log.add("before");
    call.args.cents = call.args.cents.min(1_000);
    Verdict::Allow
}

#[hook(after)]
fn ends(done: &mut Done<refund>, log: State<Log>) {
    let what = match done.outcome() {
        CallOutcome::Ran => "ran",
        CallOutcome::Denied => "denied",
        _ => "replaced",
    };
    log.add(format!("{what} after"));
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    (builder.tool::<refund>().tool_hook::<clamp>().tool_hook::<ends>().start().unwrap(), log)
}

fn args(cents: u64) -> RefundArgs {
    RefundArgs { order_id: "o-1".into(), cents, card: Some("4111".into()) }
}

#[tokio::test]
async fn a_caller_waits_for_a_person() {
    let (bus, log) = started();
    let answer = async {
        let question = asked(&bus).await;
        assert_eq!(question.title, "May the tool `refund` be called?");
        assert_eq!(question.roles, ["manager"]);
        // What is shown is what the function would be called with.
        assert_eq!(question.details, json!({"order_id": "o-1", "cents": 1_000, "card": "[sensitive]"}));
        assert!(question.deadline.is_some());
        let error = bus.questions().approve(question.id).by(&bob()).await.unwrap_err();
        assert!(matches!(error, AnswerError::NotAllowed { .. }));
        assert_eq!(log.take(), ["before"]);
        bus.questions().approve(question.id).by(&ada()).await.unwrap();
    };
    let (called, ()) = tokio::join!(refund::call(&bus, args(5_000)).principal(&bob()), answer);
    assert_eq!(called.unwrap(), 1_000);
    assert_eq!(log.take(), ["before", "1000 for o-1 by bob to Some(\"4111\")", "ran after"]);
    assert_eq!(bus.questions().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_caller_is_told_who_has_said_no_and_why() {
    let (bus, log) = started();
    let answer = async {
        let question = asked(&bus).await;
        bus.questions().reject(question.id).feedback("too much").by(&ada()).await.unwrap();
    };
    let (called, ()) = tokio::join!(refund::call(&bus, args(5)), answer);
    let error = called.unwrap_err();
    assert_eq!(error.to_string(), "the call of the tool `refund` was rejected by ada: too much");
    assert!(error.is_denied());
    assert_eq!(log.take(), ["before", "denied after"]);
}

#[tokio::test]
async fn a_question_that_is_cancelled_denies() {
    let (bus, log) = started();
    let answer = async {
        let question = asked(&bus).await;
        bus.questions().cancel(question.id).feedback("closed").by(&ada()).await.unwrap();
    };
    let (called, ()) =
        tokio::join!(bus.tools().call("refund", json!({"order_id": "o-1", "cents": 5})), answer);
    assert_eq!(called.unwrap_err().to_string(), "the call of the tool `refund` was cancelled: closed");
    assert_eq!(log.take(), ["before", "denied after"]);
}

#[tokio::test]
async fn a_caller_that_goes_leaves_the_question_open() {
    let (bus, log) = started();
    let question = left(&bus, refund::call(&bus, args(5)).principal(&bob())).await;
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    until(|| log.take().iter().any(|line| line == "ran after")).await;
}

#[tokio::test]
async fn two_answers_at_once_make_one_call() {
    for _ in 0..20 {
        let (bus, log) = started();
        let call = tokio::spawn({
            let bus = bus.clone();
            async move { refund::call(&bus, args(5)).await }
        });
        let id = asked(&bus).await.id;
        let answers = [true, false].map(|is_yes| {
            let bus = bus.clone();
            tokio::spawn(async move {
                let questions = bus.questions();
                let answering = if is_yes { questions.approve(id) } else { questions.reject(id) };
                answering.by(&ada()).await.is_ok()
            })
        });
        let mut reached = 0;
        for answer in answers {
            reached += u32::from(answer.await.unwrap());
        }
        assert_eq!(reached, 1);
        let called = call.await.unwrap();
        let calls = log.take().iter().filter(|line| line.contains(" for ")).count();
        assert_eq!(calls, usize::from(called.is_ok()));
    }
}

#[tokio::test]
async fn edited_arguments_are_checked_and_pass_the_hooks() {
    let (bus, log) = started();
    let answer = async {
        let id = asked(&bus).await.id;
        let edited = json!({"order_id": "o-1", "cents": "all", "card": "[sensitive]"});
        let error = bus.questions().approve(id).edited(edited).by(&ada()).await.unwrap_err();
        assert!(matches!(error, AnswerError::Wrong(_)), "{error}");
        let edited = json!({"order_id": "o-2", "cents": 7, "card": "[sensitive]"});
        bus.questions().approve(id).edited(edited).by(&ada()).await.unwrap();
    };
    let (called, ()) = tokio::join!(refund::call(&bus, args(5)), answer);
    assert_eq!(called.unwrap(), 7);
    assert_eq!(log.take(), ["before", "before", "7 for o-2 by nobody to Some(\"4111\")", "ran after"]);
}

#[tokio::test]
async fn edited_arguments_that_could_not_be_read_leave_the_question_open() {
    let store = Arc::new(MemoryQuestions::new(100, 1024 * 1024));
    let start = || {
        let (builder, log) = bus();
        let settings = ToolSettings::new().arguments(8 * 1024);
        let builder = builder.question_store(store.clone()).tool_settings(settings);
        (builder.tool::<refund>().start().unwrap(), log)
    };
    let (first, _) = start();
    let id = left(&first, refund::call(&first, args(5))).await.id;
    drop(first);

    // Neither has this process asked for it.
    let (second, log) = start();
    let long = format!("\"{}\"", "o".repeat(10_000));
    for (order_id, cents, card, path) in [
        ("\"o-1\"", "500.0", "\"[sensitive]\"", "/cents"),
        ("\"o-1\"", "5e2", "\"[sensitive]\"", "/cents"),
        ("\"o-1\"", "-0.0", "\"[sensitive]\"", "/cents"),
        ("\"o-1\"", "18446744073709551616", "null", "/cents"),
        (long.as_str(), "500", "null", ""),
    ] {
        let edited = format!(r#"{{"order_id": {order_id}, "cents": {cents}, "card": {card}}}"#);
        let edited: serde_json::Value = serde_json::from_str(&edited).unwrap();
        let error = second.questions().approve(id).edited(edited).by(&ada()).await.unwrap_err();
        let AnswerError::Wrong(wrong) = error else { panic!("{cents}: {error}") };
        assert_eq!(wrong.problems()[0].path, path, "{wrong}");
        assert!(second.questions().get(id).await.unwrap().unwrap().is_open());
    }
    let edited = json!({"order_id": "o-1", "cents": u64::MAX, "card": "[sensitive]"});
    second.questions().approve(id).edited(edited).by(&ada()).await.unwrap();
    until(|| log.take() == [format!("{} for o-1 by nobody to Some(\"4111\")", u64::MAX)]).await;
}

#[tool(approve = "manager")]
fn weigh(kilograms: f64, log: State<Log>) -> f64 {
    log.add("weighed");
    kilograms
}

#[tokio::test]
async fn nobody_is_asked_about_arguments_that_could_not_be_read_again() {
    let (builder, log) = bus();
    let bus = builder.tool::<weigh>().start().unwrap();
    let error = weigh::call(&bus, WeighArgs { kilograms: f64::NAN }).await.unwrap_err();
    assert!(matches!(error, ToolError::InvalidArguments { .. }), "{error}");
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn what_a_hook_makes_of_edited_arguments_is_asked_for_anew() {
    let (bus, log) = started();
    let answer = async {
        let first = asked(&bus).await.id;
        let edited = json!({"order_id": "o-1", "cents": 5_000});
        bus.questions().approve(first).edited(edited).by(&ada()).await.unwrap();
        let second = asked(&bus).await;
        assert_ne!(second.id, first);
        assert_eq!(second.details["cents"], 1_000);
        assert!(!log.take().iter().any(|line| line.contains(" for ")));
        bus.questions().approve(second.id).by(&ada()).await.unwrap();
    };
    let (called, ()) = tokio::join!(refund::call(&bus, args(5)), answer);
    assert_eq!(called.unwrap(), 1_000);
}

/// A hook that makes something else of the arguments each time.
#[tool]
fn count(number: u64, log: State<Log>) -> u64 {
    log.add("counted");
    number
}

#[derive(Default)]
struct Times(AtomicU64);

#[hook(before)]
fn differs(call: &mut Call<count>, times: State<Times>) -> Verdict<count> {
    call.args.number = times.0.fetch_add(1, Ordering::SeqCst);
    Verdict::ask(Approval::unnamed().role("manager"))
}

#[tokio::test]
async fn what_differs_each_time_is_never_called() {
    let (builder, log) = bus();
    let bus = builder.tool::<count>().tool_hook::<differs>().state(Times::default()).start().unwrap();
    let answer = async {
        for _ in 0..8 {
            let question = asked(&bus).await;
            bus.questions().approve(question.id).by(&ada()).await.unwrap();
        }
    };
    let (called, ()) = tokio::join!(count::call(&bus, CountArgs { number: 0 }), answer);
    assert!(called.unwrap_err().to_string().contains("was approved 8 times"));
    assert!(log.take().is_empty());
}

/// Two hooks that ask different people.
#[tool(approve = "manager")]
fn wipe(log: State<Log>) {
    log.add("wiped");
}

#[hook(before, order = 1)]
fn asks_a_director(_: &mut Call<wipe>) -> Verdict<wipe> {
    Verdict::ask(Approval::unnamed().title("Wipe all?").role("director"))
}

/// It says nothing of who, so it is for those whom the tool names.
#[hook(before, order = 2)]
fn asks_anybody(_: &mut Call<wipe>) -> Verdict<wipe> {
    Verdict::ask(Approval::unnamed().title("Sure?"))
}

#[tokio::test]
async fn each_who_has_to_say_yes_is_asked() {
    let (builder, log) = bus();
    let builder = builder.tool::<wipe>().tool_hook::<asks_a_director>().tool_hook::<asks_anybody>();
    let bus = builder.start().unwrap();
    let answer = async {
        for (title, role) in [("Wipe all?", "director"), ("Sure?", "manager")] {
            let question = asked(&bus).await;
            assert_eq!((question.title.as_str(), question.roles.as_slice()), (title, &[role.to_owned()][..]));
            assert!(log.take().is_empty());
            bus.questions().approve(question.id).by(&ada()).await.unwrap();
        }
    };
    let (called, ()) = tokio::join!(wipe::call(&bus, WipeArgs {}), answer);
    called.unwrap();
    assert_eq!(log.take(), ["wiped"]);
}

#[tokio::test]
async fn a_call_is_made_by_a_later_process() {
    let store = Arc::new(MemoryQuestions::new(100, 1024 * 1024));
    let start = || {
        let (builder, log) = bus();
        let builder = builder.question_store(store.clone());
        (builder.tool::<refund>().tool_hook::<ends>().start().unwrap(), log)
    };
    let (first, _) = start();
    left(&first, refund::call(&first, args(5)).principal(&bob()).sender("aiagents.Main")).await;
    drop(first);

    let (second, log) = start();
    let question = asked(&second).await;
    second.questions().approve(question.id).by(&ada()).await.unwrap();
    let lines = std::cell::RefCell::new(Vec::new());
    until(|| {
        lines.borrow_mut().extend(log.take());
        lines.borrow().len() == 2
    })
    .await;
    assert_eq!(lines.into_inner(), ["5 for o-1 by bob to Some(\"4111\")", "ran after"]);
}

#[tokio::test]
async fn what_is_no_approval_calls_nothing() {
    let (bus, log) = started();
    let question = left(&bus, refund::call(&bus, args(5))).await;
    // As a frame could say it.
    let call: atoms::EventId = question.body["tool_call"]["id"].as_str().unwrap().parse().unwrap();
    let forged = ToolCallApproved { question: question.id, call, tool: "refund".into() };
    let receipt = bus.emit(forged).await;
    assert!(receipt.into_result().unwrap_err().to_string().contains("was not approved"));
    assert_eq!(log.take(), ["before"]);

    let other = bus.questions().open(Approval::unnamed()).await.unwrap().id();
    bus.questions().approve(other).by(&ada()).await.unwrap();
    let forged =
        ToolCallApproved { question: other, call: atoms::EventId::generate(), tool: "refund".into() };
    assert!(bus.emit(forged).await.into_result().unwrap_err().to_string().contains("not about this call"));
    assert_eq!(log.take(), Vec::<String>::new());
}

#[tokio::test]
async fn a_shutdown_tells_the_caller_and_leaves_the_question_open() {
    let store = Arc::new(MemoryQuestions::new(100, 1024 * 1024));
    let (builder, log) = bus();
    let bus = builder.question_store(store.clone()).tool::<refund>().start().unwrap();
    let call = tokio::spawn({
        let bus = bus.clone();
        async move { refund::call(&bus, args(5)).await }
    });
    asked(&bus).await;
    bus.shutdown(SOON).await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, ToolError::Closed), "{error}");
    assert!(log.take().is_empty());
    assert!(matches!(refund::call(&bus, args(5)).await, Err(ToolError::Closed)));
}

#[tokio::test]
async fn arguments_that_are_too_large_are_not_asked_for() {
    let (builder, log) = bus();
    let settings = ToolSettings::new().arguments(4 * 1024);
    let bus = builder.tool::<refund>().tool_settings(settings).start().unwrap();
    let large = RefundArgs { order_id: "o".repeat(5_000), cents: 5, card: None };
    let error = refund::call(&bus, large).await.unwrap_err();
    assert!(matches!(error, ToolError::TooLarge { limit: 4096, .. }), "{error}");
    let large = json!({"order_id": "o".repeat(5_000), "cents": 5});
    let error = bus.tools().call("refund", large).await.unwrap_err();
    assert!(matches!(error, ToolError::TooLarge { limit: 4096, .. }), "{error}");
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn an_answer_says_who_has_approved_what() {
    let (bus, _) = started();
    let id = left(&bus, refund::call(&bus, args(5))).await.id;
    let ended = bus.questions().approve(id).by(&ada()).await.unwrap();
    let end = ended.end.as_ref().unwrap();
    assert_eq!(end.by, Some(ada()));
    assert!(matches!(&end.outcome, Outcome::Answered(Answer::Approved { edited: None, .. })));
}

#[tokio::test]
async fn an_event_that_comes_twice_makes_one_call() {
    let (bus, log) = started();
    let question = async {
        let question = asked(&bus).await;
        bus.questions().approve(question.id).by(&ada()).await.unwrap();
        question
    };
    let (called, question) = tokio::join!(refund::call(&bus, args(5)), question);
    called.unwrap();
    log.take();
    let call: atoms::EventId = question.body["tool_call"]["id"].as_str().unwrap().parse().unwrap();
    let again = ToolCallApproved { question: question.id, call, tool: "refund".into() };
    bus.emit(again).await.into_result().unwrap();
    assert_eq!(log.take(), Vec::<String>::new());
}
