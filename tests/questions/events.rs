//! What the bus is told of questions, and what goes on when they are answered.

use std::time::Duration;

use atoms::control::{
    Answer, QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionKind, QuestionOpened,
};
use atoms::prelude::*;
use atoms::{AnyEvent, Envelope, Receipt};
use tokio::time::{sleep, timeout};

use crate::{Log, SOON, ada, approved, bus, plan, started};

#[handler]
fn opened(opened: &QuestionOpened, log: State<Log>) {
    log.add(format!("opened {} {}", opened.kind, opened.title));
}

#[handler]
fn answered(answered: &QuestionAnswered, log: State<Log>) {
    let QuestionAnswered { name, answer, answered_by, is_default, .. } = answered;
    log.add(format!("answered {name:?} {answer:?} by {answered_by:?} {is_default}"));
}

#[handler]
fn expired(expired: &QuestionExpired, log: State<Log>) {
    log.add(format!("expired {:?}", expired.name));
}

#[handler]
fn cancelled(cancelled: &QuestionCancelled, log: State<Log>) {
    log.add(format!("cancelled by {:?}: {:?}", cancelled.cancelled_by, cancelled.reason));
}

#[tokio::test]
async fn what_happens_to_a_question_is_told_in_order() {
    let (builder, log) = bus();
    let builder =
        builder.handler::<opened>().handler::<answered>().handler::<expired>().handler::<cancelled>();
    let bus = builder.start().unwrap();
    bus.questions().open(plan().title("Review the plan")).await.unwrap();
    bus.questions().approve("plan-review").feedback("good").by(&ada()).await.unwrap();
    bus.idle().await;
    let who = r#"Some(Principal { name: "ada", roles: ["manager"] })"#;
    assert_eq!(
        log.take(),
        [
            "opened checkpoint Review the plan".to_owned(),
            format!(
                r#"answered Some("plan-review") Approved {{ feedback: Some("good"), edited: None }} by {who} false"#
            ),
        ]
    );
    bus.questions().open(plan()).await.unwrap();
    bus.questions().cancel("plan-review").feedback("not now").by(&ada()).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take()[1], format!(r#"cancelled by {who}: Some("not now")"#));

    let soon = Duration::from_millis(5);
    let ended = bus.questions().ask(plan().deadline(soon)).await.unwrap_err();
    let by_default = bus.questions().ask(Input::<u32>::unnamed().deadline(soon).default_to(3)).await.unwrap();
    let told = async {
        let mut told = Vec::new();
        while told.len() < 4 {
            sleep(Duration::from_millis(1)).await;
            told.extend(log.take());
        }
        told.retain(|line| !line.starts_with("opened"));
        told
    };
    let told = timeout(SOON, told).await.unwrap();
    assert_eq!(told, [r#"expired Some("plan-review")"#, "answered None Given(Number(3)) by None true"]);
    assert_eq!((ended.to_string().contains("plan-review"), by_default), (true, 3));
}

#[event(type = "questions.refunded")]
struct Refunded {
    order_id: String,
}

#[handler]
fn refund(refunded: Envelope<Refunded>, principal: Option<Principal>, log: State<Log>) {
    let causation = refunded.metadata().causation_id().is_some();
    log.add(format!("refunded {} {causation} {principal:?}", refunded.order_id));
}

fn refunded() -> Refunded {
    Refunded { order_id: "o-1".into() }
}

#[tokio::test]
async fn what_follows_an_answer_is_posted_with_it_and_not_with_a_rejection() {
    let (builder, log) = bus();
    let bus = builder.handler::<refund>().start().unwrap();
    let ask = || Approval::new("refund").then(refunded());
    bus.questions().open(ask()).await.unwrap();
    bus.questions().reject("refund").by(&ada()).await.unwrap();
    bus.questions().open(ask()).await.unwrap();
    bus.questions().cancel("refund").by(&ada()).await.unwrap();
    bus.idle().await;
    assert!(log.take().is_empty());
    bus.questions().open(ask()).await.unwrap();
    bus.questions().approve("refund").by(&ada()).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["refunded o-1 false None"]);
}

#[event(type = "questions.ordered")]
struct Ordered {}

#[handler]
async fn ask_for_refund(_: &Ordered, context: Context) -> Result<(), String> {
    let ask = Approval::new("refund").then(refunded());
    context.bus().questions().open(ask).await.map_err(|error| error.to_string())?;
    // What was opened stays, whatever becomes of the handler.
    Err("out of paper".into())
}

#[handler]
async fn approve_refund(opened: &QuestionOpened, context: Context, log: State<Log>) -> Result<(), String> {
    let metadata = context.metadata();
    log.add(format!("opened in {:?}, of {}", metadata.session_id(), metadata.correlation_id().is_some()));
    let answering = context.bus().questions().approve(opened.question).by(&ada());
    answering.await.map_err(|error| error.to_string())?;
    Err("what was answered stays answered".into())
}

#[tokio::test]
async fn handlers_ask_and_answer_in_the_session_and_the_chain_of_their_events() {
    let (builder, log) = bus();
    let bus =
        builder.handler::<ask_for_refund>().handler::<approve_refund>().handler::<refund>().start().unwrap();
    let mut answered = bus.stream::<QuestionAnswered>();
    let mut ordered = Envelope::new(Ordered {});
    ordered.metadata_mut().set_session_id("s-1");
    ordered.metadata_mut().set_correlation_id("c-1");
    bus.post(ordered.carry(ada())).await.unwrap();
    let told = timeout(SOON, answered.next()).await.unwrap().unwrap().unwrap();
    assert_eq!((told.metadata().session_id(), told.metadata().correlation_id()), (Some("s-1"), Some("c-1")));
    bus.idle().await;
    let mut lines = log.take();
    lines.sort_unstable();
    let principal = r#"Some(Principal { name: "ada", roles: ["manager"] })"#;
    assert_eq!(
        lines,
        [r#"opened in Some("s-1"), of true"#.to_owned(), format!("refunded o-1 true {principal}")]
    );
    let question = bus.questions().get(told.question).await.unwrap().unwrap();
    assert_eq!((question.session.as_deref(), question.answer().is_some()), (Some("s-1"), true));
}

#[tokio::test]
async fn waiting_and_handling_are_both_possible() {
    let (builder, log) = bus();
    let bus = builder.handler::<answered>().start().unwrap();
    let opened = bus.questions().open(plan()).await.unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (bus, id) = (bus.clone(), opened.id());
            tokio::spawn(async move { bus.questions().wait::<Decision>(id).await.unwrap() })
        })
        .collect();
    sleep(Duration::from_millis(10)).await;
    bus.questions().approve(opened.id()).by(&ada()).await.unwrap();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), approved());
    }
    assert_eq!(opened.wait().await.unwrap(), approved());
    bus.idle().await;
    assert_eq!(log.take().len(), 1);
}

fn frame(bus: &Bus, event: &AnyEvent) -> serde_json::Value {
    let frame = bus.encode(event).unwrap();
    assert!(bus.decode(&frame).unwrap().known_type().is_some(), "what is written can be read");
    serde_json::from_slice(&frame).unwrap()
}

#[tokio::test]
async fn the_events_are_frames_like_any_other() {
    let bus = Bus::builder().without_discovery().event::<QuestionAnswered>().start().unwrap();
    let question = bus.questions().open(plan()).await.unwrap().id();
    let answered = QuestionAnswered {
        question,
        kind: QuestionKind::Checkpoint,
        name: Some("plan-review".into()),
        answer: Answer::Rejected { feedback: None },
        answered_by: Some(ada()),
        is_default: false,
    };
    let frame = frame(&bus, &Envelope::new(answered).into());
    assert_eq!(frame["type"], "atoms.question.answered");
    assert_eq!(frame["question"], question.to_string());
    assert_eq!(frame["answer"], serde_json::json!({ "rejected": { "feedback": null } }));
    assert_eq!(frame["answered_by"]["name"], "ada");
}

#[tokio::test]
async fn nothing_is_posted_where_nobody_takes_it() {
    let bus = started();
    bus.questions().open(plan()).await.unwrap();
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
    let receipt: Receipt = bus.emit(Ordered {}).await;
    assert!(receipt.is_unhandled());
}
