//! Other people's questions.

use std::time::Duration;

use atoms::prelude::*;
use serde_json::json;

use crate::client::{Answer, get, post};
use crate::server::{ADA, BOB, EVE, Running, ada};

/// The answer without the time at which it was given.
fn dateless(mut answer: Answer) -> Answer {
    let lines = answer.head.lines().filter(|line| !line.starts_with("date: "));
    answer.head = lines.collect::<Vec<_>>().join("\n");
    answer
}

#[tokio::test]
async fn a_principal_sees_only_what_it_may_answer() {
    let server = Running::start().await;
    server.open("refund").await;
    server.bus.questions().open(Checkpoint::new("plan-review")).await.unwrap();
    server.bus.questions().open(Approval::new("hire").role("director").role("manager")).await.unwrap();
    let names = async |token| get(server.address, token, "/questions").await.names();
    assert_eq!(names(ADA).await, ["refund", "plan-review", "hire"]);
    assert_eq!(names(BOB).await, ["plan-review"]);
    assert_eq!(names(EVE).await, ["plan-review", "hire"]);
}

/// What a caller is told of a question of others, in each way to ask.
async fn told(server: &Running, question: &str) -> Vec<Answer> {
    let path = format!("/questions/{question}");
    let mut answers = vec![
        get(server.address, BOB, &path).await,
        get(server.address, BOB, &format!("{path}?wait=30s")).await,
    ];
    for (action, body) in [
        ("approve", ""),
        ("reject", r#"{"feedback":"no"}"#),
        ("answer", r#"{"answer":1}"#),
        ("cancel", ""),
        ("approve", "{"),
        ("vote", ""),
    ] {
        answers.push(post(server.address, BOB, &format!("{path}/{action}"), body).await);
    }
    answers.into_iter().map(dateless).collect()
}

#[tokio::test]
async fn questions_of_others_look_like_none() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    let late = Approval::new("late").role("manager").deadline(Duration::from_millis(1));
    let late = server.bus.questions().open(late).await.unwrap().id();
    let ended = server.open("old").await;
    server.bus.questions().approve(ended).by(&ada()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;

    let none = told(&server, "nothing").await;
    assert_eq!(
        none.iter().map(|answer| answer.status).collect::<Vec<_>>(),
        [404, 404, 404, 404, 404, 404, 400, 404]
    );
    for other in [id.to_string(), "refund".into(), late.to_string(), ended.to_string(), "%72efund".into()] {
        assert_eq!(told(&server, &other).await, none, "{other}");
    }
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn a_list_tells_nothing_of_questions_of_others() {
    let server = Running::start().await;
    let before = get(server.address, BOB, "/questions").await;
    let id = server.open("refund").await;
    assert_eq!(dateless(get(server.address, BOB, "/questions").await), dateless(before));

    let path =
        format!("/questions?wait=300ms&since={}", get(server.address, BOB, "/questions").await.version());
    let waiting = get(server.address, BOB, &path);
    let start = tokio::time::Instant::now();
    let changing = async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            server.bus.questions().open(Approval::unnamed().role("manager")).await.unwrap();
        }
        server.bus.questions().reject(id).by(&ada()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, changing);
    assert_eq!(answer.json()["questions"], json!([]));
    assert!(start.elapsed() >= Duration::from_millis(300), "it was not ended early: {:?}", start.elapsed());
}

#[tokio::test]
async fn filters_show_nothing_more() {
    let server = Running::start().await;
    server.bus.questions().open(Approval::new("refund").role("manager").session("s-1")).await.unwrap();
    for query in ["", "?mine=true", "?mine=false", "?kind=approval", "?session=s-1", "?limit=1", "?wait=1ms"]
    {
        assert_eq!(get(server.address, BOB, &format!("/questions{query}")).await.names().len(), 0, "{query}");
        assert_eq!(
            get(server.address, ADA, &format!("/questions{query}")).await.names(),
            ["refund"],
            "{query}"
        );
    }
}
