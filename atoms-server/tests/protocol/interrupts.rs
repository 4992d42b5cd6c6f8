//! The user breaks in.

use atoms_agent::events::{AgentInterrupt, Log, Speak, UserStartedSpeaking};
use atoms_agent::{graph, node};
use atoms_runtime::Emitter;
use serde_json::{Value, json};

use crate::client::{Client, INIT, INTERRUPT, text_of, types};
use crate::server::Running;

/// More than any test waits for.
const LONG: &str = "stream 1000000 1";

/// A session in the middle of a long response.
async fn talking(server: &Running) -> Client {
    let mut client = Client::begin(server.address).await;
    client.ask(LONG).await;
    client.up_to("agent.llm.response.chunk").await;
    client
}

fn was_interrupted(response: &[Value]) -> bool {
    response.last().is_some_and(|end| end["interrupted"] == json!(true))
}

#[tokio::test]
async fn an_interrupt_stops_a_response() {
    let server = Running::start().await;
    let mut client = talking(&server).await;
    client.send(INTERRUPT).await;
    let response = client.response().await;
    assert!(was_interrupted(&response), "{response:?}");
    client.ask("hello").await;
    let response = client.response().await;
    assert_eq!(text_of(&response), "You said: hello");
    assert!(!was_interrupted(&response));
}

#[tokio::test]
async fn an_interrupt_drops_the_requests_that_wait() {
    let server = Running::start().await;
    let mut client = talking(&server).await;
    for _ in 0..10 {
        client.ask("dropped").await;
    }
    client.send(INTERRUPT).await;
    assert!(was_interrupted(&client.response().await));
    client.ask("hello").await;
    let response = client.response().await;
    assert_eq!(text_of(&response), "You said: hello");
}

#[tokio::test]
async fn an_interrupt_does_not_lose_what_the_user_said() {
    let server = Running::start().await;
    let mut client = talking(&server).await;
    for _ in 0..5 {
        client.tell("wait!").await;
    }
    client.send(INTERRUPT).await;
    client.ask("hello").await;
    let mut events = client.response().await;
    assert!(was_interrupted(&events), "{events:?}");
    events.extend(client.response().await);
    let logs = events.iter().filter(|event| event["type"] == "agent.log");
    let turns: Vec<_> = logs.map(|log| &log["payload"]["user_turns"]).collect();
    assert_eq!(turns, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_hundred_interrupts_are_as_one() {
    let server = Running::start().await;
    let mut client = talking(&server).await;
    for _ in 0..100 {
        client.send(INTERRUPT).await;
    }
    assert!(was_interrupted(&client.response().await));
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn an_interrupt_of_nothing_is_nothing() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send(INTERRUPT).await;
    assert_eq!(client.hear("hello").await, "You said: hello");
    client.send(INTERRUPT).await;
    assert_eq!(client.hear("hello again").await, "You said: hello again");
}

fn init(interruptible: bool) -> String {
    let mut init: Value = serde_json::from_str(INIT).unwrap();
    init["output_agent_settings"] = json!({"interruptible": interruptible, "voice": "alto"});
    init.to_string()
}

fn settings(interruptible: bool) -> String {
    let settings = json!({"interruptible": interruptible});
    json!({"type": "system.output_agent.update_settings", "settings": settings}).to_string()
}

#[tokio::test]
async fn a_session_may_begin_without_interrupts() {
    let server = Running::start().await;
    let mut client = Client::begin_with(server.address, &init(false)).await;
    client.ask("stream 50 1").await;
    client.send(INTERRUPT).await;
    client.ask("hello").await;
    let response = client.response().await;
    assert_eq!((response.len(), was_interrupted(&response)), (52, false));
    assert_eq!(text_of(&client.response().await), "You said: hello");
}

#[tokio::test]
async fn interrupts_may_be_allowed_and_forbidden_later() {
    let server = Running::start().await;
    let mut client = Client::begin_with(server.address, &init(false)).await;
    client.send(&settings(true)).await;
    client.ask(LONG).await;
    client.up_to("agent.llm.response.chunk").await;
    client.send(INTERRUPT).await;
    assert!(was_interrupted(&client.response().await));
    client.send(&settings(false)).await;
    client.ask("stream 50 1").await;
    client.send(INTERRUPT).await;
    let response = client.response().await;
    assert_eq!((response.len(), was_interrupted(&response)), (52, false));
}

#[tokio::test]
async fn settings_that_say_nothing_of_interrupts_change_nothing() {
    let server = Running::start().await;
    let mut client = Client::begin_with(server.address, &init(false)).await;
    client.send(r#"{"type":"system.output_agent.update_settings","settings":{"voice":"bass"}}"#).await;
    client.send(r#"{"type":"system.output_agent.update_settings","settings":{"interruptible":null}}"#).await;
    client.ask("stream 50 1").await;
    client.send(INTERRUPT).await;
    let response = client.response().await;
    assert_eq!((response.len(), was_interrupted(&response)), (52, false));
}

/// Stops what is said as soon as it is there, and when the user speaks.
#[derive(Default)]
struct Hasty;

#[node(crate = atoms_agent)]
impl Hasty {
    #[started]
    async fn start(&mut self, out: Emitter<AgentInterrupt>) {
        out.emit(AgentInterrupt).await;
    }

    #[handler]
    async fn stop(&mut self, _: &UserStartedSpeaking, out: Emitter<(AgentInterrupt, Speak)>) -> Log {
        out.emit(AgentInterrupt).await;
        out.emit(Speak { text: "Yes?".into() }).await;
        Log { name: "stopped".into(), payload: Default::default() }
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Impatient {
        Hasty,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_interrupt_by_the_agent_does_not_overtake_that_it_is_ready() {
    let server = Running::of(Impatient::graph()).await;
    for _ in 0..100 {
        let mut client = Client::begin(server.address).await;
        assert_eq!(client.next().await["type"], "agent.control.interrupt");
    }
}

#[tokio::test]
async fn what_an_agent_says_after_its_own_interrupt_is_said() {
    let server = Running::of(Impatient::graph()).await;
    let mut client = Client::begin(server.address).await;
    client.send(r#"{"type":"system.user.started_speaking"}"#).await;
    let events = client.up_to("agent.log").await;
    let interrupt = "agent.control.interrupt";
    assert_eq!(types(&events), [interrupt, interrupt, "agent.speak", "agent.log"]);
}
