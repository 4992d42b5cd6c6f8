//! What the bus is told of calls.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::tools::{Decided, ToolCompleted, ToolDecided, ToolDenied, ToolFailed, ToolStarted};
use serde_json::json;

use crate::{ada, asked, bob, bus};

#[tool]
async fn refund(cents: u64, #[tool(sensitive)] card: Option<String>) -> Result<u64, String> {
    let _ = card;
    if cents == 13 { Err("unlucky".into()) } else { Ok(cents) }
}

#[hook(before)]
fn decides(call: &mut Call<refund>) -> Result<Verdict<refund>, String> {
    match call.args.cents {
        1 => Ok(Verdict::deny("no")),
        2 => Ok(Verdict::Replace(22)),
        3 => Ok(Verdict::ask(Approval::unnamed())),
        4 => Err("broken".into()),
        _ => Ok(Verdict::Allow),
    }
}

struct Told {
    bus: Bus,
    recorded: Recording,
}

fn told() -> Told {
    let bus = bus().0.tool::<refund>().tool_hook::<decides>().start().unwrap();
    Told { recorded: Recording::of(&bus), bus }
}

impl Told {
    /// The types of what is told of calls.
    fn types(&self) -> Vec<String> {
        let types = self.recorded.types().into_iter();
        types.filter_map(|name| Some(name.strip_prefix("atoms.tool.")?.to_owned())).collect()
    }

    fn of<E: Event>(&self) -> Arc<Envelope<E>> {
        self.recorded.emitted::<E>().once()
    }

    async fn call(&self, cents: u64) {
        self.recorded.clear();
        let args = RefundArgs { cents, card: Some("4111".into()) };
        let _ = refund::call(&self.bus, args).sender("aiagents.Main").principal(&bob()).await;
    }
}

#[tokio::test]
async fn a_call_tells_of_its_start_of_each_verdict_and_of_its_end() {
    let told = told();
    told.call(5).await;
    assert_eq!(told.types(), ["started", "decided", "completed"]);
    let started = told.of::<ToolStarted>();
    assert_eq!(started.arguments, json!({"cents": 5, "card": "[sensitive]"}));
    assert_eq!(started.sender.as_ref().unwrap().as_str(), "aiagents.Main");
    assert_eq!(started.principal, Some(bob()));
    let decided = told.of::<ToolDecided>();
    assert!(decided.hook.ends_with("::decides"));
    assert_eq!((decided.verdict, decided.reason.as_deref()), (Decided::Allow, None));
    let completed = told.of::<ToolCompleted>();
    assert!(!completed.is_replaced && completed.latency_micros < 10_000_000);
    assert!(started.call == decided.call && started.call == completed.call);
    told.call(5).await;
    assert_ne!(told.of::<ToolStarted>().call, started.call);
}

#[tokio::test]
async fn what_is_denied_replaced_and_failed_is_told_apart() {
    let told = told();
    told.call(1).await;
    assert_eq!(told.types(), ["started", "decided", "denied"]);
    let decided = told.of::<ToolDecided>();
    assert_eq!((decided.verdict, decided.reason.as_deref()), (Decided::Deny, Some("no")));
    assert_eq!(told.of::<ToolDenied>().reason, "the call of the tool `refund` was denied: no");

    told.call(2).await;
    assert_eq!(told.types(), ["started", "decided", "completed"]);
    assert!(told.of::<ToolCompleted>().is_replaced);

    told.call(4).await;
    assert_eq!(told.types(), ["started", "decided", "denied"]);
    assert_eq!(told.of::<ToolDecided>().reason.as_deref(), Some("broken"));

    told.call(13).await;
    assert_eq!(told.types(), ["started", "decided", "failed"]);
    assert!(told.of::<ToolFailed>().error.contains("unlucky"));
}

#[tokio::test]
async fn a_call_whose_arguments_are_wrong_has_failed() {
    let told = told();
    let wrong = json!({"cents": "five", "card": 4111});
    told.bus.tools().call("refund", wrong).await.unwrap_err();
    assert_eq!(told.types(), ["failed"]);
    let failed = told.of::<ToolFailed>();
    assert!(failed.error.contains("/cents") && !failed.error.contains("4111"), "{}", failed.error);
}

#[tokio::test]
async fn an_approved_call_tells_of_one_start_and_one_end() {
    let told = told();
    let answer = async {
        let question = asked(&told.bus).await;
        told.bus.questions().approve(question.id).by(&ada()).await.unwrap();
    };
    tokio::join!(told.call(3), answer);
    assert_eq!(told.types(), ["started", "decided", "approved", "decided", "completed"]);
    let [asked, approved] = &told.recorded.emitted::<ToolDecided>().times(2)[..] else { unreachable!() };
    assert_eq!([asked.verdict, approved.verdict], [Decided::Ask, Decided::Approved]);
}

#[tokio::test]
async fn large_arguments_are_not_told() {
    let told = told();
    let large = RefundArgs { cents: 5, card: None };
    refund::call(&told.bus, large).await.unwrap();
    let long = json!({"cents": 5, "x": "y".repeat(30_000)});
    told.bus.tools().call("refund", long).await.unwrap_err();
    let failed = told.of::<ToolFailed>();
    assert!(failed.error.len() < 2_000);
}
