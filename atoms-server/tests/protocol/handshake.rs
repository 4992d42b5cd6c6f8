//! The first frame: a session begins with `system.init`, or does not begin.

use std::time::Duration;

use atoms_agent::Sessions;
use atoms_server::Routes;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::agent::Agent;
use crate::client::{Client, INIT, request};
use crate::server::Running;

/// Asserts that a client is turned away: one fatal error with these words, and an orderly close.
async fn assert_turned_away(server: &Running, client: &mut Client, words: &str) {
    let (events, code) = client.until_closed().await;
    let [error] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    assert_eq!(code, 1008);
    server.is_empty().await;
    assert_eq!(server.sessions.counts().started, 0);
}

async fn first(frame: &str, words: &str) {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    client.send(frame).await;
    assert_turned_away(&server, &mut client, words).await;
}

#[tokio::test]
async fn who_says_nothing_is_turned_away() {
    let sessions = Sessions::builder(Agent::graph()).handshake_timeout(Duration::from_millis(50));
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = Client::connect(server.address).await;
    assert_turned_away(&server, &mut client, "no `system.init` within 50ms").await;
}

#[tokio::test]
async fn pings_are_no_beginning() {
    let sessions = Sessions::builder(Agent::graph()).handshake_timeout(Duration::from_millis(300));
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = Client::connect(server.address).await;
    client.send_message(Message::Ping("first".into())).await;
    assert!(matches!(client.message().await, Some(Ok(Message::Pong(_)))));
    assert_turned_away(&server, &mut client, "no `system.init`").await;
}

#[test]
fn there_are_ten_seconds_to_begin() {
    let builder = format!("{:?}", Sessions::builder(Agent::graph()));
    assert!(builder.contains("handshake_timeout: 10s"), "{builder}");
}

#[tokio::test]
async fn another_event_is_no_beginning() {
    first(r#"{"type":"system.user.joined"}"#, "must be `system.init`, and not `system.user.joined`").await;
}

#[tokio::test]
async fn an_unknown_event_is_no_beginning() {
    first(r#"{"type":"somebody.elses"}"#, "must be `system.init`, and not `somebody.elses`").await;
}

#[tokio::test]
async fn malformed_json_is_no_beginning() {
    first("{", "must be `system.init`").await;
}

#[tokio::test]
async fn an_empty_frame_is_no_beginning() {
    first("", "must be `system.init`").await;
}

#[tokio::test]
async fn an_init_with_fields_missing_is_no_beginning() {
    first(r#"{"type":"system.init","version":"1"}"#, "session_context").await;
}

#[tokio::test]
async fn a_type_as_long_as_a_frame_is_no_beginning() {
    first(&format!(r#"{{"type":"{}"}}"#, "x".repeat(1_000_000)), "must be `system.init`").await;
}

#[tokio::test]
async fn an_init_may_have_further_fields() {
    let server = Running::start().await;
    let mut init: Value = serde_json::from_str(INIT).unwrap();
    init["later"] = "a field that nobody knows yet".into();
    init["session_context"]["deep"] = serde_json::json!({"a": [1, {"b": null}]});
    let mut client = Client::begin_with(server.address, &init.to_string()).await;
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn the_agent_is_ready_before_anything_else() {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    for frame in [INIT, r#"{"type":"system.user.joined"}"#, "not an event"] {
        client.send(frame).await;
    }
    assert_eq!(client.next().await["type"], "agent.ready");
}

#[tokio::test]
async fn a_client_may_leave_before_it_begins() {
    let server = Running::start().await;
    for _ in 0..20 {
        drop(Client::connect(server.address).await);
    }
    let mut client = Client::connect(server.address).await;
    client.socket.close(None).await.unwrap();
    assert!(matches!(client.message().await, Some(Ok(Message::Close(_)))));
    server.is_empty().await;
    assert_eq!(server.sessions.counts().started, 0);
}

#[tokio::test]
async fn a_connection_may_be_lost_in_the_upgrade() {
    let server = Running::with(Sessions::builder(Agent::graph()), Routes::new().session_limit(1)).await;
    let upgrade = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    for cut in [1, 40, upgrade.len() - 1, upgrade.len()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&upgrade.as_bytes()[..cut]).await.unwrap();
        drop(stream);
    }
    // There is room for one session, and nobody has taken it.
    let mut client = loop {
        if let Ok(client) = Client::open(server.address, request(server.address, &[])).await {
            break client;
        }
        tokio::task::yield_now().await;
    };
    client.send(INIT).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    drop(client);
    server.is_empty().await;
}

#[tokio::test]
async fn who_is_turned_away_sees_the_end_of_the_connection() {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    client.send("not an event").await;
    assert_eq!(client.until_closed().await.1, 1008);
    while let Some(message) = client.socket.next().await {
        assert!(message.is_err(), "{message:?}");
    }
}
