//! Calls of tools in no run, on a bus that is cancelled.

use std::sync::Arc;
use std::time::Duration;

use atoms::control::{Scope, Steering};
use atoms::prelude::*;
use atoms::tools::ToolError;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::{SOON, until};

/// Tells that a tool has begun.
#[derive(Default)]
struct Begun(Notify);

#[tool]
async fn look(context: Context, begun: State<Begun>) -> bool {
    begun.0.notify_one();
    context.cancelled().await;
    context.is_cancelled()
}

/// Looks at nothing.
#[tool]
async fn sleep_on(begun: State<Begun>) {
    begun.0.notify_one();
    std::future::pending::<()>().await;
}

/// Extracts nothing.
#[tool]
async fn pend() {
    std::future::pending::<()>().await;
}

#[tool]
fn block(begun: State<Begun>) {
    begun.0.notify_one();
    std::thread::sleep(Duration::from_millis(300));
}

#[tool(approve = "manager")]
fn refund(order: String) -> String {
    order
}

/// Cancels all but itself.
#[tool]
async fn cancel_all(context: Context) -> usize {
    let cancelled = context.bus().runs().cancel(Scope::Bus).grace(Duration::ZERO).await;
    cancelled.still_running.len()
}

#[event(type = "runs.look.wanted")]
struct LookWanted;

#[handler]
async fn look_in_handler(_: &LookWanted, context: Context) -> Result<(), ToolError> {
    assert!(look::call(context.bus(), LookArgs {}).await?);
    Ok(())
}

fn steered() -> (Bus, Arc<Begun>) {
    let begun = Arc::<Begun>::default();
    let bus = Bus::builder().without_discovery().shared_state(begun.clone()).steering(Steering::new());
    let bus = bus.tool::<look>().tool::<sleep_on>().tool::<pend>().tool::<block>().tool::<refund>();
    (bus.tool::<cancel_all>().handler::<look_in_handler>().start().unwrap(), begun)
}

#[tokio::test]
async fn a_call_in_no_run_sees_that_the_bus_is_cancelled() {
    let (bus, begun) = steered();
    let own = bus.clone();
    let typed = tokio::spawn(async move { look::call(&own, LookArgs {}).await });
    begun.0.notified().await;
    let own = bus.clone();
    let by_name = tokio::spawn(async move { own.tools().call("look", json!({})).await });
    begun.0.notified().await;
    let cancelled = bus.runs().cancel(Scope::Bus).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    assert!(timeout(SOON, typed).await.unwrap().unwrap().unwrap());
    assert_eq!(timeout(SOON, by_name).await.unwrap().unwrap().unwrap(), json!(true));
    let own = bus.clone();
    let later = tokio::spawn(async move { look::call(&own, LookArgs {}).await });
    begun.0.notified().await;
    sleep(Duration::from_millis(20)).await;
    assert!(!later.is_finished(), "later calls are made as ever");
    bus.runs().cancel(Scope::Bus).await;
    later.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_in_a_handler_without_a_run_sees_it_as_well() {
    let (bus, begun) = steered();
    let own = bus.clone();
    let emitting = tokio::spawn(async move { own.emit(LookWanted).await.into_result() });
    begun.0.notified().await;
    bus.runs().cancel(Scope::Bus).await;
    timeout(SOON, emitting).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_call_in_no_run_that_does_not_look_is_dropped_after_the_grace() {
    let (bus, begun) = steered();
    let own = bus.clone();
    let sleeping = tokio::spawn(async move { sleep_on::call(&own, SleepOnArgs {}).await });
    let own = bus.clone();
    let pending = tokio::spawn(async move { pend::call(&own, PendArgs {}).await });
    begun.0.notified().await;
    sleep(Duration::from_millis(20)).await;
    let cancelled = bus.runs().cancel(Scope::Bus).grace(Duration::from_millis(20)).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    for call in [sleeping, pending] {
        let error = timeout(SOON, call).await.unwrap().unwrap().unwrap_err();
        assert!(matches!(error, ToolError::Cancelled { .. }), "{error}");
        assert!(error.to_string().contains("the bus was cancelled"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_no_run_that_blocks_is_named_as_still_running() {
    let (bus, begun) = steered();
    let own = bus.clone();
    let blocking = tokio::spawn(async move { block::call(&own, BlockArgs {}).await });
    begun.0.notified().await;
    let cancelled = bus.runs().cancel(Scope::Bus).grace(Duration::from_millis(10)).await;
    assert_eq!(cancelled.still_running, ["runs::calls::block"]);
    blocking.await.unwrap().unwrap();
    assert!(bus.runs().cancel(Scope::Bus).await.still_running.is_empty());
}

#[tokio::test]
async fn a_call_in_no_run_that_waits_for_an_approval_leaves_no_open_question_when_the_bus_is_cancelled() {
    let (bus, _) = steered();
    let own = bus.clone();
    let calling = tokio::spawn(async move { refund::call(&own, RefundArgs { order: "o-1".into() }).await });
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let cancelled = bus.runs().cancel(Scope::Bus).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    let error = timeout(SOON, calling).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, ToolError::Cancelled { .. }), "{error}");
    assert_eq!(bus.questions().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_caller_in_no_run_that_merely_goes_leaves_its_approval_open() {
    let (bus, _) = steered();
    let call = refund::call(&bus, RefundArgs { order: "o-1".into() });
    timeout(Duration::from_millis(50), call.into_future()).await.unwrap_err();
    assert_eq!(bus.questions().count().await.unwrap(), 1);
    assert!(
        bus.runs().cancel(Scope::Bus).await.still_running.is_empty(),
        "nothing of it is tracked any more"
    );
    assert_eq!(bus.questions().count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_tool_that_cancels_the_bus_is_not_cancelled_itself() {
    let (bus, _) = steered();
    let call = cancel_all::call(&bus, CancelAllArgs {});
    assert_eq!(timeout(SOON, call.into_future()).await.unwrap().unwrap(), 0);
}
