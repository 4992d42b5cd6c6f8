//! What a bus tells `tracing`: nothing that goes wrong is silent.

#[path = "faulty/mod.rs"]
mod faulty;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::DeliveryFailed;
use atoms::agent::NodeShape;
use atoms::prelude::*;
use faulty::{Call, Faulty, Way};
use tokio::time::{sleep, timeout};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// A deadline that is not meant to be reached.
const SOON: Duration = Duration::from_secs(10);

#[event(type = "traces.started")]
struct Started {}

#[event(type = "traces.followed")]
struct Followed {
    number: u64,
}

/// What was traced so far, a line each.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl Trace {
    /// Keeps what this thread traces until the guard is dropped.
    fn start() -> (Self, impl Drop) {
        let trace = Self::default();
        let writer = trace.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .with_span_events(FmtSpan::NEW)
            .without_time()
            .with_writer(move || writer.clone());
        (trace, subscriber.set_default())
    }

    /// The lines with this text, which are not to be empty.
    fn lines(&self, text: &str) -> Vec<String> {
        let written = self.0.lock().unwrap();
        let all = str::from_utf8(&written).unwrap();
        let lines: Vec<_> = all.lines().filter(|line| line.contains(text)).map(Into::into).collect();
        assert!(!lines.is_empty(), "`{text}` is not in:\n{all}");
        lines
    }

    /// Whether a line has this text.
    fn has(&self, text: &str) -> bool {
        str::from_utf8(&self.0.lock().unwrap()).unwrap().contains(text)
    }

    /// The only line with this text.
    fn line(&self, text: &str) -> String {
        let lines = self.lines(text);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines.concat()
    }
}

impl io::Write for Trace {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[track_caller]
fn assert_parts(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
}

#[handler]
fn answer(_: &Started) -> Followed {
    Followed { number: 1 }
}

#[handler]
async fn wait(_: &Started) {
    sleep(Duration::from_secs(2)).await;
}

#[handler]
async fn wait_longer(_: &Followed) {
    sleep(Duration::from_secs(3)).await;
}

#[handler]
fn fail(_: &Started) -> Result<(), &'static str> {
    Err("the disk is full")
}

#[handler]
async fn panic(_: &Followed) {
    panic!("at the disco");
}

fn bus() -> atoms::BusBuilder {
    Bus::builder().without_discovery()
}

fn started() -> Envelope<Started> {
    Envelope::new(Started {}).with_id("s-1".parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn emits_and_handlers_have_spans() {
    let (trace, _guard) = Trace::start();
    let bus = bus().handler::<answer>().handler::<wait>().handler::<wait_longer>().start().unwrap();
    bus.emit(started()).await.into_result().unwrap();
    let emit = trace.lines("emit{type=\"traces.started\"");
    assert_parts(&emit[0], &["new", "id=s-1", "correlation=s-1"]);
    assert_parts(&trace.lines("emit{type=\"traces.followed\"")[0], &["new", "correlation=s-1"]);
    for path in ["traces::answer", "traces::wait\"", "traces::wait_longer"] {
        let span = format!("handler{{path=\"{path}");
        assert_parts(&trace.line(&span), &["new", "emit{type=", "id=", "correlation=s-1"]);
    }
}

#[tokio::test]
async fn what_fails_is_told_with_event_handler_and_reason() {
    let (trace, _guard) = Trace::start();
    let bus = bus().handler::<answer>().handler::<fail>().handler::<panic>().start().unwrap();
    assert_eq!(bus.emit(started()).await.failures().len(), 2);
    let failed = trace.line("the disk is full");
    assert_parts(&failed, &["ERROR", "traces.started", "s-1", "traces::fail (tests/traces.rs:"]);
    let panicked = trace.line("panicked: at the disco");
    assert_parts(&panicked, &["ERROR", "traces.followed", "traces::panic (tests/traces.rs:"]);
}

#[tokio::test]
async fn what_is_refused_is_told() {
    let (trace, _guard) = Trace::start();
    let short = bus().handler::<answer>().hop_limit(0).start().unwrap();
    drop(short.emit(started()).await);
    assert_parts(&trace.line("a loop of events was stopped"), &["ERROR", "traces.followed"]);
    short.shutdown(SOON).await.unwrap();
    drop(short.emit(started()).await);
    assert_parts(&trace.line("the bus is shut down"), &["ERROR", "traces.started", "s-1"]);
}

#[tokio::test(start_paused = true)]
async fn each_handler_that_is_cancelled_is_told() {
    let (trace, _guard) = Trace::start();
    let bus = bus().handler::<answer>().handler::<wait>().handler::<wait_longer>().start().unwrap();
    timeout(Duration::from_secs(1), bus.emit(started())).await.unwrap_err();
    let cancelled = trace.lines("a handler was cancelled");
    assert_eq!(cancelled.len(), 2);
    assert_parts(&trace.line("recipient=traces::wait ("), &["WARN", "traces.started", "s-1"]);
    assert_parts(&trace.line("recipient=traces::wait_longer ("), &["WARN", "traces.followed"]);
}

#[handler]
async fn emit_2_000(_: &Started, out: Emitter<Followed>) {
    for number in 0..2_000 {
        drop(out.emit(Followed { number }));
    }
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn each_event_that_is_not_delivered_any_more_is_told() {
    let (trace, _guard) = Trace::start();
    let bus = bus().handler::<emit_2_000>().handler::<wait_longer>().start().unwrap();
    // Polled once, the emit has started some of them.
    timeout(Duration::ZERO, bus.emit(started())).await.unwrap_err();
    let undelivered = trace.lines("cancelled before it was delivered").len();
    let cancelled = trace.lines("recipient=traces::wait_longer (").len();
    assert_eq!(undelivered + cancelled, 2_000, "{undelivered} and {cancelled}");
}

#[handler]
async fn outlive(_: &Started, out: Emitter<Followed>) {
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        out.emit(Followed { number: 7 }).await;
    });
}

#[tokio::test(start_paused = true)]
async fn what_is_emitted_too_late_is_told() {
    let (trace, _guard) = Trace::start();
    let bus = bus().handler::<outlive>().start().unwrap();
    bus.emit(started()).await.into_result().unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_parts(&trace.line("lost"), &["ERROR", "traces.followed", "receipt"]);
}

#[derive(Default)]
struct Listener;

#[node]
impl Listener {
    #[handler]
    fn listen(&mut self, _: &Started) {}
}

#[tokio::test]
async fn the_registry_is_told_at_the_start() {
    let (trace, _guard) = Trace::start();
    bus().handler::<answer>().handler::<wait>().entry(NodeShape::of::<Listener>()).start().unwrap();
    assert_parts(&trace.line("the bus starts"), &["INFO", "handlers=2", "entries=1"]);
    assert_parts(&trace.line("traces::answer (tests/traces.rs:"), &["DEBUG", "traces.started"]);
    assert_parts(&trace.line("traces::Listener (tests/traces.rs:"), &["DEBUG", "has entry=node"]);
}

#[handler]
fn store(_: &Followed) -> Result<(), String> {
    Err("the disk is full".into())
}

#[handler]
fn alert(_: &DeliveryFailed) -> Followed {
    Followed { number: 0 }
}

#[handler(allow_cycle)]
fn alert_knowingly(_: &DeliveryFailed) -> Followed {
    Followed { number: 0 }
}

#[handler]
fn count(_: &Followed) {}

#[tokio::test]
async fn an_alert_that_may_lead_to_itself_is_told_at_the_start() {
    let (trace, _guard) = Trace::start();
    bus().handler::<alert>().handler::<count>().start().unwrap();
    bus().handler::<alert_knowingly>().handler::<store>().start().unwrap();
    assert!(!trace.has("leads to itself"));
    bus().handler::<alert>().handler::<store>().start().unwrap();
    assert_parts(&trace.line("leads to itself"), &["WARN"]);
    let way = trace.lines("-> traces::store (");
    assert_parts(&way[0], &["`traces.followed` -> ", "-> `atoms.delivery.failed`"]);
}

#[event(type = "traces.said")]
struct Said {
    text: String,
}

#[handler(retry(attempts = 2, delay = "1ms"))]
async fn reply(said: &Said) -> Result<(), String> {
    Err(format!("no answer to {}", said.text))
}

#[handler(order = -1)]
fn listen(said: &Said) -> Result<(), String> {
    Err(format!("what is {}", said.text))
}

#[tokio::test]
async fn what_a_client_sends_takes_one_short_line() {
    let (trace, _guard) = Trace::start();
    let bus = Bus::builder().without_discovery().handler::<reply>().handler::<listen>();
    let bus = bus.dead_letter_capacity(1).start().unwrap();
    let hostile = format!("a\n\u{1b}[31mERROR\u{202e}{}", "x".repeat(10_000));
    let json = serde_json::to_string(&hostile).unwrap();
    let frame = format!(
        r#"{{"type":"traces.said","text":{json},"metadata":{{"correlation_id":{json},"session_id":{json},{json}:1}}}}"#
    );
    assert!(bus.receive(frame.as_bytes()).await.unwrap().into_result().is_err());
    trace.lines("no answer to a\\n\\u{1b}[31mERROR\\u{202e}xxx");
    trace.lines("what is a\\n\\u{1b}[31mERROR\\u{202e}xxx");
    trace.lines("correlation=a\\n\\u{1b}[31mERROR\\u{202e}xxx");
    for line in str::from_utf8(&trace.0.lock().unwrap()).unwrap().lines() {
        let line = without_colors(line);
        assert!(!line.starts_with("ERROR\u{202e}") && !line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
        assert!(line.len() < 4_000, "{}: {line}", line.len());
    }
}

/// A line without the colours of the subscriber itself.
fn without_colors(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_fails_is_in_the_log() {
    let (trace, _guard) = Trace::start();
    let fails = AtomicBool::new(true);
    let backlog = Faulty::new(move |call| {
        let fails = call == Call::Take && fails.swap(false, Ordering::SeqCst);
        if fails { Way::Fails } else { Way::AtOnce }
    });
    let bus = bus().backlog(backlog).handler::<count>().start().unwrap();
    bus.post(Followed { number: 1 }).await.unwrap();
    bus.idle().await;
    let line = trace.line("the disk is full");
    assert_parts(&line, &["ERROR", "taking posted events failed, and is tried again"]);
}

#[tokio::test]
async fn what_has_no_effect_is_told_once() {
    let (trace, _guard) = Trace::start();
    let bus = Bus::builder().without_discovery().state("unused").start().unwrap();
    for number in 1..=3 {
        bus.post(Followed { number }).await.unwrap();
    }
    timeout(SOON, bus.idle()).await.unwrap();
    assert_parts(&trace.line("nothing on this bus takes a posted event"), &["WARN", "traces.followed"]);
    assert_parts(&trace.line("nothing takes `State<&str>`"), &["WARN"]);
}

#[request(type = "traces.asked", reply = u64)]
struct Asked {
    panics: bool,
}

#[handler]
fn answers(asked: &Asked) -> Result<u64, &'static str> {
    assert!(!asked.panics, "out of nails");
    Err("there are no saws")
}

#[tokio::test]
async fn an_error_that_whoever_asked_gets_is_not_logged_as_one() {
    let (trace, _guard) = Trace::start();
    let bus = Bus::builder().without_discovery().handler::<answers>().start().unwrap();
    bus.request(Asked { panics: false }).await.unwrap_err();
    let lines = trace.lines("there are no saws");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("DEBUG") && lines[0].contains("a handler answered a request with an error"));
    assert!(!trace.has("ERROR"));

    bus.request(Asked { panics: true }).await.unwrap_err();
    assert!(trace.lines("out of nails").iter().any(|line| line.contains("ERROR")));
    // Nobody has asked here.
    bus.receive(br#"{"type":"traces.asked","panics":false}"#).await.unwrap().into_result().unwrap_err();
    assert!(trace.lines("there are no saws")[1].contains("ERROR"));
}
