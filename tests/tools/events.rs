//! What the bus is told of calls.

use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::tools::{Decided, ToolCompleted, ToolDecided, ToolDenied, ToolFailed, ToolStarted};
use atoms::{AnyEvent, Subscription};
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
    events: Arc<Mutex<Vec<AnyEvent>>>,
    _subscription: Subscription,
}

fn told() -> Told {
    let bus = bus().0.tool::<refund>().tool_hook::<decides>().start().unwrap();
    let events = Arc::<Mutex<Vec<AnyEvent>>>::default();
    let kept = Arc::clone(&events);
    let subscription = bus.on_any(move |event| {
        if event.event_type().starts_with("atoms.tool.") {
            kept.lock().unwrap().push(event.clone());
        }
    });
    Told { bus, events, _subscription: subscription }
}

impl Told {
    fn take(&self) -> Vec<AnyEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn types(events: &[AnyEvent]) -> Vec<&str> {
        events.iter().map(|event| event.event_type().trim_start_matches("atoms.tool.")).collect()
    }

    async fn call(&self, cents: u64) -> Vec<AnyEvent> {
        let args = RefundArgs { cents, card: Some("4111".into()) };
        let _ = refund::call(&self.bus, args).sender("aiagents.Main").principal(&bob()).await;
        self.take()
    }
}

fn of<E: Event>(events: &[AnyEvent]) -> E {
    let found = events.iter().find_map(|event| event.downcast_ref::<E>());
    found.expect("there is no such event").event().clone()
}

#[tokio::test]
async fn a_call_tells_of_its_start_of_each_verdict_and_of_its_end() {
    let told = told();
    let events = told.call(5).await;
    assert_eq!(Told::types(&events), ["started", "decided", "completed"]);
    let started: ToolStarted = of(&events);
    assert_eq!(started.arguments, json!({"cents": 5, "card": "[sensitive]"}));
    assert_eq!(started.sender.unwrap().as_str(), "aiagents.Main");
    assert_eq!(started.principal, Some(bob()));
    let decided: ToolDecided = of(&events);
    assert!(decided.hook.ends_with("::decides"));
    assert_eq!((decided.verdict, decided.reason), (Decided::Allow, None));
    let completed: ToolCompleted = of(&events);
    assert!(!completed.is_replaced && completed.latency_micros < 10_000_000);
    assert!(started.call == decided.call && started.call == completed.call);
    assert_ne!(of::<ToolStarted>(&told.call(5).await).call, started.call);
}

#[tokio::test]
async fn what_is_denied_replaced_and_failed_is_told_apart() {
    let told = told();
    let events = told.call(1).await;
    assert_eq!(Told::types(&events), ["started", "decided", "denied"]);
    let decided: ToolDecided = of(&events);
    assert_eq!((decided.verdict, decided.reason.as_deref()), (Decided::Deny, Some("no")));
    assert_eq!(of::<ToolDenied>(&events).reason, "the call of the tool `refund` was denied: no");

    let events = told.call(2).await;
    assert_eq!(Told::types(&events), ["started", "decided", "completed"]);
    assert!(of::<ToolCompleted>(&events).is_replaced);

    let events = told.call(4).await;
    assert_eq!(Told::types(&events), ["started", "decided", "denied"]);
    assert_eq!(of::<ToolDecided>(&events).reason.as_deref(), Some("broken"));

    let events = told.call(13).await;
    assert_eq!(Told::types(&events), ["started", "decided", "failed"]);
    assert!(of::<ToolFailed>(&events).error.contains("unlucky"));
}

#[tokio::test]
async fn a_call_whose_arguments_are_wrong_has_failed() {
    let told = told();
    let wrong = json!({"cents": "five", "card": 4111});
    told.bus.tools().call("refund", wrong).await.unwrap_err();
    let events = told.take();
    assert_eq!(Told::types(&events), ["failed"]);
    let failed: ToolFailed = of(&events);
    assert!(failed.error.contains("/cents") && !failed.error.contains("4111"), "{}", failed.error);
}

#[tokio::test]
async fn an_approved_call_tells_of_one_start_and_one_end() {
    let told = told();
    let answer = async {
        let question = asked(&told.bus).await;
        told.bus.questions().approve(question.id).by(&ada()).await.unwrap();
    };
    let (events, ()) = tokio::join!(told.call(3), answer);
    let events: Vec<_> = events.into_iter().chain(told.take()).collect();
    assert_eq!(Told::types(&events), ["started", "decided", "approved", "decided", "completed"]);
    let verdicts = events.iter().filter_map(|event| event.downcast_ref::<ToolDecided>());
    assert_eq!(
        verdicts.map(|decided| decided.verdict).collect::<Vec<_>>(),
        [Decided::Ask, Decided::Approved]
    );
}

#[tokio::test]
async fn large_arguments_are_not_told() {
    let told = told();
    let large = RefundArgs { cents: 5, card: None };
    refund::call(&told.bus, large).await.unwrap();
    told.take();
    let long = json!({"cents": 5, "x": "y".repeat(30_000)});
    told.bus.tools().call("refund", long).await.unwrap_err();
    let failed: ToolFailed = of(&told.take());
    assert!(failed.error.len() < 2_000);
}
