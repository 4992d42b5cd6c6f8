//! Pausing, resuming and cancelling from outside.

use atoms::control::{Checkpoint, RunCancelled, RunPaused, RunResumed, Scope};
use atoms::prelude::*;
use serde_json::json;

use super::{OPS, id, run, start, until};
use crate::client::{get, post, request, send};
use crate::server::{ADA, Running, ada};

#[event(type = "doors.item.imported")]
struct ItemImported {
    number: u64,
}

/// A run for ada that emits as long as it is let.
fn importing(server: &Running) -> atoms::control::Running<()> {
    let bus = server.bus.clone();
    server.bus.runs().for_principal(&ada()).start("import", async move |run: Run| {
        for number in 0.. {
            bus.emit(ItemImported { number }).await.into_result().ok();
            tokio::task::yield_now().await;
            if run.is_cancelled() {
                break;
            }
        }
        Ok(())
    })
}

#[tokio::test]
async fn a_run_is_paused_and_goes_on() {
    let server = start().await;
    let going = importing(&server);
    let path = format!("/control/runs/{}", id(&going));
    let paused = server.bus.expect::<RunPaused>(|_| true);
    let answer = post(server.address, ADA, &format!("{path}/pause"), "").await;
    assert_eq!((answer.status, &answer.json()["is_paused"]), (200, &json!(true)));
    assert_eq!(paused.await.unwrap().by, Some(ada()));
    until(async || server.bus.runs().held().events == 1).await;
    assert_eq!(get(server.address, ADA, &path).await.json()["is_paused"], true);

    let resumed = server.bus.expect::<RunResumed>(|_| true);
    let answer = post(server.address, ADA, &format!("{path}/resume"), "{}").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "resumed": 1 })));
    assert_eq!(resumed.await.unwrap().by, Some(ada()));
    let again = post(server.address, ADA, &format!("{path}/resume"), "").await;
    assert!(again.problem(409).contains("is not paused"));
}

#[tokio::test]
async fn a_run_is_cancelled_with_its_questions_and_what_is_held() {
    let server = start().await;
    let bus = server.bus.clone();
    let going = server.bus.runs().for_principal(&ada()).start("import", async move |run: Run| {
        let emitting = bus.emit(ItemImported { number: 1 });
        let _all = tokio::join!(run.checkpoint(Checkpoint::new("plan-review")), emitting);
        Ok(())
    });
    server.bus.runs().pause(going.run().unwrap()).await.unwrap();
    until(async || server.bus.questions().list().await.unwrap().len() == 1).await;
    until(async || server.bus.runs().held().events == 1).await;
    let told = server.bus.expect::<RunCancelled>(|_| true);
    let run = id(&going);
    let body = r#"{"reason":"no longer needed"}"#;
    let answer = post(server.address, ADA, &format!("/control/runs/{run}/cancel"), body).await.json();
    assert_eq!(answer["runs"], json!({ "count": 1, "first": [run] }));
    assert_eq!(answer["questions"]["count"], 1);
    assert_eq!(answer["dropped"]["first"][0]["type"], "doors.item.imported");
    assert_eq!(answer["still_running"]["count"], 0);
    let told = told.await.unwrap();
    assert_eq!((told.by.clone(), told.reason.as_deref()), (Some(ada()), Some("no longer needed")));
    assert!(going.await.unwrap_err().is_cancelled());
    for action in ["pause", "resume", "cancel"] {
        post(server.address, ADA, &format!("/control/runs/{run}/{action}"), "").await.problem(404);
    }
}

#[tokio::test]
async fn operators_steer_sessions_and_the_bus() {
    let server = start().await;
    let going = [run(&server.bus, "one", Some(&ada())), run(&server.bus, "two", None)];
    for (path, scope) in
        [("/control/bus", Scope::Bus), ("/control/sessions/s%2F1", Scope::Session("s/1".into()))]
    {
        let answer = post(server.address, OPS, &format!("{path}/pause"), "").await;
        assert_eq!(answer.json(), json!({ "is_paused": true, "held": 0 }));
        assert!(server.bus.runs().is_paused(scope.clone()));
        let answer = post(server.address, OPS, &format!("{path}/resume"), "").await;
        assert_eq!(answer.json(), json!({ "resumed": 0 }));
        assert!(!server.bus.runs().is_paused(scope));
    }
    let none = post(server.address, OPS, "/control/sessions/s-1/cancel", "").await.json();
    assert_eq!(none["runs"]["count"], 0);
    let all = post(server.address, OPS, "/control/bus/cancel", r#"{"reason":"night"}"#).await.json();
    assert_eq!(all["runs"]["count"], 2);
    for running in going {
        assert!(running.await.unwrap_err().is_cancelled());
    }
    let later = run(&server.bus, "later", Some(&ada()));
    assert_eq!(get(server.address, ADA, &format!("/control/runs/{}", id(&later))).await.status, 200);
}

#[tokio::test]
async fn what_is_not_understood_does_nothing() {
    let server = start().await;
    let going = run(&server.bus, "import", Some(&ada()));
    let path = format!("/control/runs/{}", id(&going));
    for (action, body, status) in [
        ("cancel", "{", 400),
        ("cancel", r#"{"reason":7}"#, 400),
        ("cancel", r#"{"why":"x"}"#, 400),
        ("cancel?wait=1s", "", 400),
        ("pause", r#"{"reason":"x"}"#, 400),
        ("resume", "[1]", 400),
        ("stop", "", 404),
        ("CANCEL", "", 404),
    ] {
        post(server.address, ADA, &format!("{path}/{action}"), body).await.problem(status);
    }
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(1_025));
    post(server.address, ADA, &format!("{path}/cancel"), &long).await.problem(400);
    let text = request("POST", &format!("{path}/cancel"), ADA, "content-type: text/plain\r\n", "{}");
    send(server.address, &text).await.problem(415);
    let session = format!("/control/sessions/{}/pause", "x".repeat(129));
    post(server.address, OPS, &session, "").await.problem(400);
    for query in ["limit=0", "limit=1001", "after=1", "x=1", "session=a&session=b"] {
        get(server.address, ADA, &format!("/control/runs?{query}")).await.problem(400);
    }
    assert!(!going.run().unwrap().is_cancelled());
}

#[tokio::test]
async fn operators_see_the_stats() {
    let server = start().await;
    let _ = server.bus.emit(ItemImported { number: 1 }).await;
    let stats = get(server.address, OPS, "/control/stats").await.json();
    assert_eq!((&stats["total_events"], &stats["open_questions"]), (&json!(1), &json!(0)));
    assert_eq!(stats["types"]["doors.item.imported"]["count"], 1);
}
