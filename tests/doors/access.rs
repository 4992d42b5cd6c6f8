//! Who is let in.

use std::future::pending;
use std::time::Duration;

use atoms::HandlerError;
use atoms::prelude::*;
use atoms::server::{AuthError, Parts, Routes, Server};
use tokio::sync::oneshot;

use crate::client::{Answer, get, post, request, send};
use crate::server::{ADA, BOB, Running, ada, bus, routes, tokens};

async fn with(server: &Running, headers: &str) -> Answer {
    send(server.address, &format!("GET /questions HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n")).await
}

#[tokio::test]
async fn there_is_no_door_unless_it_is_said_who_is_let_in() {
    let server = Running::with(Routes::new().token(ADA)).await;
    for path in ["/questions", "/questions/refund", "/questions/refund/approve"] {
        assert_eq!(get(server.address, ADA, path).await.status, 404, "{path}");
    }
    assert_eq!(get(server.address, "", "/health").await.status, 200);
}

#[tokio::test]
async fn who_has_no_token_is_told_to_send_one() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    for wrong in [
        "",
        "authorization: Bearer \r\n",
        "authorization: ada-s3cret\r\n",
        "authorization: Basic ada-s3cret\r\n",
        "authorization: Bearer ada-s3cret\r\nauthorization: Bearer bob-s3cret\r\n",
        "x-authorization: Bearer ada-s3cret\r\n",
    ] {
        let answer = with(&server, wrong).await;
        assert!(answer.problem(401).contains("Authorization: Bearer"), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"), "{wrong}");
    }
    for unknown in ["wrong", "ada-s3cre", "ada-s3cret3", "ADA-S3CRET"] {
        let answer = with(&server, &format!("authorization: Bearer {unknown}\r\n")).await;
        assert_eq!(answer.problem(401), "the bearer token is not known", "{unknown}");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"), "{unknown}");
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = with(&server, &format!("authorization: {scheme} {ADA}\r\n")).await;
        assert_eq!(answer.names(), ["refund"], "{scheme}");
    }
    for path in [format!("/questions/{id}"), "/questions/nothing".into()] {
        get(server.address, "wrong", &path).await.problem(401);
        post(server.address, "wrong", &format!("{path}/approve"), "").await.problem(401);
    }
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn the_token_of_sessions_does_not_open_the_door() {
    let server = Running::with(routes().token("for-sessions")).await;
    get(server.address, "for-sessions", "/questions").await.problem(401);
    assert_eq!(get(server.address, ADA, "/questions").await.status, 200);
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let server = Running::with(routes().allow_origin("https://shop.example")).await;
    let ask = |origin: &str| {
        let headers = format!("authorization: Bearer {ADA}\r\norigin: {origin}\r\n");
        let server = &server;
        async move { with(server, &headers).await }
    };
    for wrong in ["http://evil.example", "null", "https://shop.example.evil", "http://127.0.0.1"] {
        ask(wrong).await.problem(403);
    }
    assert_eq!(ask("https://shop.example").await.status, 200);

    let server = Running::start().await;
    let id = server.open("refund").await;
    let path = format!("/questions/{id}/approve");
    let evil = request("POST", &path, ADA, "origin: http://evil.example\r\n", "");
    send(server.address, &evil).await.problem(403);
    let own = request("POST", &path, ADA, "origin: http://127.0.0.1\r\n", "");
    assert_eq!(send(server.address, &own).await.status, 200);
}

#[tokio::test]
async fn an_application_may_say_who_it_is() {
    let routes =
        Routes::new().request_timeout(Duration::from_millis(50)).questions(|head: Parts| async move {
            match head.headers.get("x-user").and_then(|user| user.to_str().ok()) {
                Some("ada") => Ok(ada()),
                Some("eve") => Err(AuthError::Forbidden),
                Some("nobody knows") => Err(AuthError::Unavailable),
                Some("slow") => pending().await,
                Some("panics") => panic!("an extractor panics, which the test expects"),
                _ => Err(AuthError::Unauthenticated),
            }
        });
    let server = Running::with(routes).await;
    server.open("refund").await;
    assert_eq!(with(&server, "x-user: ada\r\n").await.names(), ["refund"]);
    with(&server, "").await.problem(401);
    with(&server, "x-user: eve\r\n").await.problem(403);
    for unavailable in ["nobody knows", "slow", "panics"] {
        let answer = with(&server, &format!("x-user: {unavailable}\r\n")).await;
        answer.problem(503);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn nobody_comes_in_before_the_bus_has_started() {
    let server = Server::without_sessions().routes(routes()).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (start, started) = oneshot::channel::<Bus>();
    let starting = async { started.await.map_err(HandlerError::from) };
    let serving = tokio::spawn(server.serve_until(starting, pending()));
    get(address, "wrong", "/questions").await.problem(401);
    get(address, ADA, "/questions").await.problem(503);
    assert_eq!(get(address, ADA, "/ready").await.status, 503);
    start.send(bus()).unwrap();
    while get(address, ADA, "/ready").await.status != 200 {}
    assert_eq!(get(address, ADA, "/questions").await.status, 200);
    serving.abort();
}

#[tokio::test]
async fn other_methods_are_told_what_this_is_for() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    let approve = format!("/questions/{id}/approve");
    for method in ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "POST", "BREW"] {
        for path in ["/questions", "/questions/refund"] {
            let answer = send(server.address, &request(method, path, BOB, "", "")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("get")), "{method} {path}");
        }
    }
    for method in ["HEAD", "OPTIONS", "PUT", "GET", "BREW"] {
        let answer = send(server.address, &request(method, &approve, ADA, "", "")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("post")), "{method}");
    }
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn nothing_of_an_answer_is_kept_on_the_way() {
    let server = Running::start().await;
    for (token, path) in [(ADA, "/questions"), (ADA, "/questions/none"), ("wrong", "/questions")] {
        let answer = get(server.address, token, path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

#[test]
fn tokens_are_not_shown() {
    let debug = format!("{:?} {:?}", routes(), tokens());
    assert!(
        debug.contains("has_questions: true") && debug.contains("ada") && !debug.contains(ADA),
        "{debug}"
    );
}
