//! Hooks: which run, in which order, and what they change.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::tools::CallOutcome;
use serde_json::{Value, json};

use crate::log::Log;
use crate::{SOON, bus, until};

#[tool]
fn shop_refund(cents: u64, log: State<Log>) -> Result<u64, String> {
    log.add(format!("refund {cents}"));
    if cents == 13 { Err("unlucky".into()) } else { Ok(cents) }
}

#[tool]
fn lookup(cents: u64, log: State<Log>) -> u64 {
    log.add("lookup");
    cents
}

#[hook(before, order = 2)]
fn last(call: &mut Call<shop_refund>, log: State<Log>) -> Verdict<shop_refund> {
    log.add(format!("last {}", call.args.cents));
    Verdict::Allow
}

/// Changes the arguments as JSON.
#[hook(before, order = 1, tools = "shop_*")]
async fn middle(call: &mut ToolCall, log: State<Log>) -> Verdict {
    log.add(format!("middle {}", call.args["cents"]));
    if call.args["cents"] == 1 {
        call.args["cents"] = json!(10);
    }
    Verdict::Allow
}

/// Changes the arguments by their type.
#[hook(before)]
fn first(call: &mut Call<shop_refund>, log: State<Log>) -> Verdict<shop_refund> {
    log.add("first");
    if call.args.cents == 0 {
        call.args.cents = 1;
    }
    Verdict::Allow
}

#[hook(before, sender = "aiagents.Main*")]
fn of_main(_: &mut ToolCall, log: State<Log>) -> Verdict {
    log.add("of main");
    Verdict::Allow
}

#[tokio::test]
async fn they_run_in_order_and_see_what_those_before_have_changed() {
    let (builder, log) = bus();
    let builder = builder.tool::<shop_refund>().tool::<lookup>().tool_hook::<last>().tool_hook::<middle>();
    let bus = builder.tool_hook::<first>().tool_hook::<of_main>().start().unwrap();
    let refunded = shop_refund::call(&bus, ShopRefundArgs { cents: 0 }).await.unwrap();
    assert_eq!(refunded, 10);
    assert_eq!(log.take(), ["first", "middle 1", "last 10", "refund 10"]);
    bus.tools().call("lookup", json!({"cents": 1})).await.unwrap();
    assert_eq!(log.take(), ["lookup"]);
    lookup::call(&bus, LookupArgs { cents: 1 }).sender("aiagents.MainAgent").await.unwrap();
    assert_eq!(log.take(), ["of main", "lookup"]);
}

/// Breaks what it gets, as JSON.
#[hook(before)]
fn breaks(call: &mut ToolCall) -> Verdict {
    match call.args["cents"].as_u64() {
        Some(1) => call.args["cents"] = json!("all"),
        Some(2) => *call.args = json!([]),
        Some(3) => return Verdict::Replace(json!("a lot")),
        Some(4) => return Verdict::Replace(json!(44)),
        _ => {}
    }
    Verdict::Allow
}

#[tokio::test]
async fn what_a_hook_makes_of_the_call_is_checked_again() {
    let (builder, log) = bus();
    let bus = builder.tool::<shop_refund>().tool_hook::<breaks>().start().unwrap();
    for (cents, said) in
        [(1, "is not of type \"integer\""), (2, "is not of type \"object\""), (3, "is not one of this tool")]
    {
        let error = shop_refund::call(&bus, ShopRefundArgs { cents }).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.is_denied());
    }
    assert_eq!(shop_refund::call(&bus, ShopRefundArgs { cents: 4 }).await.unwrap(), 44);
    assert!(log.take().is_empty());
    assert_eq!(shop_refund::call(&bus, ShopRefundArgs { cents: 5 }).await.unwrap(), 5);
}

#[hook(before)]
fn decides(call: &mut Call<shop_refund>) -> Verdict<shop_refund> {
    match call.args.cents {
        1 => Verdict::deny("no"),
        2 => Verdict::Replace(22),
        _ => Verdict::Allow,
    }
}

/// Sees all calls, and changes what became of some.
#[hook(after, order = 1)]
fn sees(done: &mut Done<shop_refund>, log: State<Log>) {
    log.add(format!("{} {:?}", done.args().cents, done.outcome()));
    match (done.outcome(), &done.result) {
        (CallOutcome::Denied, Err(error)) if error.is_denied() => done.result = Ok(0),
        (_, Ok(output)) => done.result = Ok(output + 1),
        (_, Err(_)) => {}
    }
}

#[hook(after, order = 2)]
async fn sees_any(done: &mut ToolDone, log: State<Log>) -> Result<(), String> {
    log.add(format!("any {} {}", done.args()["cents"], done.result.clone().unwrap_or(Value::Null)));
    match done.result {
        Ok(Value::Number(ref number)) if number.as_u64() == Some(6) => done.result = Ok(json!(66)),
        Ok(Value::Number(ref number)) if number.as_u64() == Some(8) => return Err("eight".into()),
        _ => {}
    }
    Ok(())
}

#[tokio::test]
async fn after_hooks_see_all_calls_and_may_change_the_result() {
    let (builder, log) = bus();
    let builder = builder.tool::<shop_refund>().tool_hook::<decides>().tool_hook::<sees>();
    let bus = builder.tool_hook::<sees_any>().start().unwrap();
    let call = async |cents| shop_refund::call(&bus, ShopRefundArgs { cents }).await;
    assert_eq!(call(1).await.unwrap(), 0);
    assert_eq!(log.take(), ["1 Denied", "any 1 0"]);
    assert_eq!(call(2).await.unwrap(), 23);
    assert_eq!(log.take(), ["2 Replaced", "any 2 23"]);
    assert_eq!(call(5).await.unwrap(), 66);
    assert_eq!(log.take(), ["refund 5", "5 Ran", "any 5 6"]);
    assert!(call(13).await.unwrap_err().to_string().contains("unlucky"));
    assert_eq!(log.take(), ["refund 13", "13 Ran", "any 13 null"]);
}

#[tokio::test]
async fn an_after_hook_that_fails_holds_the_result_back() {
    let (builder, log) = bus();
    let bus = builder.tool::<shop_refund>().tool_hook::<sees>().tool_hook::<sees_any>().start().unwrap();
    let error = shop_refund::call(&bus, ShopRefundArgs { cents: 7 }).await.unwrap_err();
    assert!(error.to_string().ends_with("failed: eight"), "{error}");
    assert!(!error.is_denied(), "the function has run");
    assert_eq!(log.take(), ["refund 7", "7 Ran", "any 7 8"]);
}

#[hook(before, detached)]
async fn watches(call: &ToolCall, log: State<Log>) {
    tokio::time::sleep(Duration::from_millis(1)).await;
    log.add(format!("watched {}", call.args["cents"]));
}

#[hook(after, detached)]
async fn audits(done: &Done<shop_refund>, log: State<Log>) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(2)).await;
    log.add(format!("audited {}", done.args().cents));
    Err("the disk is full".into())
}

#[tokio::test]
async fn a_detached_hook_is_not_waited_for() {
    let (builder, log) = bus();
    let builder = builder.tool::<shop_refund>().tool_hook::<watches>().tool_hook::<audits>();
    let bus = builder.start().unwrap();
    assert_eq!(shop_refund::call(&bus, ShopRefundArgs { cents: 5 }).await.unwrap(), 5);
    assert_eq!(log.take(), ["refund 5"]);
    let lines = std::cell::RefCell::new(Vec::new());
    until(|| {
        lines.borrow_mut().extend(log.take());
        lines.borrow().len() == 2
    })
    .await;
    lines.borrow_mut().sort();
    assert_eq!(lines.into_inner(), ["audited 5", "watched 5"]);
}

#[hook(before, detached)]
async fn waits(_: &ToolCall, gate: State<tokio::sync::Notify>, log: State<Log>) {
    gate.notified().await;
    log.add("passed");
}

fn gated() -> (Bus, Arc<Log>, Arc<tokio::sync::Notify>) {
    let (builder, log) = bus();
    let gate = Arc::<tokio::sync::Notify>::default();
    let builder = builder.tool::<shop_refund>().tool_hook::<waits>().shared_state(gate.clone());
    (builder.detached_limit(2).start().unwrap(), log, gate)
}

#[tokio::test]
async fn a_shutdown_waits_for_detached_hooks() {
    let (bus, log, gate) = gated();
    shop_refund::call(&bus, ShopRefundArgs { cents: 5 }).await.unwrap();
    let mut shutdown = std::pin::pin!(bus.shutdown(SOON));
    assert!(tokio::time::timeout(Duration::from_millis(10), &mut shutdown).await.is_err());
    gate.notify_one();
    shutdown.await.unwrap();
    assert_eq!(log.take(), ["refund 5", "passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lists_and_ends_detached_hooks_that_run_too_long() {
    let (bus, log, gate) = gated();
    shop_refund::call(&bus, ShopRefundArgs { cents: 5 }).await.unwrap();
    let error = bus.shutdown(SOON).await.unwrap_err();
    assert_eq!(error.unfinished().len(), 1, "{error}");
    assert_eq!(error.unfinished()[0].event_type(), "atoms.tool.invoked");
    assert!(error.unfinished()[0].handler().unwrap().path().ends_with("::waits"));
    gate.notify_one();
    bus.idle().await;
    assert_eq!(log.take(), ["refund 5"]);
}

#[tokio::test]
async fn there_are_no_more_detached_hooks_at_once_than_detached_handlers() {
    let (bus, log, gate) = gated();
    for cents in 1..4 {
        shop_refund::call(&bus, ShopRefundArgs { cents }).await.unwrap();
    }
    tokio::task::yield_now().await;
    gate.notify_waiters();
    bus.idle().await;
    assert_eq!(log.take(), ["refund 1", "refund 2", "refund 3", "passed", "passed"]);
}
