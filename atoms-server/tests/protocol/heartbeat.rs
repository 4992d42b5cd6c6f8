//! Whether clients are still there.

use std::time::Duration;

use atoms_agent::Sessions;
use atoms_server::Routes;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::agent::Agent;
use crate::client::{Client, INIT};
use crate::server::Running;

#[tokio::test]
async fn who_does_not_answer_a_ping_is_let_go() {
    let routes = Routes::new()
        .ping_interval(Duration::from_millis(50))
        .pong_timeout(Duration::from_millis(200))
        .session_limit(1);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    // It answers only while it reads.
    let client = Client::begin(server.address).await;
    server.is_empty().await;
    drop(client);
    // Before its session has begun as well.
    let mut client = loop {
        if let Ok(client) = Client::try_connect(server.address).await {
            break client;
        }
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut messages = Vec::new();
    while let Some(Ok(message)) = client.message().await {
        messages.push(message);
    }
    let close = messages.iter().find_map(|message| match message {
        Message::Close(close) => close.as_ref(),
        _ => None,
    });
    assert_eq!(close.map(|close| u16::from(close.code)), Some(1011), "{messages:?}");
}

#[tokio::test]
async fn who_answers_pings_stays() {
    let routes = Routes::new().ping_interval(Duration::from_millis(10));
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = Client::begin(server.address).await;
    let mut pings = Vec::new();
    while pings.len() < 10 {
        match client.message().await {
            Some(Ok(Message::Ping(payload))) => pings.push(payload),
            other => panic!("no ping, but {other:?}"),
        }
    }
    pings.dedup();
    assert_eq!(pings.len(), 10, "each ping has a payload of its own");
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_pong_of_something_else_is_no_answer() {
    let routes =
        Routes::new().ping_interval(Duration::from_millis(50)).pong_timeout(Duration::from_millis(300));
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = Client::begin(server.address).await;
    let sending = async {
        loop {
            client.send_message(Message::Pong(Bytes::from_static(b"something else"))).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = server.is_empty() => {}
        () = sending => {}
    }
}

#[tokio::test]
async fn nobody_is_pinged_where_that_is_turned_off() {
    let routes = Routes::new().ping_interval(Duration::MAX).pong_timeout(Duration::MAX);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = Client::connect(server.address).await;
    client.send(INIT).await;
    assert!(matches!(client.message().await, Some(Ok(Message::Text(_)))));
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let routes = format!("{:?}", Routes::new());
    for default in ["write_timeout: 30s", "ping_interval: 20s", "pong_timeout: 20s", "frame: 16777216"] {
        assert!(routes.contains(default), "{routes}");
    }
}
