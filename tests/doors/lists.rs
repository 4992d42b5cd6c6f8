//! Lists, their filters and their pages.

use atoms::control::QuestionId;
use atoms::prelude::*;
use serde_json::json;

use crate::client::get;
use crate::server::{ADA, BOB, Running};

#[tokio::test]
async fn a_list_is_what_its_filters_let_through() {
    let server = Running::start().await;
    let questions = || server.bus.questions();
    questions().open(Approval::new("refund").role("manager").session("s-1")).await.unwrap();
    questions().open(Checkpoint::new("plan").session("s-1")).await.unwrap();
    questions().open(Input::<u32>::new("count").session("s/2")).await.unwrap();
    for (query, names) in [
        ("", vec!["refund", "plan", "count"]),
        ("?kind=approval", vec!["refund"]),
        ("?kind=checkpoint", vec!["plan"]),
        ("?kind=input", vec!["count"]),
        ("?session=s-1", vec!["refund", "plan"]),
        ("?session=s%2F2", vec!["count"]),
        ("?session=s-1&kind=checkpoint", vec!["plan"]),
        ("?session=s-3", vec![]),
        ("?mine=true", vec!["refund"]),
        ("?mine=false", vec!["refund", "plan", "count"]),
    ] {
        assert_eq!(get(server.address, ADA, &format!("/questions{query}")).await.names(), names, "{query}");
    }
    assert!(get(server.address, BOB, "/questions?mine=true").await.names().is_empty());
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_told() {
    let server = Running::start().await;
    for (query, words) in [
        ("kind=vote", "`kind` is `approval`, `checkpoint` or `input`, and not `vote`"),
        ("role=admin", "`role` is not known here"),
        ("wait=2m", "`wait` is a time of `60s` at most, and not `2m`"),
        ("wait=1s&wait=2s", "`wait` is given twice"),
        ("limit=0", "`limit` is a number from 1 to 1000"),
        ("after=x", "`after` is the id of a question"),
    ] {
        let detail = get(server.address, ADA, &format!("/questions?{query}")).await.problem(400);
        assert!(detail.contains(words), "{query}: {detail}");
    }
    server.open("refund").await;
    get(server.address, ADA, "/questions/refund?since=1").await.problem(400);
    let long = "x".repeat(8_000);
    let detail = get(server.address, ADA, &format!("/questions?kind={long}")).await.problem(400);
    assert!(detail.len() < 2_000, "{} bytes", detail.len());
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let server = Running::start().await;
    for number in 0..250 {
        server.open(&format!("q-{number:03}")).await;
    }
    let (mut names, mut query) = (Vec::new(), String::new());
    loop {
        let page = get(server.address, ADA, &format!("/questions{query}")).await;
        assert!(page.names().len() <= 100);
        names.extend(page.names());
        let Some(next) = page.json().get("next").cloned() else { break };
        query = format!("?after={}", next.as_str().unwrap());
    }
    let all: Vec<_> = (0..250).map(|number| format!("q-{number:03}")).collect();
    assert_eq!(names, all);
    assert_eq!(get(server.address, ADA, "/questions?limit=250").await.names(), all);
    assert_eq!(get(server.address, ADA, "/questions?limit=250").await.json().get("next"), None);
    assert_eq!(get(server.address, ADA, "/questions?limit=249").await.names().len(), 249);
    let above = QuestionId::generate();
    assert!(get(server.address, ADA, &format!("/questions?after={above}")).await.names().is_empty());
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes() {
    let server = Running::start().await;
    for number in 0..20 {
        let ask = Approval::new(format!("q-{number}")).details(&"x".repeat(200_000));
        server.bus.questions().open(ask).await.unwrap();
    }
    let page = get(server.address, BOB, "/questions").await;
    assert_eq!(page.names().len(), 5);
    assert!(page.body.len() < 1_100_000 && page.json()["next"].is_string(), "{}", page.body.len());
}

#[tokio::test]
async fn a_version_is_that_of_the_whole_list() {
    let server = Running::start().await;
    let versions = async || {
        let mut versions = Vec::new();
        for query in ["", "?limit=1", "?kind=approval"] {
            versions.push(get(server.address, ADA, &format!("/questions{query}")).await.version());
        }
        assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
        versions.remove(0)
    };
    let empty = versions().await;
    server.open("a").await;
    let one = versions().await;
    let second = server.open("b").await;
    let two = versions().await;
    assert!(empty != one && one != two && two != empty);
    server.bus.questions().withdraw(second).await.unwrap();
    assert_eq!(versions().await, one);
    assert_eq!(get(server.address, ADA, "/questions?kind=input").await.version(), empty);
    let body = get(server.address, BOB, "/questions").await.json();
    assert_eq!(body, json!({"questions": [], "version": empty}));
}
