//! Going on with a call once it was approved.

use std::sync::Arc;

use atoms::control::MemoryQuestions;
use atoms::prelude::*;
use atoms::{Delivery, EmitLayer, HandlerInfo, Layer, Next, NextEmit, Outcome, Veto};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::log::Log;
use crate::{SOON, ada, asked, bus, left, until};

#[tool(approve = "manager")]
async fn slow(log: State<Log>, gate: State<Notify>) {
    log.add("begins");
    gate.notified().await;
    log.add("ends");
}

/// It comes again, as after the end of the process, and is not taken for one that was made.
#[test]
fn an_approved_call_whose_runtime_ends_is_made_in_another_one() {
    let (builder, log) = bus();
    let gate = Arc::<Notify>::default();
    let bus = builder.tool::<slow>().shared_state(gate.clone()).start().unwrap();
    let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        let question = left(&bus, slow::call(&bus, SlowArgs {})).await;
        bus.questions().approve(question.id).by(&ada()).await.unwrap();
        until(|| log.take() == ["begins"]).await;
    });
    drop(first);
    runtime().block_on(async {
        gate.notify_one();
        timeout(SOON, bus.idle()).await.unwrap();
    });
    assert_eq!(log.take(), ["begins", "ends"]);
}

/// Holds up what is approved.
struct HeldUp(Arc<Notify>);

impl Layer for HeldUp {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        self.0.notified().await;
        next.run().await
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        handler.id() == "atoms.tool.run_approved"
    }
}

#[tokio::test]
async fn who_waits_for_a_call_whose_question_is_gone_is_told_so() {
    let (builder, _) = bus();
    let gate = Arc::<Notify>::default();
    let store = Arc::new(MemoryQuestions::new(1, 1024 * 1024));
    let builder = builder.question_store(store).tool::<slow>().state(Notify::new());
    let bus = builder.layer(HeldUp(Arc::clone(&gate))).start().unwrap();
    let call = tokio::spawn({
        let bus = bus.clone();
        async move { slow::call(&bus, SlowArgs {}).await }
    });
    let question = asked(&bus).await;
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    // Of those that have ended, the store keeps one.
    bus.questions().open(Approval::new("other")).await.unwrap();
    bus.questions().approve("other").by(&ada()).await.unwrap();
    assert!(bus.questions().get(question.id).await.unwrap().is_none());
    gate.notify_one();
    let error = timeout(SOON, call).await.unwrap().unwrap().unwrap_err();
    assert!(error.to_string().contains("is not there any more"), "{error}");
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

/// Refuses to deliver what is approved.
struct RefusesDelivery;

impl Layer for RefusesDelivery {
    async fn deliver(&self, _: &Delivery<'_>, _: &mut Next<'_>) -> Outcome {
        Err(Veto::new("no tenant").into())
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        handler.id() == "atoms.tool.run_approved"
    }
}

/// Refuses the events of the framework, also those that tell of failures.
struct RefusesEvents;

impl EmitLayer for RefusesEvents {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        if next.event().event_type().starts_with("atoms.") {
            return Err(Veto::new("no tenant"));
        }
        next.run().await;
        Ok(())
    }
}

#[tokio::test]
async fn who_waits_for_a_call_whose_event_is_refused_is_told_so() {
    for refuses_events in [false, true] {
        let (builder, log) = bus();
        let builder = builder.tool::<slow>().state(Notify::new());
        let builder =
            if refuses_events { builder.emit_layer(RefusesEvents) } else { builder.layer(RefusesDelivery) };
        let bus = builder.start().unwrap();
        let answer = async {
            let question = asked(&bus).await;
            bus.questions().approve(question.id).by(&ada()).await.unwrap();
        };
        let called = timeout(SOON, async { tokio::join!(slow::call(&bus, SlowArgs {}), answer).0 });
        let error = called.await.expect("it waits for ever").unwrap_err();
        assert!(matches!(error, ToolError::NotMade { .. }), "{error}");
        let letters = bus.dead_letters().list().await.unwrap();
        let letter = letters.iter().find(|letter| letter.event().event_type() == "atoms.tool.approved");
        let id = letter.expect("there is no dead letter").id();
        let text = error.to_string();
        assert!(text.contains("no tenant") && text.ends_with(&format!("dead letter {id}")), "{text}");
        assert!(log.take().is_empty());
    }
}
