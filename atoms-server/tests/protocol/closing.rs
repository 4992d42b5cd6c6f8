//! How sessions end: by the client, by the agent, by time.

use std::time::Duration;

use atoms_agent::events::Init;
use atoms_agent::{Sessions, graph, node};
use atoms_server::Routes;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::agent::{Agent, Goodbye};
use crate::client::{Client, INIT, INTERRUPT, asking, types};
use crate::server::Running;

/// Sends a close frame, and waits until it is answered and the connection ends.
async fn assert_close_is_answered(client: &mut Client) {
    let close = CloseFrame { code: CloseCode::Away, reason: "goodbye".into() };
    client.socket.close(Some(close.clone())).await.unwrap();
    let answered = loop {
        match client.message().await {
            Some(Ok(Message::Text(_))) => {}
            Some(Ok(Message::Close(answer))) => break answer,
            other => panic!("no close frame, but {other:?}"),
        }
    };
    assert_eq!(answered, Some(close));
    assert!(client.message().await.is_none());
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    assert_close_is_answered(&mut client).await;
    server.is_empty().await;
}

#[tokio::test]
async fn a_client_that_closes_while_a_response_streams_is_answered() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 1000000 1").await;
    client.up_to("agent.llm.response.chunk").await;
    assert_close_is_answered(&mut client).await;
    server.is_empty().await;
}

#[tokio::test]
async fn a_client_that_closes_before_it_begins_is_answered() {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    assert_close_is_answered(&mut client).await;
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_nothing() {
    let server = Running::start().await;
    for text in ["hello", "stream 1000000 0", "stream 1000000 1", "stream 1000000 1000000"] {
        let mut client = Client::begin(server.address).await;
        client.ask(text).await;
        assert_eq!(client.next().await["type"], "agent.llm.response.start");
        drop(client);
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_resets_its_connection_leaves_nothing() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 1000000 0").await;
    client.up_to("agent.llm.response.chunk").await;
    // What waits to be read makes the end of the connection a reset.
    client.socket.get_ref().set_zero_linger().unwrap();
    drop(client);
    server.is_empty().await;
}

/// A server whose sessions stay open so long after the end of the call.
async fn with_grace(milliseconds: u64) -> Running {
    let sessions = Sessions::builder(Agent::graph()).grace(Duration::from_millis(milliseconds));
    Running::with(sessions, Routes::new()).await
}

#[tokio::test]
async fn the_agent_ends_the_call_and_then_the_session() {
    let server = with_grace(50).await;
    let mut client = Client::begin(server.address).await;
    client.ask("bye").await;
    let (events, code) = client.until_closed().await;
    let (start, end) = ("agent.llm.response.start", "agent.llm.response.end");
    assert_eq!((types(&events), code), (vec![start, "agent.end_call", end], 1000));
    server.is_empty().await;
}

#[tokio::test]
async fn what_comes_after_the_end_of_the_call_is_not_answered() {
    let server = with_grace(300).await;
    let mut client = Client::begin(server.address).await;
    client.ask("bye").await;
    client.response().await;
    for frame in [&asking("hello"), INTERRUPT, &asking("bye")] {
        client.send(frame).await;
    }
    client.tell("are you there?").await;
    let (events, code) = client.until_closed().await;
    assert_eq!((types(&events), code), (vec!["agent.log"], 1000));
}

#[tokio::test]
async fn a_client_may_leave_after_the_end_of_the_call() {
    let server = with_grace(60_000).await;
    let mut client = Client::begin(server.address).await;
    client.ask("bye").await;
    client.response().await;
    assert_close_is_answered(&mut client).await;
    server.is_empty().await;
}

#[tokio::test]
async fn an_end_of_the_call_that_waits_is_not_lost_by_an_interrupt() {
    let server = with_grace(10).await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 1000000 1").await;
    client.up_to("agent.llm.response.chunk").await;
    server.sessions.list()[0].emit(Goodbye).unwrap();
    client.send(INTERRUPT).await;
    let (events, code) = client.until_closed().await;
    let types = types(&events);
    assert!(types.ends_with(&["agent.llm.response.end", "agent.end_call"]), "{types:?}");
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn who_says_nothing_for_too_long_is_told_to_go() {
    let sessions = Sessions::builder(Agent::graph()).idle_timeout(Duration::from_millis(50));
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = Client::begin(server.address).await;
    let (events, code) = client.until_closed().await;
    assert_eq!((events.len(), code), (0, 1001));
    server.is_empty().await;
}

#[tokio::test]
async fn who_does_not_answer_a_close_is_let_go() {
    let sessions = Sessions::builder(Agent::graph()).idle_timeout(Duration::from_millis(50));
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = Client::begin(server.address).await;
    assert_eq!(client.until_closing().await, (Vec::new(), 1001));
    server.is_empty().await;
}

#[derive(Debug)]
struct NeverMade;

#[node(crate = atoms_agent)]
impl NeverMade {
    #[factory]
    fn new(_: &Init) -> Result<Self, String> {
        Err("out of parts".into())
    }

    #[handler]
    fn take(&mut self, _: &Init) {}
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Broken {
        NeverMade,
    }
}

#[tokio::test]
async fn a_session_whose_node_is_not_made_ends_at_once() {
    let server = Running::of(Broken::graph()).await;
    let mut client = Client::connect(server.address).await;
    client.send(INIT).await;
    let ends = timeout(Duration::from_secs(5), client.until_closed());
    let (events, code) = ends.await.expect("it does not end");
    assert_eq!((types(&events), code), (vec!["agent.ready", "agent.error"], 1011));
    let message = events[1]["message"].as_str().unwrap();
    assert!(message.contains("could not be made") && !message.contains("out of parts"), "{events:?}");
    server.is_empty().await;
}
