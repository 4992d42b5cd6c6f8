//! Calls by the type of a tool, and by its name.

use atoms::prelude::*;
use atoms::tools::{ToolError, ToolSet};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SOON, ada, bob, bus};

struct Rate(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
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
    #[tool(default = 100)] cents: u64,
    rate: State<Rate>,
) -> Result<Refund, NoOrder> {
    if order_id == "o-0" { Err(NoOrder(order_id)) } else { Ok(Refund { order_id, cents: cents * rate.0 }) }
}

#[tool]
async fn slowly(order_id: String) -> String {
    tokio::task::yield_now().await;
    order_id
}

#[tool]
fn panics() -> u8 {
    panic!("out of paper")
}

#[tool]
async fn panics_later() -> u8 {
    tokio::task::yield_now().await;
    panic!("out of paper")
}

#[tool]
fn delete_customer(id: u64) {
    let _ = id;
}

fn started() -> Bus {
    let builder = bus().0.tool::<refund>().tool::<slowly>().tool::<panics>().tool::<panics_later>();
    builder.tool::<delete_customer>().state(Rate(1)).start().unwrap()
}

fn args(order_id: &str) -> RefundArgs {
    RefundArgs { order_id: order_id.into(), cents: 20 }
}

#[tokio::test]
async fn a_tool_is_called_by_its_type() {
    let bus = started();
    let refunded = refund::call(&bus, args("o-1")).await.unwrap();
    assert_eq!(refunded, Refund { order_id: "o-1".into(), cents: 20 });
    assert_eq!(slowly::call(&bus, SlowlyArgs { order_id: "o-2".into() }).await.unwrap(), "o-2");
    delete_customer::call(&bus, DeleteCustomerArgs { id: 1 }).await.unwrap();
}

#[tokio::test]
async fn a_tool_is_called_by_its_name() {
    let bus = started();
    let refunded = bus.tools().call("refund", json!({"order_id": "o-1"})).await.unwrap();
    assert_eq!(refunded, json!({"order_id": "o-1", "cents": 100}));
    assert_eq!(bus.tools().call("slowly", json!({"order_id": "o-2"})).await.unwrap(), "o-2");
    assert_eq!(bus.tools().call("delete_customer", json!({"id": 1})).await.unwrap(), json!(null));
    let error = bus.tools().call("refnd", json!({})).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no tool `refnd`: did you mean `refund`?");
    let error = bus.tools().call("x".repeat(100_000), json!({})).await.unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[tokio::test]
async fn an_error_of_the_function_is_there_as_it_is() {
    let bus = started();
    let error = refund::call(&bus, args("o-0")).await.unwrap_err();
    assert_eq!(error.to_string(), "the tool `refund` failed: there is no order o-0");
    assert_eq!(error.downcast_ref::<NoOrder>().unwrap().0, "o-0");
    assert!(!error.is_denied());
}

#[tokio::test]
async fn a_panic_of_the_function_is_an_error() {
    let bus = started();
    for error in [
        panics::call(&bus, PanicsArgs {}).await.unwrap_err(),
        panics_later::call(&bus, PanicsLaterArgs {}).await.unwrap_err(),
    ] {
        assert!(error.to_string().ends_with("panicked: out of paper"), "{error}");
    }
    refund::call(&bus, args("o-1")).await.unwrap();
}

#[tokio::test]
async fn an_agent_calls_what_its_set_has() {
    let bus = started();
    let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["ref*", "slowly"]).unwrap();
    assert_eq!(tools.list(&bus).map(|tool| tool.name()).collect::<Vec<_>>(), ["refund", "slowly"]);
    tools.call(&bus, "refund", json!({"order_id": "o-1"})).await.unwrap();
    let error = tools.call(&bus, "delete_customer", json!({"id": 1})).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no tool `delete_customer`");
    // What is not there, and what one may not call, are told alike.
    let error = tools.call(&bus, "delete_customers", json!({"id": 1})).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no tool `delete_customers`");
}

#[test]
fn a_set_has_no_tools_that_the_bus_does_not_have() {
    let bus = started();
    let set = || ToolSet::for_agent("aiagents.Main");
    let error = set().tools(&bus, ["refnd", "slowly", "refunds_*", "xyz"]).unwrap_err();
    assert_eq!(error.names().collect::<Vec<_>>(), ["refnd", "refunds_*", "xyz"]);
    let text = "the agent `aiagents.Main` has no tool `refnd`: did you mean `refund`?; and no tool `refunds_*`: \
                did you mean `refund`?; and no tool `xyz`: no tool of the bus is called like this";
    assert_eq!(error.to_string(), text);
    assert!(set().tools(&bus, ["*"]).unwrap().has("refund"));
    assert!(!set().tools(&bus, [""; 0]).unwrap().has("refund"));
}

/// Who calls, as the tool sees it.
#[tool]
fn whoami(
    #[extract] sender: Option<atoms::tools::Sender>,
    #[extract] principal: Option<Principal>,
) -> String {
    let principal = principal.map_or("nobody".into(), |principal| principal.name().to_owned());
    format!("{} for {principal}", sender.map_or("nothing".into(), |sender| sender.to_string()))
}

#[event(type = "test.asked")]
struct Asked;

#[handler]
async fn asks(_: &Asked, context: Context, log: State<crate::Log>) {
    log.add(whoami::call(context.bus(), WhoamiArgs {}).await.unwrap());
    log.add(
        whoami::call(context.bus(), WhoamiArgs {}).sender("aiagents.Other").principal(&bob()).await.unwrap(),
    );
    let in_json = context.bus().tools().call("whoami", json!({})).await.unwrap();
    log.add(in_json.as_str().unwrap());
}

#[tokio::test]
async fn who_calls_is_whoever_the_event_is_for_unless_it_is_said() {
    let (builder, log) = bus();
    let bus = builder.tool::<whoami>().handler::<asks>().start().unwrap();
    assert_eq!(whoami::call(&bus, WhoamiArgs {}).await.unwrap(), "nothing for nobody");
    let asked = Envelope::new(Asked).carry(ada()).carry(atoms::tools::Sender::from("aiagents.Main"));
    bus.emit(asked).await.into_result().unwrap();
    assert_eq!(log.take(), ["aiagents.Main for ada", "aiagents.Other for bob", "aiagents.Main for ada"]);
    // No argument says it.
    let forged = json!({"sender": "aiagents.Admin", "principal": {"name": "eve", "roles": ["manager"]}});
    bus.tools().call("whoami", forged).await.unwrap_err();
}

/// A tool that calls itself, by its name.
#[tool]
async fn deeper(depth: u32, context: Context) -> Result<u32, ToolError> {
    let deeper = context.bus().tools().call("deeper", json!({"depth": depth + 1})).await?;
    Ok(deeper.as_u64().unwrap_or_default() as u32)
}

#[tokio::test]
async fn calls_in_calls_come_to_an_end() {
    let bus = bus().0.tool::<deeper>().start().unwrap();
    let mut error = deeper::call(&bus, DeeperArgs { depth: 0 }).await.unwrap_err();
    while let Some(inner) = error.downcast_ref::<ToolError>() {
        error = inner.clone();
    }
    assert!(matches!(error, ToolError::TooDeep { limit: 16, .. }), "{error}");
}

#[tokio::test]
async fn a_bus_without_the_tool_says_so() {
    let bus = bus().0.start().unwrap();
    let error = refund::call(&bus, args("o-1")).await.unwrap_err();
    assert!(error.to_string().contains("write `.tool::<refund>()` where the bus is built"), "{error}");
}

#[event(type = "test.again")]
struct Again {
    left: u32,
}

#[tool]
async fn begins(left: u32, context: Context) -> u32 {
    context.bus().post(Again { left }).await.unwrap();
    left
}

#[handler]
async fn again(again: &Again, context: Context, log: State<crate::Log>) -> Result<(), ToolError> {
    log.add("again");
    if again.left > 0 {
        begins::call(context.bus(), BeginsArgs { left: again.left - 1 }).await?;
    }
    Ok(())
}

#[tokio::test]
async fn calls_that_wait_for_nobody_do_not_lie_in_each_other() {
    let (builder, log) = bus();
    let bus = builder.tool::<begins>().handler::<again>().start().unwrap();
    begins::call(&bus, BeginsArgs { left: 20 }).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take().len(), 21);
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

#[tokio::test]
async fn a_bus_that_is_shut_down_calls_no_tool() {
    let bus = bus().0.tool::<panics>().start().unwrap();
    bus.shutdown(SOON).await.unwrap();
    let by_type = panics::call(&bus, PanicsArgs {}).await.unwrap_err();
    let by_name = bus.tools().call("panics", json!({})).await.unwrap_err();
    assert!(matches!((&by_type, &by_name), (ToolError::Closed, ToolError::Closed)), "{by_type}, {by_name}");
}

/// Arguments whose `Clone` or `Serialize` panics.
#[derive(Debug, Deserialize, atoms::schemars::JsonSchema)]
#[schemars(crate = "atoms::schemars")]
enum Torn {
    Copied,
    Written,
}

impl Clone for Torn {
    fn clone(&self) -> Self {
        match self {
            Self::Copied => panic!("torn"),
            Self::Written => Self::Written,
        }
    }
}

impl Serialize for Torn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Copied => serializer.serialize_str("Copied"),
            Self::Written => panic!("torn"),
        }
    }
}

#[tool]
fn print(paper: Torn) {
    let _ = paper;
}

#[tool]
async fn print_later(paper: Torn) {
    tokio::task::yield_now().await;
    let _ = paper;
}

#[hook(after, tools = "print*")]
fn count(_: &mut ToolDone) {}

#[tokio::test]
async fn arguments_that_panic_stop_the_call() {
    let bus = bus().0.tool::<print>().tool::<print_later>().tool_hook::<count>().start().unwrap();
    for paper in [|| Torn::Copied, || Torn::Written] {
        let at_once = print::call(&bus, PrintArgs { paper: paper() }).await.unwrap_err();
        let later = print_later::call(&bus, PrintLaterArgs { paper: paper() }).await.unwrap_err();
        for error in [at_once, later] {
            assert!(error.to_string().contains("torn"), "{error}");
        }
    }
}
