//! What handlers have done, as probes and Prometheus see it.

use atoms::prelude::*;
use atoms::server::{Routes, Server};
use serde_json::json;

use crate::client::get;
use crate::server::Running;

#[event(type = "doors.order.created")]
struct OrderCreated {
    order: String,
    works: bool,
}

#[event(type = "doors.nobody_takes_this")]
struct NobodyTakesThis {}

#[handler(id = "doors.confirm")]
fn confirm(order: &OrderCreated) -> Result<(), &'static str> {
    if order.works { Ok(()) } else { Err("4242 is no order") }
}

async fn counting() -> Running {
    let bus = Bus::builder().without_discovery().handler::<confirm>().counted().start().unwrap();
    let server = Running::of(Server::without_sessions().routes(Routes::new()), bus).await;
    for works in [true, true, true, false] {
        let _ = server.bus.emit(OrderCreated { order: "4242".into(), works }).await;
    }
    server.bus.post(NobodyTakesThis {}).await.unwrap();
    server.bus.idle().await;
    server
}

/// The values of metrics, by their names with labels.
async fn metrics(server: &Running) -> Vec<(String, f64)> {
    let answer = get(server.address, "", "/metrics").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

#[tokio::test]
async fn each_handler_and_each_type_has_its_metrics() {
    let server = counting().await;
    let metrics = metrics(&server).await;
    let value = |name: &str| {
        metrics.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("{name}: {metrics:?}")).1
    };
    let handler = r#"handler="doors.confirm""#;
    for (prefix, label, count) in [
        ("atoms_handler", handler, "calls_total"),
        ("atoms_event", r#"type="doors.order.created""#, "emits_total"),
    ] {
        assert_eq!(value(&format!("{prefix}_{count}{{{label}}}")), 4.0);
        assert_eq!(value(&format!("{prefix}_failures_total{{{label}}}")), 1.0);
        assert_eq!(value(&format!("{prefix}_error_ratio{{{label}}}")), 0.25);
        assert!(value(&format!("{prefix}_last_success_timestamp_seconds{{{label}}}")) > 1.7e9);
        let quantiles = ["0.5", "0.9", "0.99", "1"]
            .map(|quantile| value(&format!("{prefix}_latency_seconds{{{label},quantile=\"{quantile}\"}}")));
        assert!(quantiles.is_sorted() && quantiles[0] > 0.0 && quantiles[3] < 10.0, "{quantiles:?}");
    }
    assert_eq!(value("atoms_events_total"), 5.0);
    assert_eq!(value("atoms_untaken_posts_total{type=\"doors.nobody_takes_this\"}"), 1.0);
    // Each metric is explained once.
    let text = get(server.address, "", "/metrics").await.body;
    let mut types: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let all = types.len();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), all, "{text}");
}

#[tokio::test]
async fn health_shows_it_as_well() {
    let server = counting().await;
    let health = get(server.address, "", "/health").await.json();
    assert_eq!(health["status"], "ok");
    let handler = &health["activity"]["handlers"]["doors.confirm"];
    assert_eq!((&handler["count"], &handler["failures"]), (&json!(4), &json!(1)));
    assert!(handler["latency"]["p50"].is_u64() && handler["last_success"].is_string(), "{handler}");
    assert_eq!(health["activity"]["types"]["doors.order.created"]["error_rate"], 0.25);
}

#[tokio::test]
async fn nothing_of_events_is_in_it_and_strangers_add_nothing() {
    let server = counting().await;
    for number in 0..1_000 {
        let frame = format!(r#"{{"type":"doors.of.strangers_{number}","order":"4242"}}"#);
        let _ = server.bus.receive(frame.as_bytes()).await;
    }
    let metrics = metrics(&server).await;
    let unknown = metrics.iter().find(|(name, _)| name == r#"atoms_event_emits_total{type="(unknown)"}"#);
    assert_eq!(unknown.map(|(_, count)| *count), Some(1_000.0));
    assert!(metrics.len() < 40, "{}", metrics.len());
    for path in ["/metrics", "/health"] {
        let text = get(server.address, "", path).await.body;
        assert!(!text.contains("4242") && !text.contains("strangers"), "{text}");
    }
}

#[tokio::test]
async fn a_bus_that_does_not_count_shows_nothing() {
    let server = Running::start().await;
    assert_eq!(get(server.address, "", "/health").await.json().get("activity"), None);
    assert!(metrics(&server).await.iter().all(|(name, _)| !name.contains("handler")));
}
