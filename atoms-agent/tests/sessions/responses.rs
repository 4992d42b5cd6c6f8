//! What is answered, and when nothing is said.

use std::time::Duration;

use atoms_agent::events::{LlmRequest, Log, Object, TranscriptUpdate, UserJoined, UserStartedSpeaking};
use atoms_agent::{Conversation, Graph, Session, SessionError, node};
use atoms_runtime::{Envelope, event, event_set};
use futures_util::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::client::{Client, text, types};

const JOINED: &str = r#"{"type":"system.user.joined"}"#;
const REQUEST: &str = r#"{"type":"system.llm.request","id":"r-1"}"#;
const INTERRUPT: &str = r#"{"type":"system.control.interrupt"}"#;
const SPEAKING: &str = r#"{"type":"system.user.started_speaking"}"#;

/// The router knows what it is about.
#[event(type = "test.responses.sorted", crate = atoms_runtime)]
struct Sorted;

/// Sales has to answer.
#[event(type = "test.responses.sales_turn", crate = atoms_runtime)]
struct SalesTurn;

#[derive(Default)]
struct Router;

#[node(crate = atoms_agent)]
impl Router {
    #[handler]
    fn sort(&mut self, _: LlmRequest) -> Sorted {
        Sorted
    }
}

#[derive(Default)]
struct Assigner;

#[node(crate = atoms_agent)]
impl Assigner {
    #[handler]
    fn assign(&mut self, _: Sorted) -> SalesTurn {
        SalesTurn
    }
}

#[derive(Default)]
struct Sales;

#[node(output, crate = atoms_agent)]
impl Sales {
    #[respond]
    fn sell(&mut self, _: SalesTurn, said: Conversation) -> impl Stream<Item = String> + use<> {
        stream::iter([format!("nails for {}", said.last_user_text().unwrap_or_default())])
    }

    #[respond(pass_on)]
    fn greet(&mut self, _: &UserJoined) -> impl Stream<Item = &'static str> + use<> {
        stream::iter(["good ", "day"])
    }
}

#[tokio::test]
async fn a_response_to_what_follows_from_a_request_has_the_id_of_the_request() {
    let graph = Graph::builder().edge::<Router, Assigner>().edge::<Assigner, Sales>().build().unwrap();
    let mut client = Client::of(graph).await;
    for id in ["r-1", "r-2"] {
        client.send(r#"{"type":"agent.transcript.update","role":"user","content":"ann"}"#).await;
        client.send(&REQUEST.replace("r-1", id)).await;
        let events = client.response().await;
        assert_eq!((&events[0]["request_id"], text(&events).as_str()), (&id.into(), "nails for ann"));
        // Nobody has asked for this one.
        client.send(JOINED).await;
        let events = client.response().await;
        assert_eq!((&events[0]["request_id"], text(&events).as_str()), (&().into(), "good day"));
    }
}

/// Sees what passes.
#[derive(Default)]
struct Analytics;

#[node(crate = atoms_agent)]
impl Analytics {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Log {
        Log { name: "joined".into(), payload: Object::new() }
    }

    #[handler]
    fn request(&mut self, request: &Envelope<LlmRequest>) -> Log {
        Log { name: request.id().to_string(), payload: Object::new() }
    }
}

#[event_set(crate = atoms_runtime)]
enum Asked {
    Heard(TranscriptUpdate),
    Requested(LlmRequest),
}

#[derive(Default)]
struct Talker {
    heard: Option<String>,
}

#[node(output, crate = atoms_agent)]
impl Talker {
    #[respond(pass_on)]
    async fn talk(&mut self, asked: &Asked) -> Result<Option<BoxStream<'static, String>>, String> {
        match asked {
            Asked::Heard(said) => self.heard = Some(said.content.clone()),
            Asked::Requested(_) => match self.heard.as_deref() {
                Some("mute") => {}
                Some("fail") => return Err("not at all".into()),
                said => return Ok(Some(stream::iter([said.unwrap_or("hm").to_owned()]).boxed())),
            },
        }
        Ok(None)
    }
}

fn talker() -> Graph {
    Graph::builder().edge::<Talker, Analytics>().build().unwrap()
}

async fn ask(client: &mut Client, said: &str) {
    client.send(&format!(r#"{{"type":"agent.transcript.update","role":"user","content":"{said}"}}"#)).await;
    client.send(REQUEST).await;
}

#[tokio::test]
async fn a_request_that_is_passed_on_is_seen_behind_and_answered_all_the_same() {
    let mut client = Client::of(talker()).await;
    ask(&mut client, "hi").await;
    // It passes on before it is answered.
    assert_eq!(client.next().await["name"], "r-1");
    let events = client.response().await;
    assert_eq!((&events[0]["request_id"], text(&events).as_str()), (&"r-1".into(), "hi"));
}

#[tokio::test]
async fn who_returns_no_stream_says_nothing_at_all() {
    let mut client = Client::of(talker()).await;
    ask(&mut client, "mute").await;
    client.send(JOINED).await;
    // What the client gets of the request is what the other node logs.
    assert_eq!(client.next().await["name"], "r-1");
    assert_eq!(client.next().await["name"], "joined");
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_is_told_without_a_response() {
    let mut client = Client::of(talker()).await;
    ask(&mut client, "fail").await;
    client.send(JOINED).await;
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(client.next().await);
    }
    let error = events.iter().find(|event| event["type"] == "agent.error").unwrap();
    assert_eq!(error["severity"], "fatal");
    assert!(error["message"].as_str().unwrap().starts_with("a response failed (error "), "{error}");
    assert_eq!(types(&events).iter().filter(|it| **it == "agent.log").count(), 2, "{events:?}");
}

/// Goes on for as long as it may.
#[derive(Default)]
struct Endless;

#[node(output, crate = atoms_agent)]
impl Endless {
    #[respond]
    fn talk(&mut self, _: &UserJoined) -> impl Stream<Item = String> + use<> {
        stream::repeat("la ".to_owned()).then(async |la| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            la
        })
    }

    #[handler]
    fn speaking(&mut self, _: &UserStartedSpeaking) -> Log {
        Log { name: "speaking".into(), payload: Object::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_a_response_whatever_it_answers() {
    let mut client = Client::of(Graph::builder().node::<Endless>().build().unwrap()).await;
    // The event itself survives interrupts, and the second one waits when the turn is interrupted.
    client.send(JOINED).await;
    client.send(JOINED).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    client.send(INTERRUPT).await;
    client.send(SPEAKING).await;
    let events = client.response().await;
    assert_eq!(events.last().unwrap()["interrupted"], true);
    assert_eq!(client.next().await["name"], "speaking");
}

/// What was looked up beside the conversation.
#[event(type = "test.responses.found", from(bus), crate = atoms_runtime)]
struct Found {
    what: String,
}

/// Looks things up, and answers when it has them.
#[derive(Default)]
struct Finder;

#[node(output, crate = atoms_agent)]
impl Finder {
    #[handler]
    fn ask(&mut self, request: LlmRequest, session: Session) -> Result<(), SessionError> {
        let what: String = request.extra_params.get("what").unwrap_or_default();
        if what == "at once" {
            return session.emit(Found { what });
        }
        session.spawn(async move {
            tokio::time::sleep(Duration::from_millis(what.len() as u64)).await;
            Found { what }
        })
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, session: Session) -> Result<(), SessionError> {
        session.spawn(async { Found { what: "by itself".into() } })
    }

    #[respond]
    fn tell(&mut self, found: Found) -> impl Stream<Item = String> + use<> {
        stream::iter([found.what])
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_to_what_comes_of_spawned_work_has_the_id_of_the_request() {
    let mut client = Client::of(Graph::builder().node::<Finder>().build().unwrap()).await;
    // Their work ends in another order.
    for what in ["the longest one", "a long one", "short", "at once"] {
        let extra = serde_json::json!({"what": what});
        let request = serde_json::json!({"type": "system.llm.request", "id": what, "extra_params": extra});
        client.send(&request.to_string()).await;
    }
    for what in ["at once", "short", "a long one", "the longest one"] {
        let events = client.response().await;
        assert_eq!((&events[0]["request_id"], text(&events).as_str()), (&what.into(), what));
    }
    client.send(JOINED).await;
    let events = client.response().await;
    assert_eq!((&events[0]["request_id"], text(&events).as_str()), (&().into(), "by itself"));
    client.leave_last().await;
}

#[tokio::test]
async fn an_error_of_a_frame_says_which_one_it_was() {
    let mut client = Client::of(Graph::builder().node::<Finder>().build().unwrap()).await;
    for frame in ["{", JOINED, r#"{"type":"agent.ready"}"#, crate::client::INIT] {
        client.send(frame).await;
    }
    let mut frames = Vec::new();
    while frames.len() < 3 {
        let event = client.next().await;
        if event["type"] == "agent.error" {
            frames.push(event["payload"]["frame"].clone());
        }
    }
    assert_eq!(frames, [2, 4, 5]);
    client.leave_last().await;
}
