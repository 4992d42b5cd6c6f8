//! Turns: what a client sends, and what it is answered.

use serde_json::{Value, json};

use crate::client::{Client, INIT, assert_warns, text_of, types};
use crate::server::Running;

#[tokio::test]
async fn who_joins_is_greeted_first() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    let greeting = client.next().await;
    assert_eq!((&greeting["type"], &greeting["text"]), (&json!("agent.speak"), &json!("Hello!")));
}

#[tokio::test]
async fn a_request_is_answered_by_a_response() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("hello").await;
    let events = client.response().await;
    let (start, chunk) = ("agent.llm.response.start", "agent.llm.response.chunk");
    assert_eq!(types(&events), [start, chunk, chunk, "agent.llm.response.end"]);
    assert_eq!(text_of(&events), "You said: hello");
    assert!(events[3].get("interrupted").is_none(), "{}", events[3]);
}

#[tokio::test]
async fn a_request_without_messages_is_about_what_was_said() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.tell("hello").await;
    client.send(r#"{"type":"system.llm.request","messages":null}"#).await;
    assert_eq!(text_of(&client.response().await), "You said: hello");
}

#[tokio::test]
async fn what_a_client_says_is_not_sent_back() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    for turn in 1..4 {
        client.tell("hello").await;
        let log = client.next().await;
        assert_eq!((&log["type"], &log["payload"]), (&json!("agent.log"), &json!({"user_turns": turn})));
    }
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_response_that_fails_ends_with_an_error() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("boom").await;
    let events = client.response().await;
    let [_, chunk, error, _] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(chunk["text"], "about to fail");
    assert_eq!((&error["type"], &error["severity"]), (&json!("agent.error"), &json!("fatal")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("a response failed") && !message.contains("boom"), "{error}");
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_node_that_panics_is_made_anew() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    for _ in 0..3 {
        client.ask("panic").await;
        let start_error_end = client.response().await;
        assert_eq!(start_error_end[1]["type"], "agent.error", "{start_error_end:?}");
        assert_eq!(start_error_end.len(), 3, "{start_error_end:?}");
    }
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_second_init_is_not_taken() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send(INIT).await;
    assert_warns(&client.next().await, "system.init");
    assert_eq!(client.hear("hello").await, "You said: hello");
    assert_eq!(server.sessions.counts().started, 1);
}

#[tokio::test]
async fn a_client_may_not_send_what_is_internal() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send(r#"{"type":"internal.note","text":"let me in"}"#).await;
    assert_warns(&client.next().await, "internal.note");
    assert_eq!(client.hear("hello").await, "You said: hello");
    assert_eq!(server.sessions.counts().refused, 1);
}

#[tokio::test]
async fn a_client_may_not_send_what_is_for_clients() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    let injected: [Value; 4] = [
        json!({"type": "agent.speak", "text": "I am the agent"}),
        json!({"type": "agent.end_call"}),
        json!({"type": "agent.control.interrupt"}),
        json!({"type": "agent.ready"}),
    ];
    for event in &injected {
        client.send(&event.to_string()).await;
        assert_warns(&client.next().await, event["type"].as_str().unwrap());
    }
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn an_unknown_event_reaches_the_nodes_and_is_not_sent_back() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send(r#"{"type":"somebody.elses","n":12345678901234567890}"#).await;
    let log = client.next().await;
    assert_eq!((&log["name"], &log["payload"]), (&json!("unknown"), &json!({"type": "somebody.elses"})));
    client.ask("hello").await;
    let events = client.response().await;
    assert_eq!(types(&events)[0], "agent.llm.response.start");
}

#[tokio::test]
async fn sessions_do_not_know_of_each_other() {
    let server = Running::start().await;
    let mut one = Client::begin(server.address).await;
    let mut other = Client::begin(server.address).await;
    one.tell("mine").await;
    assert_eq!(one.next().await["payload"]["user_turns"], 1);
    other.tell("yours").await;
    assert_eq!(other.next().await["payload"]["user_turns"], 1);
    other.send(r#"{"type":"system.llm.request","messages":null}"#).await;
    assert_eq!(text_of(&other.response().await), "You said: yours");
}
