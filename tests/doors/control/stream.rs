//! The stream of events.

use std::time::Duration;

use atoms::control::{History, Progress, Steering, Tell};
use atoms::prelude::*;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep, timeout};

use super::{OPS, Reader, bus, routes, run, start, until, with};
use crate::client::{get, request, send};
use crate::server::{ADA, PATIENCE, Running, ada};

#[event(type = "doors.card.charged")]
struct CardCharged {
    order: u64,
    #[event(sensitive)]
    card: String,
}

fn charged(order: u64) -> CardCharged {
    CardCharged { order, card: "4242 4242".into() }
}

async fn charge(server: &Running, orders: std::ops::Range<u64>) {
    for order in orders {
        let _ = server.bus.emit(charged(order)).await;
    }
}

async fn orders(reader: &mut Reader, count: usize) -> Vec<u64> {
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(reader.next().await.expect("it goes on").data["event"]["order"].as_u64().unwrap());
    }
    orders
}

#[tokio::test]
async fn an_event_is_shown_with_its_run_and_without_what_is_sensitive() {
    let server = start().await;
    let mut reader = Reader::open(&server, ADA, "").await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-accel-buffering", "no"),
    ] {
        assert!(reader.head.contains(&format!("{name}: {value}\r\n")), "{}", reader.head);
    }
    let bus = server.bus.clone();
    let running = server.bus.runs().for_principal(&ada()).start("import", async move |run: Run| {
        let _ = bus.emit(charged(7)).await;
        bus.receive(br#"{"type":"doors.of.strangers","pin":"1234"}"#).await.ok();
        run.progress(1, 2, "line\nend").await?;
        Ok(run.id())
    });
    let run = running.await.unwrap().to_string();
    let mut last = String::new();
    let mut all = Vec::new();
    for _ in 0..5 {
        let sent = reader.next().await.unwrap();
        assert_eq!((&sent.name, &sent.data["run"]), (&None, &json!(run)), "{sent:?}");
        let id = sent.id.clone().unwrap();
        assert!(id > last, "ids sort");
        last = id;
        all.push(sent);
    }
    let of = |event_type: &str| {
        all.iter()
            .find(|sent| sent.event_type() == event_type)
            .unwrap_or_else(|| panic!("{all:?}"))
            .data
            .clone()
    };
    let charged = of("doors.card.charged");
    assert_eq!((&charged["event"]["order"], &charged["event"]["card"]), (&json!(7), &json!("***")));
    assert_eq!(of("doors.of.strangers")["event"]["pin"], "***");
    assert_eq!(of("atoms.progress")["event"]["current_task"], "line\nend");
    of("atoms.run.started");
    of("atoms.run.completed");
}

#[tokio::test]
async fn it_goes_on_after_the_last_id() {
    let server = start().await;
    let mut reader = Reader::open(&server, OPS, "").await;
    charge(&server, 0..10).await;
    let mut last = String::new();
    for _ in 0..4 {
        last = reader.next().await.unwrap().id.unwrap();
    }
    drop(reader);
    charge(&server, 10..12).await;
    let mut reader = Reader::after(&server, OPS, &last).await;
    charge(&server, 12..14).await;
    assert_eq!(orders(&mut reader, 10).await, (4..14).collect::<Vec<_>>());
    assert!(reader.is_quiet().await);
    let mut all = Reader::after(&server, OPS, "0").await;
    assert_eq!(orders(&mut all, 14).await, (0..14).collect::<Vec<_>>());
    let mut new = Reader::open(&server, OPS, "").await;
    assert!(new.is_quiet().await);
}

#[tokio::test]
async fn an_id_that_is_unknown_or_too_old_is_told() {
    let bus = Bus::builder().without_discovery().history(History::new().events(10)).start().unwrap();
    let server = with(routes(), bus).await;
    let mut reader = Reader::open(&server, OPS, "").await;
    charge(&server, 0..1).await;
    let first = reader.next().await.unwrap().id.unwrap();
    charge(&server, 1..30).await;
    for unknown in [first.as_str(), "1", "ffffffffffffffff"] {
        let mut reader = Reader::after(&server, OPS, unknown).await;
        let missed = reader.next().await.unwrap();
        assert_eq!((missed.name.as_deref(), missed.data), (Some("missed"), json!({})), "{unknown}");
        assert_eq!(orders(&mut reader, 10).await, (20..30).collect::<Vec<_>>());
    }
    for wrong in ["x", "-1", "12345678901234567", "0 0"] {
        let headers = format!("last-event-id: {wrong}\r\n");
        let asked = request("GET", "/control/events", OPS, &headers, "");
        assert!(send(server.address, &asked).await.problem(400).contains("Last-Event-ID"), "{wrong}");
    }
}

#[tokio::test]
async fn it_is_filtered_by_type_source_run_and_session() {
    let server = start().await;
    let going = run(&server.bus, "import", None);
    let of_run = going.run().unwrap();
    until(async || server.bus.history().list().await.unwrap().len() == 1).await;
    let query = format!("?run={}", of_run.id());
    let mut by_run = Reader::open(&server, OPS, &query).await;
    let mut by_type = Reader::open(&server, OPS, "?type=doors.**").await;
    let mut by_source = Reader::open(&server, OPS, "?source=writer&type=atoms.thinking").await;
    let mut by_session = Reader::open(&server, OPS, "?session=s%2F1").await;
    charge(&server, 1..2).await;
    server.bus.source("writer").thinking("how?").await.unwrap();
    server.bus.source("writer").error("out of ink").await.unwrap();
    of_run.thinking("what?").await.unwrap();
    let mut of_session = Envelope::new(charged(2));
    of_session.metadata_mut().set_session_id("s/1");
    let _ = server.bus.emit(of_session).await;
    assert_eq!(by_run.types(1).await, ["atoms.thinking"]);
    assert_eq!(orders(&mut by_type, 2).await, [1, 2]);
    assert_eq!(by_source.next().await.unwrap().data["event"]["message"], "how?");
    assert_eq!(orders(&mut by_session, 1).await, [2]);
    for mut reader in [by_run, by_type, by_source, by_session] {
        assert!(reader.is_quiet().await);
    }
    let long = "x".repeat(129);
    for wrong in ["run=1".into(), "after=1".into(), format!("type={long}"), format!("source={long}")] {
        get(server.address, OPS, &format!("/control/events?{wrong}")).await.problem(400);
    }
}

#[tokio::test]
async fn a_large_event_is_cut() {
    let server = start().await;
    let mut reader = Reader::open(&server, OPS, "").await;
    let in_memory = "x".repeat(64 * 1024);
    let on_the_wire = "\u{1}".repeat(60 * 1024);
    for text in [in_memory, on_the_wire] {
        server.bus.source("writer").thinking(text).await.unwrap();
        let sent = reader.next().await.unwrap();
        assert!(sent.data.to_string().len() < 1_024, "{sent:?}");
        assert_eq!((&sent.data["is_cut"], sent.event_type()), (&json!(true), "atoms.thinking"));
        assert!(sent.id.is_some() && sent.data["event"]["id"].is_string());
    }
    charge(&server, 1..2).await;
    assert_eq!(reader.next().await.unwrap().data.get("is_cut"), None);
}

#[tokio::test]
async fn it_outlives_the_time_for_an_answer_and_is_kept_alive() {
    let quick =
        routes().write_timeout(Duration::from_millis(100)).control_heartbeat(Duration::from_millis(20));
    let server = with(quick.request_timeout(Duration::from_millis(100)), bus()).await;
    let mut reader = Reader::open(&server, OPS, "").await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        assert_eq!(reader.block().await.as_deref(), Some(":"));
    }
    charge(&server, 1..2).await;
    assert_eq!(orders(&mut reader, 1).await, [1]);
}

/// A client whose receive buffer is small, and that reads nothing after the head.
async fn who_does_not_read(server: &Running) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let asked = request("GET", "/control/events", OPS, "", "");
    tokio::io::AsyncWriteExt::write_all(&mut stream, asked.as_bytes()).await.unwrap();
    let mut head = [0; 512];
    timeout(PATIENCE, stream.read(&mut head)).await.unwrap().unwrap();
    stream
}

/// Tells more than the buffers of a connection hold.
async fn tell_much(server: &Running) {
    let text = "x".repeat(50 * 1024);
    for _ in 0..400 {
        server.bus.source("writer").thinking(text.as_str()).await.unwrap();
    }
    server.bus.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_is_told_how_much_was_missed_and_goes_on() {
    let bus = Bus::builder().without_discovery().steering(Steering::new());
    let bus = bus.history(History::new().events(20)).start().unwrap();
    let server = with(routes(), bus).await;
    let mut slow = Reader::open(&server, OPS, "").await;
    tell_much(&server).await;
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 400 {
        match slow.next().await.unwrap() {
            sent if sent.name.as_deref() == Some("missed") => missed += sent.data["count"].as_u64().unwrap(),
            _ => seen += 1,
        }
    }
    assert!(missed > 0 && seen >= 20, "{seen} seen, {missed} missed");
    assert_eq!(seen + missed, 400);
    charge(&server, 1..2).await;
    assert_eq!(orders(&mut slow, 1).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_let_go() {
    let quick =
        routes().write_timeout(Duration::from_millis(200)).control_heartbeat(Duration::from_millis(20));
    let quick = quick.request_timeout(Duration::from_millis(200)).control_stream_limit(1);
    let server = with(quick, bus()).await;
    let stuck = who_does_not_read(&server).await;
    get(server.address, OPS, "/control/events").await.problem(429);
    let telling = tell_much(&server);
    timeout(PATIENCE, telling).await.expect("one who does not read holds up the bus");
    let let_go = async {
        loop {
            let reader = Reader::open(&server, OPS, "").await;
            if reader.head.starts_with("http/1.1 200 ") {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, let_go).await.expect("it is not let go");
    drop(stuck);
}

#[tokio::test]
async fn it_ends_with_the_server() {
    let server = start().await;
    let going = run(&server.bus, "import", Some(&ada()));
    let mut readers = Vec::new();
    for token in [OPS, ADA] {
        readers.push(Reader::after(&server, token, "0").await);
    }
    let begun = Instant::now();
    let stopping = tokio::spawn(server.stop());
    for reader in &mut readers {
        assert_eq!(reader.types(1).await, ["atoms.run.started"]);
        assert_eq!(reader.next().await, None);
    }
    drop(readers);
    timeout(PATIENCE, stopping).await.expect("it does not stop").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(going.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn progress_of_a_run_comes_in_order() {
    let server = start().await;
    let mut reader = Reader::open(&server, ADA, "?type=atoms.progress").await;
    let running = server.bus.runs().for_principal(&ada()).start("import", async |run: Run| {
        for number in 1..=500 {
            run.progress(number, 500, "").await?;
        }
        Ok(())
    });
    running.await.unwrap();
    for number in 1..=500 {
        assert_eq!(reader.next().await.unwrap().data["event"]["completed"], number);
    }
    assert!(server.bus.history().of::<Progress>().list().await.unwrap().len() == 500);
}
