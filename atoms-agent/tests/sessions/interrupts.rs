//! Interrupts overtake everything, stop what is being said, and leave the rest alone.

use std::time::Duration;

use atoms_agent::events::{
    AgentInterrupt, EndCall, LlmRequest, Log, Object, Speak, SystemInterrupt, TranscriptUpdate, TransferCall,
    UserJoined, UserStartedSpeaking,
};
use atoms_agent::{Conversation, Graph, Outgoing, Session, SessionEnd, node};
use atoms_runtime::{AnyEvent, Emitter, event};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::client::{Client, types};

/// What no interrupt may lose.
#[event(type = "test.interrupts.ordered", to(client), crate = atoms_runtime)]
struct Ordered;

#[derive(Default)]
struct Talker;

#[node(output, crate = atoms_agent)]
impl Talker {
    #[respond]
    async fn talk(
        &mut self,
        _: &LlmRequest,
        said: Conversation,
        out: Emitter<(Ordered, EndCall, TransferCall)>,
    ) -> BoxStream<'static, String> {
        match said.last_user_text() {
            Some("order") => drop(out.emit(Ordered).await),
            Some("bye") => {
                out.emit(EndCall).await;
                return stream::empty().boxed();
            }
            _ => {}
        }
        stream::iter(0..)
            .then(async |number| {
                tokio::time::sleep(Duration::from_millis(100)).await;
                format!("{number} ")
            })
            .boxed()
    }
}

#[derive(Default)]
struct Counter {
    updates: u32,
}

#[node(crate = atoms_agent)]
impl Counter {
    #[handler]
    fn count(&mut self, _: &TranscriptUpdate) -> Log {
        self.updates += 1;
        Log { name: "updates".into(), payload: Object::new().with("count", self.updates) }
    }

    #[handler]
    fn interrupted(&mut self, _: &SystemInterrupt) -> Log {
        Log { name: "interrupted".into(), payload: Object::new() }
    }

    /// The agent itself may stop what it says.
    #[handler]
    fn hush(&mut self, _: &UserStartedSpeaking) -> AgentInterrupt {
        AgentInterrupt
    }
}

const INTERRUPT: &str = r#"{"type":"system.control.interrupt"}"#;

fn graph() -> Graph {
    Graph::builder().edge::<Talker, Counter>().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_response_stops_at_once_and_says_that_it_was_interrupted() {
    let mut client = Client::of(graph()).await;
    client.say("talk").await;
    for expected in ["updates", "start", "0 ", "1 "] {
        assert!(client.next().await.to_string().contains(expected), "{expected}");
    }
    client.send(INTERRUPT).await;
    let events = client.response().await;
    assert!(types(&events).contains(&"agent.log"), "{events:?}");
    assert_eq!(events.last().unwrap()["interrupted"], true);
    client.say("again").await;
    client.next().await;
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
    assert_eq!(client.next().await["text"], "0 ");
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_behind_a_stream_is_dropped_if_it_is_a_request_and_kept_if_not() {
    let mut client = Client::of(graph()).await;
    for text in ["one", "two", "three"] {
        client.say(text).await;
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    client.send(INTERRUPT).await;
    client.send(r#"{"type":"test.end"}"#).await;
    let mut events = client.response().await;
    // The three updates are counted, and the requests of two of them are gone.
    while events.iter().filter(|event| event["name"] == "updates").count() < 3 {
        events.push(client.next().await);
    }
    let starts = events.iter().filter(|event| event["type"] == "agent.llm.response.start").count();
    assert_eq!(starts, 1, "{events:?}");
    client.say("four").await;
    assert_eq!(client.next().await["payload"]["count"], 4);
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
}

#[tokio::test(start_paused = true)]
async fn business_events_and_the_end_of_the_call_survive() {
    let mut client = Client::of(graph()).await;
    client.say("order").await;
    client.send(INTERRUPT).await;
    client.say("bye").await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|event: &serde_json::Value| event["type"] != "agent.end_call") {
        seen.push(client.next().await);
    }
    // The order was either refused before it was made, or it arrives.
    let started = types(&seen).iter().filter(|it| **it == "agent.llm.response.start").count();
    let ordered = types(&seen).iter().filter(|it| **it == "test.interrupts.ordered").count();
    assert_eq!(ordered, started - 1, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_may_not_break_in_does_not() {
    let mut client = Client::of(graph()).await;
    client.send(r#"{"type":"system.output_agent.update_settings","settings":{"interruptible":false}}"#).await;
    client.say("talk").await;
    client.next().await;
    client.send(INTERRUPT).await;
    let mut text = String::new();
    while text.len() < 20 {
        text += client.next().await["text"].as_str().unwrap_or_default();
    }
    assert!(text.starts_with("0 1 2 3 "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_agent_may_interrupt_itself() {
    let mut client = Client::of(Graph::builder().edge::<Counter, Talker>().build().unwrap()).await;
    client.say("talk").await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    client.send(r#"{"type":"system.user.started_speaking"}"#).await;
    let events = client.response().await;
    assert!(types(&events).contains(&"agent.control.interrupt"), "{events:?}");
    assert_eq!(events.last().unwrap()["interrupted"], true);
}

#[tokio::test(start_paused = true)]
async fn the_program_may_interrupt() {
    let mut client = Client::of(graph()).await;
    client.say("talk").await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    client.sessions.list()[0].interrupt();
    assert_eq!(client.response().await.last().unwrap()["interrupted"], true);
    client.say("again").await;
    client.next().await;
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_nobody_waits_for_any_more_is_interrupted() {
    let mut client = Client::of(graph()).await;
    client.say("talk").await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let end = SessionEnd::Protocol("odd".into());
    client.fail(end.clone()).await;
    let events = client.response().await;
    assert!(types(&events).contains(&"agent.error"), "{events:?}");
    assert_eq!(events.last().unwrap()["interrupted"], true);
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(end)));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_a_shutdown_cuts_short_says_so() {
    let mut client = Client::of(graph()).await;
    client.say("talk").await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let sessions = client.sessions.clone();
    let shutdown = tokio::spawn(async move { sessions.shutdown(Duration::from_secs(1)).await });
    assert_eq!(client.response().await.last().unwrap()["interrupted"], true);
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::Shutdown)));
    assert_eq!(shutdown.await.unwrap(), 1);
}

/// Works on a request without being an output node.
#[derive(Default)]
struct Worker;

#[node(crate = atoms_agent)]
impl Worker {
    #[handler]
    async fn work(&mut self, _: &LlmRequest, session: Session) {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        session.end();
    }

    #[handler]
    fn count(&mut self, _: &TranscriptUpdate) -> Log {
        Log { name: "heard".into(), payload: Object::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_of_what_is_interruptible_are_dropped() {
    let mut client = Client::of(Graph::builder().node::<Worker>().build().unwrap()).await;
    client.send(r#"{"type":"system.llm.request"}"#).await;
    client.send(INTERRUPT).await;
    client.say("x").await;
    assert_eq!(client.next().await["name"], "heard");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_does_not_wait_behind_what_is_queued() {
    let mut client = Client::of(graph()).await;
    client.say("talk").await;
    let said = r#"{"type":"agent.transcript.update","role":"user","content":"and another thing"}"#;
    for _ in 0..500 {
        client.send(said).await;
    }
    client.send(INTERRUPT).await;
    let events = client.response().await;
    assert_eq!(events.last().unwrap()["interrupted"], true);
    let mut counted = events.iter().filter(|event| event["name"] == "updates").count();
    while counted < 501 {
        counted += usize::from(client.next().await["name"] == "updates");
    }
}

/// Keeps interrupts to itself.
#[derive(Default)]
struct Keeper;

#[node(crate = atoms_agent)]
impl Keeper {
    #[handler]
    async fn think(&mut self, _: &TranscriptUpdate) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    #[handler]
    fn keep(&mut self, _: SystemInterrupt) -> Log {
        Log { name: "kept".into(), payload: Object::new() }
    }
}

/// Tells of all that comes.
#[derive(Default)]
struct Watcher;

#[node(crate = atoms_agent)]
impl Watcher {
    #[handler]
    fn watch(&mut self, event: &AnyEvent) -> Log {
        Log { name: event.event_type().to_owned(), payload: Object::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_is_kept_goes_no_further_also_when_its_node_is_busy() {
    let mut client = Client::of(Graph::builder().edge::<Keeper, Watcher>().build().unwrap()).await;
    client.send(r#"{"type":"agent.transcript.update","role":"user","content":"x"}"#).await;
    client.send(INTERRUPT).await;
    client.send(r#"{"type":"test.end"}"#).await;
    let mut names = Vec::new();
    while names.last().is_none_or(|last: &String| last != "test.end") {
        names.push(client.next().await["name"].as_str().unwrap_or_default().to_owned());
    }
    assert!(names.contains(&"kept".to_owned()), "{names:?}");
    assert!(!names.contains(&"system.control.interrupt".to_owned()), "{names:?}");
}

/// Says a lot at once.
#[derive(Default)]
struct Chatters;

const WORDS: usize = 60;

#[node(crate = atoms_agent)]
impl Chatters {
    #[handler]
    async fn joined(&mut self, _: &UserJoined, out: Emitter<Speak>) {
        for word in 0..WORDS {
            out.emit(Speak { text: word.to_string() }).await;
        }
    }

    #[handler]
    fn interrupted(&mut self, _: &SystemInterrupt) -> Log {
        Log { name: "interrupted".into(), payload: Object::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_client_is_dropped_if_its_turn_is_over_and_sent_if_not() {
    let mut client = Client::of(Graph::builder().node::<Chatters>().build().unwrap()).await;
    for turn in 0..3 {
        client.send(r#"{"type":"system.user.joined"}"#).await;
        // The client reads nothing meanwhile.
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.send(INTERRUPT).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut said = 0;
        while client.next().await["name"] != "interrupted" {
            said += 1;
        }
        // What is in the channel of the test, and on its way into it.
        assert!((15..=20).contains(&said), "{said} in turn {turn}");
    }
    client.send(r#"{"type":"system.user.joined"}"#).await;
    for word in 0..WORDS {
        assert_eq!(client.next().await["text"], word.to_string());
    }
}
