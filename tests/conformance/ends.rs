//! How sessions, and the program, begin and end.

use crate::agent::Agent;
use crate::client::{Client, INIT, text_of, types};

#[tokio::test]
async fn the_agent_is_ready_before_anything_else() {
    let agent = Agent::start();
    let mut client = Client::connect(&agent).await;
    for frame in [INIT, r#"{"type":"system.user.joined"}"#] {
        client.send(frame).await;
    }
    assert_eq!(client.next().await["type"], "agent.ready");
    assert_eq!(client.next().await["type"], "agent.speak");
}

#[tokio::test]
async fn anything_else_first_is_an_error_and_the_end() {
    let agent = Agent::start();
    for frame in [r#"{"type":"system.user.joined"}"#, "no event"] {
        let mut client = Client::connect(&agent).await;
        client.send(frame).await;
        let (events, code) = client.until_closed().await;
        assert_eq!((types(&events), code), (vec!["agent.error"], 1008));
    }
}

/// A signal in the middle of a response, which comes to its end, and so does the program.
async fn assert_ends_well_at(signal: &str) {
    let agent = Agent::start();
    let mut idle = Client::begin(&agent).await;
    let mut client = Client::begin(&agent).await;
    client.ask("stream 100 2").await;
    let mut events = client.up_to("agent.llm.response.chunk").await;
    agent.signal(signal);
    let (rest, code) = client.until_closed().await;
    events.extend(rest);
    let text: String = (0..100).map(|number| format!("{number} ")).collect();
    assert_eq!((text_of(&events), code), (text, 1001));
    assert_eq!(types(&events).last(), Some(&"agent.llm.response.end"));
    assert_eq!(idle.until_closed().await, (Vec::new(), 1001));
    assert_eq!(agent.ended().code(), Some(0));
}

#[tokio::test]
async fn sigterm_ends_it_well() {
    assert_ends_well_at("TERM").await;
}

#[tokio::test]
async fn ctrl_c_ends_it_well() {
    assert_ends_well_at("INT").await;
}
