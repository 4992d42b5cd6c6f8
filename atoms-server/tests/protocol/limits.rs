//! How much clients may send, and how many they may be.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atoms_agent::Sessions;
use atoms_server::{Routes, ServeError, Server};
use futures_util::SinkExt;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing_subscriber::util::SubscriberInitExt;

use crate::agent::Agent;
use crate::client::{Client, INIT, asking, request, types};
use crate::server::Running;

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_session_only() {
    let routes = Routes::new().frame_limit(1_000);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut other = Client::begin(server.address).await;
    let mut client = Client::begin(server.address).await;
    client.send(&asking(&"x".repeat(1_000))).await;
    let (events, code) = client.until_closed().await;
    assert_eq!((types(&events), code), (vec!["agent.error"], 1009));
    assert_eq!(events[0]["severity"], "fatal");
    server.has(1).await;
    assert_eq!(other.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_no_beginning() {
    let routes = Routes::new().frame_limit(100);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = Client::connect(server.address).await;
    client.send(&"x".repeat(101)).await;
    let (events, code) = client.until_closed().await;
    assert_eq!((types(&events), code), (vec!["agent.error"], 1009));
    server.is_empty().await;
}

#[tokio::test]
async fn fragments_that_are_too_large_together_end_the_session() {
    let routes = Routes::new().frame_limit(1_000);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = Client::begin(server.address).await;
    for opcode in [Data::Text, Data::Continue, Data::Continue] {
        let part = Frame::message(vec![b' '; 400], OpCode::Data(opcode), false);
        client.send_message(Message::Frame(part)).await;
    }
    assert_eq!(client.until_closed().await.1, 1009);
    server.is_empty().await;
}

#[tokio::test]
async fn all_who_send_too_much_are_told_so() {
    let routes = Routes::new().frame_limit(1_000);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    // Masked with zeros.
    let header = [&[0x81, 0xff], (4_u64 << 20).to_be_bytes().as_slice(), &[0; 4]].concat();
    let large = [header, vec![b'x'; 4 << 20]].concat();
    let told = (0..60).map(|_| async {
        let mut client = Client::begin(server.address).await;
        // It is all sent before the client looks for an answer.
        client.socket.get_mut().write_all(&large).await.unwrap();
        client.until_closed().await.1
    });
    let told = join_all(told).await;
    assert_eq!(told, [1009; 60]);
    server.is_empty().await;
}

#[tokio::test]
async fn a_frame_that_nobody_can_take_leaves_nothing() {
    let server = Running::start().await;
    let mut other = Client::begin(server.address).await;
    let mut client = Client::begin(server.address).await;
    // The server may be gone before all of it is sent.
    let _ = client.socket.send(Message::text("x".repeat(64 << 20))).await;
    server.has(1).await;
    assert_eq!(other.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn the_largest_frame_is_taken() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    let empty = asking("").len();
    let text = "x".repeat((16 << 20) - empty);
    assert_eq!(client.hear(&text).await.len(), "You said: ".len() + text.len());
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let routes = Routes::new().session_limit(2);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let first = Client::begin(server.address).await;
    // One that has not begun counts as well.
    let mut second = Client::connect(server.address).await;
    let third = Client::open(server.address, request(server.address, &[])).await;
    let Err(Error::Http(answer)) = third else { panic!("{third:?}") };
    assert_eq!(answer.status().as_u16(), 503);
    drop(first);
    server.is_empty().await;
    second.send(INIT).await;
    assert_eq!(second.next().await["type"], "agent.ready");
    while Client::open(server.address, request(server.address, &[])).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_slowed_down_and_loses_nothing() {
    let sessions = Sessions::builder(Agent::graph()).frames_per_second(100);
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = Client::begin(server.address).await;
    let start = Instant::now();
    for _ in 0..150 {
        client.tell("hello").await;
    }
    for turn in 1..=150 {
        assert_eq!(client.next().await["payload"], json!({"user_turns": turn}));
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(5), "{took:?}");
}

/// What this thread writes to the log.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn who_finds_no_room_for_a_session_is_in_the_log() {
    let written = Written::default();
    let writer = written.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    let _guard = log.set_default();
    let server = Running::with(Sessions::builder(Agent::graph()), Routes::new().session_limit(1)).await;
    let _first = Client::begin(server.address).await;
    assert!(Client::open(server.address, request(server.address, &[])).await.is_err());
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let line = written.lines().find(|line| line.contains("a client is turned away")).unwrap();
    assert!(line.contains("INFO") && line.contains("limit=1"), "{line}");
}

#[tokio::test]
async fn settings_of_zero_do_not_bind() {
    let zero = Duration::ZERO;
    let routes = Routes::new().frame_limit(0).session_limit(0);
    let routes = routes.write_timeout(zero).ping_interval(zero).pong_timeout(zero);
    let server = Server::new(Agent::graph()).routes(routes).header_timeout(zero).connection_limit(0);
    let error = server.bind("127.0.0.1:0").await.unwrap_err();
    let ServeError::Zero(zeros) = &error else { panic!("{error}") };
    assert_eq!(zeros.len(), 7, "{error}");
    assert_eq!(format!("{error:?}"), error.to_string());
    for part in [
        "the server cannot serve:\n- `frame_limit(0)` leaves no room for anything: give it 1 or more",
        "\n- `header_timeout(0)` leaves no time for anything: give it more than zero",
    ] {
        assert!(error.to_string().contains(part), "`{part}` is not in {error}");
    }
    let server = Server::new(Agent::graph()).shutdown_deadline(zero);
    assert!(server.bind("127.0.0.1:0").await.is_ok());
}
