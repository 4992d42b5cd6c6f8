//! Tools and hooks of all signatures.

use std::borrow::Cow;
use std::collections::BTreeMap;

use atoms::prelude::*;
use atoms::schemars::JsonSchema;
use atoms::tools::ToolInfo;
use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

/// What a model sends.
#[derive(Debug, Clone, PartialEq, atoms::serde::Serialize, atoms::serde::Deserialize, JsonSchema)]
#[serde(crate = "atoms::serde")]
#[schemars(crate = "atoms::schemars")]
pub(crate) struct Money {
    cents: u64,
}

struct Shop(u64);

struct Tenant(&'static str);

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), _: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self("acme"))
    }
}

/// Pays money back
/// to a customer.
#[tool(approve = "manager", name = "pay-back", args = PayBack, idempotent)]
#[allow(clippy::too_many_arguments, private_interfaces)]
pub(crate) fn refund(
    /// The order, as on the invoice.
    order_id: String,
    #[tool(default = Money { cents: 5 })] mut amount: Money,
    #[tool(sensitive)] card: Option<String>,
    #[allow(unused_variables)] lines: Vec<Option<Money>>,
    r#type: BTreeMap<String, Money>,
    shop: State<Shop>,
    _: Option<Context>,
    #[extract] Tenant(tenant): Tenant,
) -> Result<Money, std::fmt::Error> {
    amount.cents += shop.0;
    if card.is_none() && r#type.is_empty() && tenant == "acme" && order_id == "o-1" {
        Ok(amount)
    } else {
        Err(std::fmt::Error)
    }
}

mod own {
    use super::JsonSchema;

    /// Named like what is extracted.
    #[derive(Clone, atoms::serde::Serialize, atoms::serde::Deserialize, JsonSchema)]
    #[serde(crate = "atoms::serde")]
    #[schemars(crate = "atoms::schemars")]
    pub(crate) struct State(pub(crate) u8);
}

/// Named like what an expansion may name its own.
#[tool(read_only, timeout = "1s", concurrency = 2)]
async fn args(args: u8, p0: u8, #[arg] state: own::State) -> Vec<u8> {
    vec![args, p0, state.0]
}

#[tool]
fn nothing() {}

#[tool]
async fn r#match(r#in: Cow<'static, str>) -> Result<(), String> {
    Err(r#in.into_owned())
}

#[hook(before, order = -1)]
fn limit(call: &mut Call<refund>, shop: State<Shop>) -> Verdict<refund> {
    if call.args.amount.cents > shop.0 {
        call.args.amount.cents = shop.0;
    }
    Verdict::Allow
}

mod limits {
    use std::time::Duration;

    pub(super) const TIME: Duration = Duration::from_millis(1_500);
    pub(super) const CALLS: usize = 3;
    pub(super) const ORDER: i32 = -2;

    pub(super) const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
}

/// Has constants as options.
#[tool(timeout = limits::TIME, concurrency = limits::CALLS)]
async fn limited() {}

#[hook(before, order = limits::ORDER, timeout = limits::seconds(7))]
async fn before_limited(_: &Call<limited>) -> Verdict<limited> {
    Verdict::Allow
}

#[hook(before, tools = "*-back", sender = "aiagents.*", timeout = "5s")]
async fn guard(call: &mut ToolCall, _: Context) -> Result<Verdict, std::fmt::Error> {
    Ok(if call.sender().is_some() { Verdict::Allow } else { Verdict::deny("nobody asks") })
}

/// Looks only.
#[hook(before)]
fn look(_: &Call<args>) -> Verdict<args> {
    Verdict::Allow
}

#[hook(before, detached)]
async fn see(_: &Call<r#match>) -> Result<(), std::fmt::Error> {
    Ok(())
}

#[hook(after)]
fn round(done: &mut Done<refund>) {
    if let Ok(amount) = &mut done.result {
        amount.cents -= amount.cents % 10;
    }
}

#[hook(after, tools = "*", detached)]
async fn audit(_: &ToolDone, _: Option<State<u8>>, #[extract] _: Tenant) {}

#[hook(func = "services.of-all.signatures")]
fn configured(data: atoms::tools::EventData, _: Option<State<u8>>) -> atoms::tools::EventData {
    data
}

#[hook(func = "events.shop.audit.customFunc", order = -1, tools = "*-back", timeout = "5s")]
async fn configured_later(_: atoms::tools::EventData, _: Context) -> Result<(), std::fmt::Error> {
    Ok(())
}

#[hook(func = "services.of-all.nothing")]
fn configured_without_answer(_: atoms::tools::EventData) {}

#[cfg(any())]
#[tool(nonsense)]
fn not_there(_: &Missing) {}

#[tool]
#[cfg(not(any()))]
#[allow(clippy::unused_unit, reason = "it is written so")]
fn behind_cfg(money: Money) -> () {
    let _ = money;
}

#[hook(after)]
#[cfg(not(any()))]
fn after_cfg(_: &mut Done<behind_cfg>) {}

#[allow(deprecated, reason = "what is derived names it")]
mod old {
    use super::JsonSchema;

    #[deprecated]
    #[derive(Clone, atoms::serde::Serialize, atoms::serde::Deserialize, JsonSchema)]
    #[serde(crate = "atoms::serde")]
    #[schemars(crate = "atoms::schemars")]
    pub(crate) struct Old(pub(crate) u8);
}

#[tool]
#[deprecated]
#[expect(deprecated)]
fn of_old(#[tool(default = old::Old(1))] old: old::Old, _: Option<State<old::Old>>) -> old::Old {
    old
}

/// As `std::fmt` has it.
#[tool]
fn spelled_without_types() -> std::fmt::Result {
    Ok(())
}

fn info<T: Tool>() -> &'static ToolInfo {
    T::info()
}

#[test]
fn what_is_written_beside_a_tool_is_known_of_it() {
    let refund = info::<refund>();
    assert_eq!((refund.name(), refund.description()), ("pay-back", "Pays money back\nto a customer."));
    assert_eq!(refund.approve_role(), Some("manager"));
    assert!(refund.is_idempotent() && !refund.is_read_only());
    let schema = refund.schema();
    assert_eq!(schema["properties"]["order_id"]["description"], "The order, as on the invoice.");
    assert_eq!(schema["properties"]["amount"]["default"]["cents"], 5);
    let mut required: Vec<_> =
        schema["required"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    required.sort_unstable();
    assert_eq!(required, ["lines", "order_id", "type"]);
    assert_eq!((info::<args>().name(), info::<r#match>().name()), ("args", "match"));
    assert_eq!(info::<args>().time_limit(), Some(std::time::Duration::from_secs(1)));
    assert_eq!(info::<args>().most_at_once(), Some(2));
    assert_eq!(info::<nothing>().description(), "");
}

#[test]
fn options_may_be_constants() {
    let (tool, hook) = (info::<limited>(), <before_limited as atoms::tools::Hook>::info());
    assert_eq!((tool.time_limit(), tool.most_at_once()), (Some(limits::TIME), Some(3)));
    assert_eq!((hook.place_in_order(), hook.time_limit()), (-2, limits::seconds(7)));
}

#[test]
fn tools_and_hooks_may_stand_in_functions() {
    /// Local.
    #[tool]
    fn local(money: Money, #[tool(default = 7)] count: u8) -> u64 {
        money.cents * u64::from(count)
    }

    #[hook(before)]
    fn before_local(_: &mut Call<local>) -> Verdict<local> {
        Verdict::Allow
    }

    let args: LocalArgs = serde_json::from_str(r#"{"money": {"cents": 2}}"#).unwrap();
    assert_eq!(local(args.money, args.count), 14);
    assert!(info::<local>().path().ends_with("::local"));
    assert!(Bus::builder().without_discovery().tool::<local>().tool_hook::<before_local>().verify().is_ok());
}

#[test]
fn what_is_sensitive_is_not_shown() {
    let given = PayBack {
        order_id: "o-1".into(),
        amount: Money { cents: 1 },
        card: Some("4111".into()),
        lines: vec![],
        r#type: BTreeMap::new(),
    };
    let shown = format!("{:?}", given.clone());
    assert!(shown.contains("o-1") && !shown.contains("4111"), "{shown}");
}

#[tokio::test]
async fn the_functions_are_called() {
    let bus = Bus::builder().without_discovery().state(Shop(42)).tool::<refund>().tool_hook::<limit>();
    let bus = bus.tool_hook::<round>().tool::<args>().tool_hook::<look>().start().unwrap();
    let given = r#"{"args": 1, "p0": 2, "state": 3}"#;
    let given = serde_json::from_str(given).unwrap();
    assert_eq!(bus.tools().call("args", given).await.unwrap(), serde_json::json!([1, 2, 3]));
    assert_eq!(args::call(&bus, ArgsArgs { args: 1, p0: 2, state: own::State(3) }).await.unwrap(), [1, 2, 3]);
    nothing();
}
