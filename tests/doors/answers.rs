//! Answering.

use std::sync::Arc;

use atoms::control::{Answer, AnswerError, Question, QuestionLimits, Schema};
use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{get, post, request, send};
use crate::server::{ADA, BOB, EVE, Running, ada, eve, routes};
use atoms::server::Server;

#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "the door checks it")]
struct Deployment {
    region: String,
    #[schemars(range(min = 1, max = 16))]
    replicas: u8,
}

async fn kept(server: &Running, id: atoms::control::QuestionId) -> Arc<Question> {
    server.bus.questions().get(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_question_is_shown_with_all_that_one_has_to_know() {
    let server = Running::start().await;
    let ask =
        Approval::new("refund").title("Refund o-1?").description("It broke.").details(&json!({"cents": 42}));
    let ask = ask.role("manager").session("s-1").body(&json!({"secret": "of the asker"}));
    let ask = ask.default_to(Decision::Rejected { feedback: Some("too late".into()) });
    let opened = server.bus.questions().open(ask.deadline(std::time::Duration::from_secs(60))).await.unwrap();
    let answer = get(server.address, ADA, "/questions/refund").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut shown = answer.json();
    for time in ["opened_at", "deadline"] {
        assert!(shown[time].as_str().unwrap().ends_with('Z'), "{shown}");
        shown.as_object_mut().unwrap().remove(time);
    }
    let expected = json!({
        "id": opened.id(), "name": "refund", "kind": "approval", "title": "Refund o-1?", "description": "It broke.",
        "details": {"cents": 42}, "roles": ["manager"], "session": "s-1",
        "default": {"outcome": "rejected", "feedback": "too late"},
    });
    assert_eq!(shown, expected);
    assert_eq!(get(server.address, ADA, &format!("/questions/{}", opened.id())).await.body, answer.body);
}

#[tokio::test]
async fn who_approves_is_recorded() {
    let server = Running::start().await;
    let opened = server.bus.questions().open(Approval::new("refund").role("manager")).await.unwrap();
    let id = opened.id();
    let answer = post(server.address, ADA, "/questions/refund/approve", r#"{"feedback":"fine"}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let end = &answer.json()["end"];
    assert_eq!(
        (&end["outcome"], &end["feedback"], &end["by"]),
        (&"approved".into(), &"fine".into(), &"ada".into())
    );
    assert_eq!(opened.wait().await.unwrap(), Decision::Approved { feedback: Some("fine".into()) });
    assert_eq!(kept(&server, id).await.end.as_ref().unwrap().by, Some(ada()));
    assert_eq!(get(server.address, ADA, &format!("/questions/{id}")).await.json()["end"], *end);
}

#[tokio::test]
async fn nothing_need_be_said_with_a_decision() {
    let server = Running::start().await;
    for (action, outcome) in [("approve", "approved"), ("reject", "rejected"), ("cancel", "cancelled")] {
        for body in ["", "{}"] {
            let id = server.open(action).await;
            let answer = post(server.address, ADA, &format!("/questions/{id}/{action}"), body).await;
            assert_eq!(answer.json()["end"]["outcome"], outcome, "{answer:?}");
        }
    }
    let id = server.open("plain").await;
    let plain = request("POST", &format!("/questions/{id}/cancel"), ADA, "content-length: 0\r\n", "");
    assert_eq!(send(server.address, &plain).await.status, 200);
    let id = server.open("over").await;
    let reason = r#"{"reason":"no longer needed"}"#;
    let answer = post(server.address, ADA, &format!("/questions/{id}/cancel"), reason).await;
    assert_eq!(answer.json()["end"]["reason"], "no longer needed");
}

#[tokio::test]
async fn a_wrong_answer_is_told_all_that_is_wrong_and_the_question_stays_open() {
    let server = Running::start().await;
    let opened = server.bus.questions().open(Input::<Deployment>::new("deployment")).await.unwrap();
    let (id, path) = (opened.id(), "/questions/deployment/answer");
    let answer = post(server.address, BOB, path, r#"{"answer":{"region":7,"replicas":40}}"#).await;
    answer.problem(422);
    let json = answer.json();
    assert!(json["type"].as_str().unwrap().ends_with("#wrong-answer"), "{json}");
    let errors = json["errors"].as_array().unwrap();
    let mut pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/region", "/replicas"], "{json}");
    assert!(errors.iter().all(|error| !error["detail"].as_str().unwrap().is_empty()), "{json}");
    assert!(kept(&server, id).await.is_open());

    let right = r#"{"answer":{"region":"eu","replicas":3}}"#;
    let answer = post(server.address, BOB, path, right).await;
    assert_eq!(answer.json()["end"]["answer"], json!({"region": "eu", "replicas": 3}));
    assert_eq!(opened.wait().await.unwrap().replicas, 3);
}

/// Pays money back.
#[tool(approve = "manager")]
fn pay_back(cents: u64) -> u64 {
    cents
}

#[tokio::test]
async fn edited_arguments_that_no_call_could_take_are_refused() {
    let bus = Bus::builder().without_discovery().tool::<pay_back>().start().unwrap();
    let server = Running::of(Server::without_sessions().routes(routes()), bus).await;
    let calling = tokio::spawn({
        let bus = server.bus.clone();
        async move { pay_back::call(&bus, PayBackArgs { cents: 900 }).await }
    });
    let listed = get(server.address, ADA, "/questions?wait=10s").await.json();
    let path = format!("/questions/{}/approve", listed["questions"][0]["id"].as_str().unwrap());
    for cents in ["500.0", "5e2", "-0.0", "18446744073709551616"] {
        let answer = post(server.address, ADA, &path, &format!(r#"{{"edited":{{"cents":{cents}}}}}"#)).await;
        answer.problem(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/cents", "{answer:?}");
    }
    assert_eq!(post(server.address, ADA, &path, r#"{"edited":{"cents":500}}"#).await.status, 200);
    assert_eq!(calling.await.unwrap().unwrap(), 500);
}

#[tokio::test]
async fn what_is_no_answer_to_such_a_question_leaves_it_open() {
    let server = Running::start().await;
    let input = server.bus.questions().open(Input::<Option<u32>>::new("count")).await.unwrap().id();
    let plan = server.bus.questions().open(Checkpoint::new("plan")).await.unwrap().id();
    for (path, body, words) in [
        ("count/approve", "", "an input: answer it with a value"),
        ("count/reject", "", "an input: answer it with a value"),
        ("plan/answer", r#"{"answer":true}"#, "a checkpoint: approve or reject it"),
        ("plan/approve", r#"{"edited":null}"#, "cannot be changed"),
    ] {
        let answer = post(server.address, BOB, &format!("/questions/{path}"), body).await;
        assert!(answer.problem(422).contains(words), "{path}: {answer:?}");
    }
    assert!(kept(&server, input).await.is_open() && kept(&server, plan).await.is_open());
    let null = post(server.address, BOB, "/questions/count/answer", r#"{"answer":null}"#).await;
    assert_eq!(null.json()["end"]["answer"], Value::Null, "{null:?}");
    assert_eq!(kept(&server, input).await.answer(), Some(&Answer::Given(Value::Null)));
}

#[tokio::test]
async fn edited_details_are_checked() {
    let server = Running::start().await;
    let schema = Schema::new(json!({"type": "object", "properties": {"cents": {"maximum": 100}}})).unwrap();
    let ask = Approval::new("refund").details(&json!({"cents": 4_200})).editable(schema);
    let id = server.bus.questions().open(ask).await.unwrap().id();
    let path = "/questions/refund/approve";
    assert_eq!(get(server.address, BOB, "/questions/refund").await.json()["schema"]["type"], "object");
    let answer = post(server.address, BOB, path, r#"{"edited":{"cents":101}}"#).await;
    answer.problem(422);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/cents");
    let answer = post(server.address, BOB, path, r#"{"edited":{"cents":100},"feedback":"less"}"#).await;
    assert_eq!(answer.json()["end"]["edited"], json!({"cents": 100}), "{answer:?}");
    let edited = Some(json!({"cents": 100}));
    assert_eq!(
        kept(&server, id).await.answer(),
        Some(&Answer::Approved { feedback: Some("less".into()), edited })
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_the_question_is_looked_for() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    for path in ["/questions/refund/approve", "/questions/nothing/approve"] {
        for body in ["{", "[]", "yes", r#"{"feedbak":"a typo"}"#, r#"{"feedback":1}"#, "{}{}", "\u{0}"] {
            post(server.address, ADA, path, body).await.problem(400);
        }
        let deep = "[".repeat(100_000);
        post(server.address, ADA, path, &format!(r#"{{"edited":{deep}"#)).await.problem(400);
        let form = request("POST", path, ADA, "content-type: application/x-www-form-urlencoded\r\n", "a=b");
        send(server.address, &form).await.problem(415);
        send(server.address, &request("POST", path, ADA, "", "{}")).await.problem(415);
        let charset = "content-type: Application/JSON; charset=utf-8\r\n";
        send(server.address, &request("POST", path, ADA, charset, "{")).await.problem(400);
        post(server.address, ADA, &format!("{path}?by=eve"), "").await.problem(400);
    }
    for missing in ["", "{}"] {
        post(server.address, ADA, "/questions/refund/answer", missing).await.problem(400);
    }
    assert!(post(server.address, ADA, "/questions/refund/vote", "").await.problem(404).contains("`approve`"));
    assert!(kept(&server, id).await.is_open());
}

#[tokio::test]
async fn a_question_that_has_ended_says_how_and_by_whom() {
    let server = Running::start().await;
    let ask = Approval::new("refund").role("manager").role("director");
    let id = server.bus.questions().open(ask).await.unwrap().id();
    server.bus.questions().reject(id).feedback("too much").by(&eve()).await.unwrap();
    for action in ["approve", "reject", "cancel"] {
        let answer = post(server.address, ADA, &format!("/questions/{id}/{action}"), "").await;
        assert!(answer.problem(409).contains("was rejected by eve at "), "{answer:?}");
        let json = answer.json();
        assert!(json["type"].as_str().unwrap().ends_with("#question-ended"), "{json}");
        let end = &json["question"]["end"];
        assert_eq!(
            (&end["outcome"], &end["by"], &end["feedback"]),
            (&"rejected".into(), &"eve".into(), &"too much".into())
        );
        assert!(end["at"].is_string(), "{json}");
    }
    // By its name, only an open question is found.
    post(server.address, ADA, "/questions/refund/approve", "").await.problem(404);
}

#[tokio::test]
async fn a_question_whose_deadline_has_come_cannot_be_answered() {
    let server = Running::start().await;
    let ask = Checkpoint::new("report").deadline(std::time::Duration::from_millis(1));
    let id = server.bus.questions().open(ask).await.unwrap().id();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let answer = post(server.address, BOB, &format!("/questions/{id}/approve"), "").await;
    answer.problem(409);
    assert_eq!(answer.json()["question"]["end"]["outcome"], "expired");
    assert_eq!(answer.json()["question"]["end"].get("by"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_answer_at_once_one_does() {
    let server = Running::start().await;
    for round in 0..20 {
        let ask = Approval::unnamed().role("manager").role("director");
        let opened = server.bus.questions().open(ask).await.unwrap();
        let (address, id) = (server.address, opened.id());
        let over_http = |token: &'static str, action: &'static str| {
            tokio::spawn(async move {
                post(address, token, &format!("/questions/{id}/{action}"), "").await.status
            })
        };
        let doors = [over_http(ADA, "approve"), over_http(EVE, "reject"), over_http(ADA, "reject")];
        let in_rust = tokio::spawn({
            let bus = server.bus.clone();
            async move {
                match bus.questions().approve(id).by(&ada()).await {
                    Ok(_) => 200,
                    Err(AnswerError::Ended(_)) => 409,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let mut statuses = vec![in_rust.await.unwrap()];
        for door in doors {
            statuses.push(door.await.unwrap());
        }
        let _decision = opened.wait().await.unwrap();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409], "round {round}");
    }
}

#[tokio::test]
async fn names_come_percent_encoded() {
    let server = Running::start().await;
    for (name, encoded) in [
        ("plan review", "plan%20review"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("für Ada", "f%C3%BCr%20Ada"),
        ("100%", "100%25"),
        ("a+b", "a+b"),
        ("..", "%2e%2e"),
    ] {
        let id = server.open(name).await;
        let answer = get(server.address, ADA, &format!("/questions/{encoded}")).await;
        assert_eq!(answer.json()["name"], name, "{answer:?}");
        let answer = post(server.address, ADA, &format!("/questions/{encoded}/approve"), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!kept(&server, id).await.is_open());
    }
    let id = server.open("by-id").await.to_string().replace('-', "%2D").to_uppercase();
    assert_eq!(get(server.address, ADA, &format!("/questions/{id}")).await.json()["name"], "by-id");
    for strange in ["%FF%FE", "%", "%zz", "%00"] {
        get(server.address, ADA, &format!("/questions/{strange}")).await.problem(404);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_for_the_bus_is_refused() {
    let bus = Bus::builder().without_discovery().question_limits(QuestionLimits::new().answer(1_000));
    let server = Server::without_sessions().routes(routes());
    let server = Running::of(server, bus.start().unwrap()).await;
    let id = server.bus.questions().open(Input::<String>::new("text")).await.unwrap().id();
    let body = json!({"answer": "x".repeat(2_000)}).to_string();
    post(server.address, BOB, "/questions/text/answer", &body).await.problem(413);
    assert!(kept(&server, id).await.is_open());
}
