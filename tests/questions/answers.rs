//! What a question is answered with, and by whom.

use atoms::control::{Answer, AnswerError, NotAnswered, Outcome, Problem, QuestionId, Schema};
use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{SOON, ada, approved, bob, plan, started};

#[tokio::test]
async fn a_checkpoint_is_approved_with_feedback() {
    let bus = started();
    let opened = bus.questions().open(plan().title("Review the plan").details(&["a", "b"])).await.unwrap();
    let shown = bus.questions().get("plan-review").await.unwrap().unwrap();
    assert_eq!(
        (&*shown.title, &shown.details, shown.id),
        ("Review the plan", &json!(["a", "b"]), opened.id())
    );
    let ended = bus.questions().approve("plan-review").feedback("looks good").by(&ada()).await.unwrap();
    let end = ended.end.as_ref().unwrap();
    assert_eq!(end.by, Some(ada()), "it is recorded who it was");
    assert_eq!(opened.wait().await.unwrap(), Decision::Approved { feedback: Some("looks good".into()) });
}

#[tokio::test]
async fn an_approval_is_rejected() {
    let bus = started();
    let opened = bus.questions().open(Approval::new("refund")).await.unwrap();
    bus.questions().reject(opened.id()).by(&ada()).feedback("too much").await.unwrap();
    let decision = opened.wait().await.unwrap();
    assert_eq!((decision.is_approved(), decision.feedback()), (false, Some("too much")));
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Deployment {
    region: String,
    #[schemars(range(min = 1, max = 16))]
    replicas: u8,
    #[serde(default)]
    note: Option<String>,
}

async fn answered<T: atoms::control::FromAnswer>(
    bus: &Bus,
    ask: Input<T>,
    wrong: Value,
    right: Value,
) -> (T, Vec<Problem>) {
    let opened = bus.questions().open(ask).await.unwrap();
    let error = bus.questions().answer(opened.id(), wrong).by(&bob()).await.unwrap_err();
    let AnswerError::Wrong(problems) = error else { panic!("{error}") };
    assert!(bus.questions().get(opened.id()).await.unwrap().unwrap().is_open(), "the question stays open");
    bus.questions().answer(opened.id(), right).by(&bob()).await.unwrap();
    (opened.wait().await.unwrap(), problems.problems().to_vec())
}

#[tokio::test]
async fn an_input_is_a_text_a_number_a_choice_or_a_struct() {
    let bus = started();
    let (text, wrong) = answered(&bus, Input::<String>::new("text"), json!(7), json!("seven")).await;
    assert_eq!((&*text, &*wrong[0].path), ("seven", ""));
    assert_eq!(wrong[0].message, r#"7 is not of type "string""#);

    let (number, wrong) = answered(&bus, Input::<u8>::new("number"), json!(256), json!(255)).await;
    assert_eq!((number, wrong.len()), (255, 1));

    let choice = Input::choice("database", ["PostgreSQL", "SQLite"]);
    let (choice, wrong) = answered(&bus, choice, json!("Oracle"), json!("SQLite")).await;
    assert_eq!(choice, "SQLite");
    assert!(wrong[0].message.contains("PostgreSQL"), "it says what can be chosen: {}", wrong[0].message);

    let right = json!({ "region": "eu", "replicas": 3 });
    let wrong = json!({ "replicas": 40, "note": 5 });
    let (deployment, wrong) = answered(&bus, Input::<Deployment>::new("deployment"), wrong, right).await;
    assert_eq!(deployment, Deployment { region: "eu".into(), replicas: 3, note: None });
    let mut paths: Vec<_> = wrong.iter().map(|problem| &*problem.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["", "/note", "/replicas"], "all that is wrong is told at once: {wrong:?}");
}

#[tokio::test]
async fn an_input_of_a_schema_that_is_known_at_run_time_only() {
    let bus = started();
    let schema =
        Schema::new(json!({ "type": "array", "items": { "type": "integer" }, "maxItems": 2 })).unwrap();
    let ask = Input::of_schema("numbers", schema);
    let (numbers, _) = answered(&bus, ask, json!([1, 2, 3]), json!([1, 2])).await;
    assert_eq!(numbers, json!([1, 2]));
    Schema::new(json!({ "type": "nonsense" })).unwrap_err();
    Schema::new(json!({ "$ref": "https://example.com/schema.json" })).unwrap_err();
    Schema::new(json!({ "pattern": "(a)\\1" })).unwrap_err();
}

/// What no schema says.
#[derive(Debug, PartialEq, JsonSchema)]
struct Even(u32);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number % 2 == 0 { Ok(Self(number)) } else { Err(serde::de::Error::custom("it is odd")) }
    }
}

#[tokio::test]
async fn what_the_type_itself_refuses_is_wrong_as_well() {
    let bus = started();
    let (even, wrong) = answered(&bus, Input::<Even>::new("even"), json!(3), json!(4)).await;
    assert_eq!((even, &*wrong[0].message), (Even(4), "it is odd"));
}

#[tokio::test]
async fn many_problems_are_told_in_a_bounded_message() {
    let bus = started();
    let opened = bus.questions().open(Input::<Vec<u8>>::new("bytes")).await.unwrap();
    let error =
        bus.questions().answer(opened.id(), vec!["x".repeat(5_000); 40]).by(&bob()).await.unwrap_err();
    let message = error.to_string();
    assert!(message.ends_with("; and more") && message.len() < 40_000, "{}", message.len());
}

#[tokio::test]
async fn an_answer_reaches_a_question_once() {
    let bus = started();
    let opened = bus.questions().open(plan()).await.unwrap();
    bus.questions().approve(opened.id()).by(&ada()).await.unwrap();
    let error = bus.questions().reject(opened.id()).by(&bob()).await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("the question `plan-review` was approved by ada at "), "{message}");
    assert!(
        matches!(error, AnswerError::Ended(question) if question.end.as_ref().unwrap().by == Some(ada()))
    );
    let error = bus.questions().approve("plan-review").by(&ada()).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no open question `plan-review`");
    let unknown = QuestionId::generate();
    let error = bus.questions().cancel(unknown).by(&ada()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("there is no open question `{unknown}`"));
    assert_eq!(opened.wait().await.unwrap(), approved());
}

#[tokio::test]
async fn only_those_answer_who_have_a_role_of_the_question() {
    let bus = started();
    let refund = Approval::new("refund").role("director").role("manager");
    let opened = bus.questions().open(refund).await.unwrap();
    let error = bus.questions().approve("refund").by(&bob()).await.unwrap_err().to_string();
    assert_eq!(error, "`bob` may not answer the question `refund`, which is for `director` or `manager`");
    assert!(matches!(bus.questions().cancel("refund").by(&bob()).await, Err(AnswerError::NotAllowed { .. })));
    assert!(bus.questions().list().answerable_by(&bob()).await.unwrap().is_empty());
    assert_eq!(bus.questions().list().answerable_by(&ada()).await.unwrap().len(), 1);
    bus.questions().approve("refund").by(&ada()).await.unwrap();
    assert_eq!(opened.wait().await.unwrap(), approved());
}

#[tokio::test]
async fn an_answer_of_another_kind_is_refused_with_a_hint() {
    let bus = started();
    let number = bus.questions().open(Input::<u32>::new("number")).await.unwrap();
    let error = bus.questions().approve("number").by(&ada()).await.unwrap_err().to_string();
    assert_eq!(error, "the question `number` is an input: answer it with a value");
    bus.questions().open(plan()).await.unwrap();
    let error = bus.questions().answer("plan-review", true).by(&ada()).await.unwrap_err().to_string();
    assert_eq!(error, "the question `plan-review` is a checkpoint: approve or reject it");
    bus.questions().answer(number.id(), 3).by(&ada()).await.unwrap();
    let error = bus.questions().wait::<String>(number.id()).await.unwrap_err();
    assert!(matches!(error, NotAnswered::Unreadable { .. }), "{error}");
    assert_eq!(bus.questions().wait::<u32>(number.id()).await.unwrap(), 3);
}

#[tokio::test]
async fn details_are_edited_where_the_question_allows_it() {
    let bus = started();
    let editable = Approval::new("deploy").details(&json!({ "region": "eu", "replicas": 3 }));
    let opened = bus.questions().open(editable.editable(Schema::of::<Deployment>())).await.unwrap();
    let edit = |edited: Value| bus.questions().approve("deploy").edited(edited).by(&ada());
    assert!(matches!(edit(json!({ "region": "eu", "replicas": 0 })).await, Err(AnswerError::Wrong(_))));
    let edited = json!({ "region": "us", "replicas": 2 });
    edit(edited.clone()).await.unwrap();
    let ended = timeout(SOON, opened.ended()).await.unwrap().unwrap();
    let expected = Answer::Approved { feedback: None, edited: Some(edited) };
    assert_eq!(ended.end.as_ref().unwrap().outcome, Outcome::Answered(expected));

    bus.questions().open(Approval::new("fixed")).await.unwrap();
    let error = bus.questions().approve("fixed").edited(1).by(&ada()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the details of the question `fixed` cannot be changed: approve or reject them as they are"
    );
}
