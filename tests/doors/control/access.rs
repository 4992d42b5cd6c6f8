//! Who is let in.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::HandlerError;
use atoms::prelude::*;
use atoms::server::{AuthError, Parts, Routes, ServeError, Server};
use tokio::sync::oneshot;

use super::{OPS, Reader, bus, id, routes, run, start, with};
use crate::client::{get, post, request, send};
use crate::server::{ADA, ada};

const GETS: [&str; 5] =
    ["/control/runs", "/control/runs/x", "/control/questions", "/control/stats", "/control/events"];

fn posts(run: &str) -> Vec<String> {
    let scopes = [format!("runs/{run}"), "sessions/s-1".into(), "bus".into()];
    let paths = scopes
        .iter()
        .flat_map(|scope| ["pause", "resume", "cancel"].map(|action| format!("/control/{scope}/{action}")));
    paths.collect()
}

#[tokio::test]
async fn there_is_no_door_unless_it_is_said_who_is_let_in() {
    let closed = Routes::new().token(ADA).questions(crate::server::tokens()).control_operators("manager");
    let server = with(closed, bus()).await;
    let going = run(&server.bus, "import", Some(&ada()));
    for path in GETS {
        assert_eq!(get(server.address, ADA, path).await.status, 404, "{path}");
    }
    for path in posts(&id(&going)) {
        assert_eq!(post(server.address, ADA, &path, "").await.status, 404, "{path}");
    }
    assert_eq!(server.bus.runs().list().len(), 1);
}

#[tokio::test]
async fn who_has_no_token_is_told_to_send_one_and_does_nothing() {
    let server = with(routes().token("for-sessions"), bus()).await;
    let going = run(&server.bus, "import", Some(&ada()));
    for wrong in ["wrong", "", "ops-s3cre", "ops-s3cret3", "for-sessions"] {
        for path in GETS {
            let answer = get(server.address, wrong, path).await;
            assert!(answer.problem(401).to_lowercase().contains("bearer"), "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("bearer"));
        }
        for path in posts(&id(&going)) {
            post(server.address, wrong, &path, "").await.problem(401);
        }
    }
    assert!(!going.run().unwrap().is_cancelled());
    assert!(!server.bus.runs().is_paused(atoms::control::Scope::Bus));
    assert_eq!(get(server.address, OPS, "/control/runs").await.status, 200);
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let server = with(routes().allow_origin("https://shop.example"), bus()).await;
    let going = run(&server.bus, "import", Some(&ada()));
    let path = format!("/control/runs/{}/cancel", id(&going));
    for wrong in ["http://evil.example", "null", "https://shop.example.evil", "http://127.0.0.1"] {
        let headers = format!("origin: {wrong}\r\n");
        for path in GETS {
            send(server.address, &request("GET", path, OPS, &headers, "")).await.problem(403);
        }
        send(server.address, &request("POST", &path, OPS, &headers, "")).await.problem(403);
    }
    assert!(!going.run().unwrap().is_cancelled());
    let headers = "origin: https://shop.example\r\n";
    assert_eq!(send(server.address, &request("POST", &path, OPS, headers, "")).await.status, 200);
}

#[tokio::test]
async fn other_methods_are_told_what_this_is_for() {
    let server = start().await;
    let going = run(&server.bus, "import", Some(&ada()));
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "POST", "BREW"] {
        for path in GETS {
            let answer = send(server.address, &request(method, path, ADA, "", "")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("get")), "{method} {path}");
        }
    }
    for method in ["HEAD", "OPTIONS", "PUT", "GET", "BREW"] {
        for path in posts(&id(&going)) {
            let answer = send(server.address, &request(method, &path, OPS, "", "")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("post")), "{method} {path}");
        }
    }
    assert!(!going.run().unwrap().is_cancelled());
}

#[tokio::test]
async fn nobody_comes_in_before_the_bus_has_started() {
    let server = Server::without_sessions().routes(routes()).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (start, started) = oneshot::channel::<Bus>();
    let starting = async { started.await.map_err(HandlerError::from) };
    let serving = tokio::spawn(server.serve_until(starting, pending()));
    for path in GETS {
        get(address, "wrong", path).await.problem(401);
        get(address, OPS, path).await.problem(503);
    }
    start.send(bus()).unwrap();
    while get(address, OPS, "/ready").await.status != 200 {}
    assert_eq!(get(address, OPS, "/control/runs").await.status, 200);
    serving.abort();
}

#[tokio::test]
async fn a_role_is_that_of_operators_only_if_it_is_said() {
    let no_operators = Routes::new().control(crate::server::tokens());
    let server = with(no_operators, bus()).await;
    let going = run(&server.bus, "import", None);
    for token in [ADA, crate::server::EVE] {
        get(server.address, token, "/control/stats").await.problem(403);
        post(server.address, token, "/control/bus/cancel", "").await.problem(403);
        post(server.address, token, &format!("/control/runs/{}/cancel", id(&going)), "").await.problem(404);
    }
    assert!(!going.run().unwrap().is_cancelled());
}

/// Those whom an application lets in while this is so.
fn while_known(
    is_known: &Arc<AtomicBool>,
    principal: impl Fn(bool) -> Option<Principal> + Send + Sync + 'static,
) -> Routes {
    let is_known = Arc::clone(is_known);
    let routes = Routes::new().control_operators("operator").control_heartbeat(Duration::from_millis(20));
    routes.control(move |_: Parts| {
        let known = principal(is_known.load(Ordering::SeqCst));
        async move { known.ok_or(AuthError::Unauthenticated) }
    })
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_is_not_let_in_any_more() {
    let ops = || Principal::new("ops").role("operator");
    let changes: [fn(bool) -> Option<Principal>; 3] = [
        |is_known| is_known.then(|| Principal::new("ops").role("operator")),
        |is_known| {
            Some(if is_known { Principal::new("ops").role("operator") } else { Principal::new("ops") })
        },
        |is_known| Some(Principal::new(if is_known { "ops" } else { "eve" }).role("operator")),
    ];
    for change in changes {
        let is_known = Arc::new(AtomicBool::new(true));
        let server = with(while_known(&is_known, change), bus()).await;
        let mut reader = Reader::open(&server, "", "").await;
        let going = run(&server.bus, "import", Some(&ops()));
        assert_eq!(reader.types(1).await, ["atoms.run.started"]);
        is_known.store(false, Ordering::SeqCst);
        assert_eq!(reader.next().await, None);
        drop(going);
    }
}

#[tokio::test]
async fn settings_that_are_zero_are_named() {
    let zero = routes().control_stream_limit(0).control_heartbeat(Duration::ZERO);
    let error = Server::without_sessions().routes(zero).bind("127.0.0.1:0").await.unwrap_err();
    assert!(matches!(&error, ServeError::Zero(zeros) if zeros.len() == 2), "{error}");
    let debug = format!("{:?}", routes());
    assert!(debug.contains("has_control: true") && !debug.contains(OPS), "{debug}");
}

#[tokio::test]
async fn it_says_what_a_bus_lacks() {
    let plain = with(routes(), Bus::builder().without_discovery().start().unwrap()).await;
    let lacks = async |path: &str| get(plain.address, OPS, path).await.problem(404);
    assert!(lacks("/control/stats").await.contains(".counted()"));
    assert!(lacks("/control/events").await.contains(".history(History::new())"));
    let paused = post(plain.address, OPS, "/control/bus/pause", "").await;
    assert!(paused.problem(409).contains(".steering(Steering::new())"));
}
