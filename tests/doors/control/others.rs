//! Other people's runs.

use atoms::control::{Scope, Tell};
use atoms::prelude::*;
use serde_json::json;

use super::{OPS, Reader, id, run, start};
use crate::client::{Answer, get, post};
use crate::server::{ADA, BOB, EVE, ada, bob};

#[event(type = "doors.item.counted")]
struct ItemCounted {
    number: u64,
}

fn names(answer: &Answer) -> Vec<String> {
    let runs = answer.json()["runs"].as_array().unwrap().clone();
    runs.iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_principal_sees_the_runs_that_are_for_them() {
    let server = start().await;
    let _all = [
        run(&server.bus, "of ada", Some(&ada())),
        run(&server.bus, "of bob", Some(&bob())),
        run(&server.bus, "of nobody", None),
    ];
    let part = server.bus.runs().list()[0].start_part("a part", async |run: Run| {
        run.cancelled().await;
        Ok(())
    });
    let seen = async |token: &str| names(&get(server.address, token, "/control/runs").await);
    assert_eq!(seen(ADA).await, ["of ada", "a part"]);
    assert_eq!(seen(BOB).await, ["of bob"]);
    assert!(seen(EVE).await.is_empty());
    assert_eq!(seen(OPS).await, ["of ada", "of bob", "of nobody", "a part"]);

    let first = get(server.address, ADA, "/control/runs?limit=1").await;
    assert_eq!(names(&first), ["of ada"]);
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = get(server.address, ADA, &format!("/control/runs?limit=1&after={next}")).await;
    assert_eq!((names(&second), second.json().get("next")), (vec!["a part".to_owned()], None));
    let part = part.run().unwrap();
    let one = get(server.address, ADA, &format!("/control/runs/{}", part.id())).await.json();
    assert_eq!((&one["principal"], &one["is_paused"]), (&json!("ada"), &json!(false)));
    assert_eq!(one["parent"], json!(part.parent().unwrap().id()));
}

/// The answer without the time at which it was given.
fn dateless(answer: &Answer) -> (u16, String) {
    (answer.status, answer.body.clone())
}

#[tokio::test]
async fn runs_of_others_look_like_none_and_cannot_be_steered() {
    let server = start().await;
    let going = run(&server.bus, "of ada", Some(&ada()));
    let of_nobody = run(&server.bus, "of nobody", None);
    let unknown = "0198f4f6-0000-7000-8000-000000000000";
    for token in [BOB, EVE] {
        let expected = get(server.address, token, &format!("/control/runs/{unknown}")).await;
        for run in [id(&going), id(&of_nobody), "x".into(), "%ff".into()] {
            let path = format!("/control/runs/{run}");
            assert_eq!(dateless(&get(server.address, token, &path).await), dateless(&expected));
            for (action, body) in [("pause", ""), ("resume", "{}"), ("cancel", r#"{"reason":"mine"}"#)] {
                let answer = post(server.address, token, &format!("{path}/{action}"), body).await;
                assert_eq!(dateless(&answer), dateless(&expected), "{action}");
            }
        }
        for scope in ["sessions/s-1", "bus"] {
            for action in ["pause", "resume", "cancel"] {
                let path = format!("/control/{scope}/{action}");
                post(server.address, token, &path, "").await.problem(403);
            }
        }
        get(server.address, token, "/control/stats").await.problem(403);
    }
    for running in [&going, &of_nobody] {
        let run = running.run().unwrap();
        assert!(!run.is_cancelled() && !server.bus.runs().is_paused(run));
    }
    assert!(!server.bus.runs().is_paused(Scope::Bus));
}

#[tokio::test]
async fn a_stream_shows_and_counts_nothing_of_others() {
    let server = start().await;
    let mut ops = Reader::open(&server, OPS, "").await;
    let mut of_ada = Reader::open(&server, ADA, "").await;
    let mut of_bob = Reader::open(&server, BOB, "").await;
    let work = |name: &'static str, principal: Principal| {
        let bus = server.bus.clone();
        server.bus.runs().for_principal(&principal).start(name, async move |run: Run| {
            for number in 0..3 {
                let _ = bus.emit(ItemCounted { number }).await;
            }
            run.thinking("done?").await?;
            Ok(())
        })
    };
    work("of ada", ada()).await.unwrap();
    let _ = server.bus.emit(ItemCounted { number: 7 }).await;
    server.bus.source("cron").error("of nobody").await.unwrap();
    let of_ada_alone = of_ada.types(6).await;
    assert!(of_bob.is_quiet().await && of_ada.is_quiet().await);
    work("of bob", bob()).await.unwrap();
    assert_eq!(of_bob.types(6).await.len(), 6);
    assert!(of_ada.is_quiet().await);
    for expected in ["atoms.run.started", "doors.item.counted", "atoms.thinking", "atoms.run.completed"] {
        assert!(of_ada_alone.contains(&expected.to_owned()), "{of_ada_alone:?}");
    }
    assert_eq!(ops.types(14).await.len(), 14);

    // Neither by the history, nor by naming a run of others.
    let run = server.bus.history().principal(&ada()).list().await.unwrap()[0].run().unwrap();
    for query in [format!("?run={run}"), "?source=cron".into(), "?type=**".into()] {
        let mut reader = Reader::with(&server, EVE, &query, "last-event-id: 0\r\n").await;
        assert!(reader.is_quiet().await, "{query}");
    }
    let mut reader = Reader::after(&server, ADA, "0").await;
    assert_eq!(reader.types(6).await, of_ada_alone);
    assert!(reader.is_quiet().await);
}

#[tokio::test]
async fn questions_are_listed_for_those_who_may_answer_and_for_operators() {
    let server = start().await;
    server.open("refund").await;
    let names = async |token: &str| get(server.address, token, "/control/questions").await.names();
    assert_eq!(names(ADA).await, ["refund"]);
    assert!(names(BOB).await.is_empty());
    assert_eq!(names(OPS).await, ["refund"]);
    let filtered = get(server.address, OPS, "/control/questions?kind=input&wait=0s").await;
    assert!(filtered.names().is_empty());
}
