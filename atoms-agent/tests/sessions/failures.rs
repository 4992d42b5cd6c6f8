//! What goes wrong in a node is told, and the session goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use atoms_agent::events::{Init, LlmRequest, Log, Object, TranscriptUpdate, UserJoined};
use atoms_agent::{Conversation, Graph, Outgoing, SessionEnd, Sessions, node};
use atoms_runtime::{Bus, Context, ExtractError, State};
use futures_util::{Stream, stream};
use serde_json::Value;

use crate::client::Client;

/// Fails as it is told to.
struct Fragile {
    handled: u32,
    made: u32,
}

type Made = Arc<AtomicU32>;

#[node(severity = "fatal", crate = atoms_agent)]
impl Fragile {
    #[factory]
    fn new(_: &Init, made: State<Made>) -> Self {
        Self { handled: 0, made: made.fetch_add(1, Ordering::SeqCst) + 1 }
    }

    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate) -> Result<Log, String> {
        self.handled += 1;
        match said.content.as_str() {
            "fail" => Err("it was told to".into()),
            "panic" => panic!("it was told to panic"),
            _ => {
                let payload = Object::new().with("handled", self.handled).with("made", self.made);
                Ok(Log { name: "fine".into(), payload })
            }
        }
    }
}

fn fragile() -> (Graph, Bus) {
    let graph = Graph::builder().node::<Fragile>().build().unwrap();
    (graph, Bus::builder().state(Made::default()).start().unwrap())
}

fn said(text: &str) -> String {
    serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": text}).to_string()
}

/// The message is this, with an id, and nothing else.
fn assert_category(error: &Value, category: &str) {
    assert_eq!(error["type"], "agent.error");
    let message = error["message"].as_str().unwrap();
    let id = message.strip_prefix(category).and_then(|rest| rest.strip_prefix(" (error ")?.strip_suffix(')'));
    let is_id = |id: &str| id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    assert!(id.is_some_and(is_id), "{message}");
}

#[tokio::test]
async fn after_an_error_a_node_goes_on_with_its_state() {
    let (graph, bus) = fragile();
    let mut client = Client::begin(&Sessions::builder(graph).start(&bus).unwrap()).await;
    client.send(&said("fail")).await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()));
    assert_category(&error, "a node failed");
    client.send(&said("go on")).await;
    assert_eq!(client.next().await["payload"], serde_json::json!({"handled": 2, "made": 1}));
}

#[tokio::test]
async fn after_a_panic_a_node_is_made_anew() {
    let (graph, bus) = fragile();
    let mut client = Client::begin(&Sessions::builder(graph).start(&bus).unwrap()).await;
    client.send(&said("panic")).await;
    assert_category(&client.next().await, "a node failed");
    client.send(&said("go on")).await;
    assert_eq!(client.next().await["payload"], serde_json::json!({"handled": 1, "made": 2}));
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
}

#[tokio::test]
async fn a_node_that_needs_a_state_does_not_start_without() {
    let (graph, _) = fragile();
    let error = Sessions::builder(graph).start(&Bus::start().unwrap()).unwrap_err().to_string();
    for words in ["failures::Fragile` cannot run", "add `.state(...)`"] {
        assert!(error.contains(words), "{error}");
    }
}

/// The first event of a client with a variable.
fn with_plan(plan: &str) -> String {
    let context = serde_json::json!({"initial_variables": {"plan": plan}, "conversation_type": "chat"});
    serde_json::json!({"type": "system.init", "version": "1", "session_context": context}).to_string()
}

/// Cannot be made for everybody.
struct Picky;

#[node(crate = atoms_agent)]
impl Picky {
    #[factory]
    async fn new(init: &Init) -> Result<Self, String> {
        match init.session_context.initial_variables.get::<String>("plan").as_deref() {
            Some("none") => Err("there is no plan".into()),
            _ => Ok(Self),
        }
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Log {
        Log { name: "made".into(), payload: Object::new() }
    }
}

#[tokio::test]
async fn a_node_that_cannot_be_made_ends_the_session() {
    let graph = Graph::builder().node::<Picky>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&Bus::start().unwrap()).unwrap();
    let mut client = Client::connect(&sessions);
    client.send(&with_plan("none")).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    let error = client.next().await;
    assert_category(&error, "a node could not be made");
    assert_eq!(error["severity"], "fatal");
    let end = SessionEnd::Failed(error["message"].as_str().unwrap().into());
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(end.clone())));
    assert_eq!(end.close_code(), 1011);
    assert_eq!(client.leave_last().await, end);
}

/// Answers, and then does not.
#[derive(Default)]
struct Breaks;

#[node(output, crate = atoms_agent)]
impl Breaks {
    #[respond]
    fn respond(
        &mut self,
        _: &LlmRequest,
        said: Conversation,
    ) -> Result<impl Stream<Item = Result<&'static str, &'static str>> + use<>, ExtractError> {
        let panics = match said.last_user_text() {
            Some("at once") => return Err(ExtractError::new("not at all")),
            Some("panic") => true,
            _ => false,
        };
        Ok(stream::iter([Ok("one "), Err("boom"), Ok("never")]).map_panicking(panics))
    }
}

trait MapPanicking: Stream + Sized {
    fn map_panicking(self, panics: bool) -> impl Stream<Item = Self::Item> {
        use futures_util::StreamExt;
        self.map(move |item| {
            assert!(!panics, "in the middle");
            item
        })
    }
}

impl<S: Stream> MapPanicking for S {}

#[tokio::test]
async fn a_response_that_fails_is_told_of_once_and_ended() {
    let mut client = Client::of(Graph::builder().node::<Breaks>().build().unwrap()).await;
    client.say("at once").await;
    // There was no stream, so no response has begun.
    assert_category(&client.next().await, "a response failed");
    for (text, count) in [("x", 4), ("panic", 3)] {
        client.say(text).await;
        let events = client.response().await;
        assert_eq!(events.len(), count, "{events:?}");
        let error = &events[count - 2];
        assert_category(error, "a response failed");
        assert!(count < 4 || events[1]["text"] == "one ", "{events:?}");
        assert_eq!(error["severity"], "fatal");
        assert!(events[count - 1].get("interrupted").is_none());
    }
}

#[derive(Default)]
struct Asks;

#[node(crate = atoms_agent)]
impl Asks {
    #[handler]
    fn joined(&mut self, _: &UserJoined, context: Context) -> Log {
        Log { name: context.handler().path().to_owned(), payload: Object::new() }
    }
}

#[tokio::test]
async fn a_handler_of_a_node_knows_who_it_is() {
    let mut client = Client::of(Graph::builder().node::<Asks>().build().unwrap()).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["name"], "sessions::failures::Asks::joined");
}

/// Panics when it is dropped.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0 || std::thread::panicking(), "it went off");
    }
}

#[derive(Default)]
struct Careless;

#[node(crate = atoms_agent)]
impl Careless {
    #[handler]
    async fn request(&mut self, _: &LlmRequest) {
        let _bomb = Bomb(true);
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_panic_outside_of_the_handlers_ends_the_session_and_says_so() {
    let mut client = Client::of(Graph::builder().node::<Careless>().build().unwrap()).await;
    client.send(r#"{"type":"system.llm.request"}"#).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    client.send(r#"{"type":"system.control.interrupt"}"#).await;
    let error = client.next().await;
    assert_eq!(error["severity"], "fatal");
    assert_category(&error, "a node cannot go on");
    assert!(matches!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::Failed(_)))));
    assert!(matches!(client.leave_last().await, SessionEnd::Failed(_)));
}

#[tokio::test]
async fn a_panic_before_the_session_is_told_too() {
    let graph = Graph::builder().node::<Asks>().build().unwrap();
    let sessions = Sessions::builder(graph).actor_ids(|_| -> [String; 1] { panic!("who is it?") });
    let mut client = Client::connect(&sessions.start(&Bus::start().unwrap()).unwrap());
    client.send(crate::client::INIT).await;
    assert_category(&client.next().await, "the participants of the session could not be found");
    assert!(matches!(client.leave_last().await, SessionEnd::Failed(_)));
}

/// Tells its client what went wrong.
struct Open;

#[node(output, expose_errors, crate = atoms_agent)]
impl Open {
    #[factory]
    fn new(init: &Init) -> Result<Self, String> {
        match init.session_context.initial_variables.get::<String>("plan") {
            Some(plan) => Err(format!("there is no plan `{plan}`")),
            None => Ok(Self),
        }
    }

    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate) -> Result<(), String> {
        assert_ne!(said.content, "panic", "this is for the log");
        Err(format!("`{}` is not understood", said.content))
    }

    #[respond]
    fn respond(&mut self, _: &LlmRequest) -> impl Stream<Item = Result<String, &'static str>> + use<> {
        stream::iter([Err("the model is busy")])
    }
}

#[tokio::test]
async fn a_node_that_exposes_its_errors_tells_the_client_their_texts() {
    let graph = || Graph::builder().node::<Open>().build().unwrap();
    let mut client = Client::of(graph()).await;
    client.send(&said("eh")).await;
    let error = client.next().await;
    assert!(error["message"].as_str().unwrap().starts_with("a node failed: `eh` is not understood (error "));
    client.send(&said("panic")).await;
    assert_category(&client.next().await, "a node failed");
    client.send(r#"{"type":"system.llm.request"}"#).await;
    let message = client.response().await[1]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("a response failed: the model is busy (error "), "{message}");
    let mut client = Client::connect(&Sessions::builder(graph()).start(&Bus::start().unwrap()).unwrap());
    client.send(&with_plan("b")).await;
    client.next().await;
    let message = client.next().await["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("a node could not be made: there is no plan `b` (error "), "{message}");
    assert_eq!(client.leave_last().await, SessionEnd::Failed(message));
}
