//! What takes too long.

use std::sync::Arc;
use std::time::Duration;

use atoms::control::Decision;
use atoms::prelude::*;
use atoms::tools::ToolSettings;

use crate::log::Log;
use crate::{bus, left, until};

#[tool(approve = "manager")]
fn refund(cents: u64, log: State<Log>) -> u64 {
    log.add("refunded");
    cents
}

#[hook(after, tools = "refund")]
fn ends(done: &mut ToolDone, log: State<Log>) {
    if let Err(error) = &done.result {
        log.add(error.to_string());
    }
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let settings = ToolSettings::new().approval_deadline(Duration::from_millis(400));
    (builder.tool::<refund>().tool_hook::<ends>().tool_settings(settings).start().unwrap(), log)
}

#[tokio::test]
async fn nobody_who_answers_in_time_denies() {
    let (bus, log) = started();
    let error = refund::call(&bus, RefundArgs { cents: 5 }).await.unwrap_err();
    assert!(matches!(error, ToolError::Expired { .. }), "{error}");
    assert_eq!(log.take(), ["the call of the tool `refund` was denied: nobody has approved it in time"]);
}

#[tokio::test]
async fn nobody_who_answers_in_time_denies_a_call_whose_caller_has_gone() {
    let (bus, log) = started();
    left(&bus, refund::call(&bus, RefundArgs { cents: 5 })).await;
    until(|| log.take().iter().any(|line| line.contains("nobody has approved it in time"))).await;
}

#[tool]
fn default_no(log: State<Log>) {
    log.add("done");
}

#[hook(before)]
fn asks(_: &mut Call<default_no>) -> Verdict<default_no> {
    let approval = Approval::unnamed().deadline(Duration::from_millis(20));
    Verdict::ask(approval.default_to(Decision::Rejected { feedback: Some("nobody there".into()) }))
}

#[tokio::test]
async fn a_default_that_rejects_denies() {
    let (builder, log) = bus();
    let bus = builder.tool::<default_no>().tool_hook::<asks>().start().unwrap();
    let error = default_no::call(&bus, DefaultNoArgs {}).await.unwrap_err();
    assert_eq!(error.to_string(), "the call of the tool `default_no` was rejected: nobody there");
    assert!(log.take().is_empty());
}

#[tool(timeout = "20ms")]
async fn slow(millis: u64, log: State<Log>) -> u64 {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    log.add("slept");
    millis
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_stopped() {
    let (builder, log) = bus();
    let bus = builder.tool::<slow>().start().unwrap();
    assert_eq!(slow::call(&bus, SlowArgs { millis: 1 }).await.unwrap(), 1);
    let error = slow::call(&bus, SlowArgs { millis: 10_000 }).await.unwrap_err();
    assert_eq!(error.to_string(), "the tool `slow` took longer than 20ms");
    assert!(!error.is_denied());
    assert_eq!(log.take(), ["slept"]);
}

#[tool(concurrency = 1)]
async fn alone(log: State<Log>) {
    log.add("begins");
    tokio::time::sleep(Duration::from_millis(5)).await;
    log.add("ends");
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_their_turn() {
    let (builder, log) = bus();
    let bus = builder.tool::<alone>().start().unwrap();
    let (one, other) = tokio::join!(alone::call(&bus, AloneArgs {}), alone::call(&bus, AloneArgs {}));
    one.unwrap();
    other.unwrap();
    assert_eq!(log.take(), ["begins", "ends", "begins", "ends"]);
}
