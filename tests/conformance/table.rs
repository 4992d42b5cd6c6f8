//! What is answered, line by line.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::client::{Client, INTERRUPT, text_of, types};

const START: &str = "agent.llm.response.start";
const CHUNK: &str = "agent.llm.response.chunk";
const END: &str = "agent.llm.response.end";

#[track_caller]
fn assert_escalated(log: &Value, reason: &str, severity: &str) {
    let payload = json!({"reason": reason, "severity": severity});
    assert_eq!(
        (&log["type"], &log["name"], &log["payload"]),
        (&json!("agent.log"), &json!("escalation"), &payload)
    );
}

#[tokio::test]
async fn anything_is_said_again() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    for text in ["hello", "  two  spaces ", "boom boom", "stream", "stream 3", "stream x 1", "grüße 🦀", "\n"]
    {
        assert_eq!(client.hear(text).await, format!("You said: {text}"));
    }
}

#[tokio::test]
async fn a_request_of_its_own_messages_is_about_them() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.tell("in the transcript").await;
    assert_eq!(client.next().await["name"], "turns");
    let messages = json!([
        {"role": "user", "content": "first"},
        {"role": "user", "content": "last"},
        {"role": "assistant", "content": "not mine"},
    ]);
    client.send(&json!({"type": "system.llm.request", "messages": messages}).to_string()).await;
    assert_eq!(text_of(&client.response().await), "You said: last");
    client.send(r#"{"type":"system.llm.request","messages":null}"#).await;
    assert_eq!(text_of(&client.response().await), "You said: in the transcript");
}

#[tokio::test]
async fn who_joins_is_greeted_once() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["type"], "agent.speak");
    client.ask("hello").await;
    assert_eq!(client.next().await["type"], START);
}

#[tokio::test]
async fn what_the_user_says_is_counted() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.send(r#"{"type":"agent.transcript.update","role":"assistant","content":"hello"}"#).await;
    for turn in 1..4 {
        client.tell("hello").await;
        let log = client.next().await;
        assert_eq!((&log["name"], &log["payload"]), (&json!("turns"), &json!({"user_turns": turn})));
    }
}

#[tokio::test]
async fn a_stream_has_so_many_chunks() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.ask("stream 3 1").await;
    let events = client.response().await;
    assert_eq!(types(&events), [START, CHUNK, CHUNK, CHUNK, END]);
    assert_eq!(text_of(&events), "0 1 2 ");
    client.ask("stream 0 0").await;
    assert_eq!(types(&client.response().await), [START, END]);
}

#[tokio::test]
async fn boom_is_one_chunk_and_a_fatal_error() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.ask("boom").await;
    let events = client.response().await;
    assert_eq!(types(&events), [START, CHUNK, "agent.error", END]);
    assert_eq!(events[2]["severity"], "fatal");
    assert!(events[2]["message"].as_str().unwrap().contains("boom"), "{}", events[2]);
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn bye_is_the_end_of_the_call() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.ask("bye").await;
    assert_eq!(types(&client.response().await), [START, "agent.end_call", END]);
    client.ask("hello").await;
    client.tell("are you there?").await;
    assert_eq!(client.next().await["name"], "turns");
}

#[tokio::test]
async fn an_escalation_is_logged_and_kept() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.ask("escalate the house is on fire").await;
    // The supervisor says so when it gets to it, before or after the words of the agent.
    client.tell("thank you").await;
    let mut events = client.response().await;
    while events.iter().filter(|event| event["type"] == "agent.log").count() < 2 {
        events.push(client.next().await);
    }
    let log = events.iter().find(|event| event["name"] == "escalation").unwrap();
    assert_escalated(log, "the house is on fire", "high");
    assert!(!text_of(&events).is_empty());
    assert!(!types(&events).contains(&"escalation_event"), "{events:?}");
}

#[tokio::test]
async fn a_client_may_escalate() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    let escalations = [
        (json!({"reason": "loud", "severity": "low"}), "low"),
        (json!({"reason": "loud"}), "medium"),
        (json!({"reason": "loud", "severity": null}), "medium"),
    ];
    for (mut escalation, severity) in escalations {
        escalation["type"] = "escalation_event".into();
        client.send(&escalation.to_string()).await;
        assert_escalated(&client.next().await, "loud", severity);
    }
    client.ask("hello").await;
    assert_eq!(client.next().await["type"], START);
}

#[tokio::test]
async fn an_interrupt_stops_what_is_said() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    client.ask("stream 1000000 1").await;
    client.up_to(CHUNK).await;
    client.send(INTERRUPT).await;
    assert_eq!(client.response().await.last().unwrap()["interrupted"], true);
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn what_cannot_be_read_ends_nothing() {
    let agent = Agent::start();
    let mut client = Client::begin(&agent).await;
    for frame in ["", "{", "null", r#"{"type":"agent.transcript.update","role":"robot"}"#] {
        client.send(frame).await;
        let error = client.next().await;
        assert_eq!((&error["type"], &error["severity"]), (&json!("agent.error"), &json!("warning")));
    }
    assert_eq!(client.hear("hello").await, "You said: hello");
}
