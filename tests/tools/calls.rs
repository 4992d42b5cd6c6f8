//! Calls by the type of a tool, and by its name.

use atoms::prelude::*;
use serde_json::json;

use super::bus;

struct Rate(u64);

#[derive(Debug, PartialEq, Clone, serde::Serialize, serde::Deserialize)]
struct Refund {
    order_id: String,
    cents: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no order {0}")]
struct NoOrder(String);

/// Pays money back to a customer.
#[tool]
fn refund(
    /// The order, as on the invoice.
    order_id: String,
    #[tool(sensitive)] card: Option<String>,
    #[tool(default = 100)] cents: u64,
    rate: State<Rate>,
) -> Result<Refund, NoOrder> {
    let _ = card;
    if order_id == "o-0" { Err(NoOrder(order_id)) } else { Ok(Refund { order_id, cents: cents * rate.0 }) }
}

#[hook(before, order = -3)]
fn limit(call: &mut Call<refund>) -> Verdict<refund> {
    match call.args.cents {
        0 => Verdict::Replace(Refund { order_id: String::new(), cents: 0 }),
        50 => {
            call.args.cents = 60;
            Verdict::Allow
        }
        1..10_000 => Verdict::Allow,
        _ => Verdict::deny("more than 100 needs a director"),
    }
}

#[hook(before, tools = "ref*", timeout = "500ms")]
async fn audit(call: &mut ToolCall, _context: Context) -> Result<Verdict, String> {
    tokio::task::yield_now().await;
    if call.args["order_id"] == "o-9" { Err("no".into()) } else { Ok(Verdict::Allow) }
}

fn args(order_id: &str, cents: u64) -> RefundArgs {
    RefundArgs { order_id: order_id.into(), card: None, cents }
}

fn started() -> Bus {
    bus().tool::<refund>().tool_hook::<limit>().tool_hook::<audit>().state(Rate(1)).start().unwrap()
}

#[tokio::test]
async fn a_tool_is_called_by_its_type() {
    let bus = started();
    let refunded = refund::call(&bus, args("o-1", 20)).await.unwrap();
    assert_eq!(refunded, Refund { order_id: "o-1".into(), cents: 20 });
    let error = refund::call(&bus, args("o-0", 20)).await.unwrap_err();
    assert_eq!(error.to_string(), "the tool `refund` failed: there is no order o-0");
    assert!(error.downcast_ref::<NoOrder>().is_some());
}

#[tokio::test]
async fn a_tool_is_called_by_its_name() {
    let bus = started();
    let refunded = bus.tools().call("refund", json!({"order_id": "o-1"})).await.unwrap();
    assert_eq!(refunded, json!({"order_id": "o-1", "cents": 100}));
    let error = bus.tools().call("refnd", json!({})).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no tool `refnd`: is it `refund`?");
    let error = bus.tools().call("refund", json!({"order": 1})).await.unwrap_err();
    assert!(matches!(error, ToolError::InvalidArguments { .. }), "{error}");
}

#[tokio::test]
async fn hooks_change_replace_and_deny() {
    let bus = started();
    assert_eq!(refund::call(&bus, args("o-1", 50)).await.unwrap().cents, 60);
    assert_eq!(refund::call(&bus, args("o-1", 0)).await.unwrap().order_id, "");
    let error = refund::call(&bus, args("o-1", 20_000)).await.unwrap_err();
    assert_eq!(error.to_string(), "the call of the tool `refund` was denied: more than 100 needs a director");
    let error = refund::call(&bus, args("o-9", 20)).await.unwrap_err();
    assert!(matches!(error, ToolError::HookFailed { is_after: false, .. }), "{error}");
}

#[test]
fn what_a_tool_lacks_is_told_at_the_start() {
    let error = bus().tool::<refund>().start().unwrap_err();
    assert!(error.to_string().contains("Rate"), "{error}");
    let error = bus().tool_hook::<limit>().start().unwrap_err();
    assert!(error.to_string().contains("add `.tool::<refund>()`"), "{error}");
}
