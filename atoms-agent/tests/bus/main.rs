//! The events of sessions on the bus, and those of the bus in sessions.

#[path = "../client/mod.rs"]
mod client;

use std::sync::{Arc, Mutex};

use atoms_agent::events::{Init, LlmRequest, Log, Object, Speak, TranscriptUpdate, UserJoined};
use atoms_agent::{Conversation, Graph, Session, SessionError, Sessions, ToSessions, node};
use atoms_runtime::{AnyEvent, Bus, Context, Envelope, State, event, handler};

use client::{Client, INIT};

/// What handlers of the bus send into sessions.
#[event(type = "test.bus.restocked", from(bus), crate = atoms_runtime)]
struct Restocked {
    item: String,
}

/// What a node tells handlers of the bus.
#[event(type = "test.bus.wanted", to(bus), crate = atoms_runtime)]
struct Wanted {
    item: String,
}

#[derive(Default)]
struct Clerk;

#[node(crate = atoms_agent)]
impl Clerk {
    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate) -> Wanted {
        Wanted { item: said.content.clone() }
    }

    #[handler]
    fn restocked(&mut self, news: &Restocked) -> Speak {
        Speak { text: format!("{} is back", news.item) }
    }

    #[handler]
    async fn joined(&mut self, _: &UserJoined, context: Context) {
        // In a handler of a session, its own conversation is where things go.
        drop(context.bus().emit(Log { name: "hello".into(), payload: Object::new() }).await);
    }
}

type Seen = Arc<Mutex<Vec<(String, String)>>>;

#[handler(crate = atoms_runtime)]
async fn announce(wanted: &Wanted, context: Context) {
    if wanted.item == "to all" {
        let news = Speak { text: format!("{} is for everybody", wanted.item) };
        drop(context.bus().emit(news).global().await);
    }
}

#[handler(crate = atoms_runtime)]
fn supply(wanted: &Envelope<Wanted>, session: Session, seen: State<Seen>) -> Option<Restocked> {
    assert_eq!(wanted.metadata().session_id(), Some(session.id()));
    seen.lock().unwrap().push((session.id().to_owned(), wanted.item.clone()));
    (wanted.item == "nails").then(|| Restocked { item: wanted.item.clone() })
}

struct World {
    bus: Bus,
    seen: Seen,
    sessions: Sessions,
}

fn world() -> World {
    let seen = Seen::default();
    let bus = Bus::builder().without::<listeners::hears>().state(Arc::clone(&seen)).start().unwrap();
    World { sessions: agent(&bus), bus, seen }
}

fn agent(bus: &Bus) -> Sessions {
    let graph = Graph::builder().node::<Clerk>().build().unwrap();
    let sessions = Sessions::builder(graph)
        .actor_ids(|init| init.session_context.initial_variables.get::<String>("actor"));
    sessions.start(bus).unwrap()
}

impl World {
    async fn client(&self, actor: &str) -> (Client, Session) {
        let mut client = Client::connect(&self.sessions);
        let before: Vec<_> = self.sessions.list();
        client.send(&INIT.replace("{}", &format!(r#"{{"actor":"{actor}"}}"#))).await;
        client.next().await;
        let session = self.sessions.list().into_iter().find(|session| !before.contains(session)).unwrap();
        assert_eq!(session.actor_ids(), [actor]);
        (client, session)
    }
}

#[test]
fn a_bus_that_does_not_know_the_events_is_none_for_a_graph() {
    let graph = Graph::builder().node::<Clerk>().build().unwrap();
    let bus = Bus::builder().without_discovery().event::<Init>().start().unwrap();
    let error = Sessions::builder(graph).start(&bus).unwrap_err().to_string();
    for name in ["agent.transcript.update", "test.bus.restocked", "system.user.joined"] {
        assert!(error.contains(&format!("the bus does not know `{name}`")), "{error}");
    }
    assert!(!error.contains("system.init"));
}

async fn says(client: &mut Client) -> String {
    client.next().await["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_bus_sees_the_events_of_all_sessions_and_answers_in_the_right_one() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    let (mut two, second) = world.client("two").await;
    two.say("nails").await;
    assert_eq!(says(&mut two).await, "nails is back");
    one.say("screws").await;
    one.say("nails").await;
    assert_eq!(says(&mut one).await, "nails is back");
    let mut seen = world.seen.lock().unwrap().clone();
    let mut expected = vec![
        (second.id().to_owned(), "nails".to_owned()),
        (first.id().to_owned(), "screws".to_owned()),
        (first.id().to_owned(), "nails".to_owned()),
    ];
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

fn restocked(item: &str) -> Restocked {
    Restocked { item: item.into() }
}

#[tokio::test]
async fn an_event_goes_to_one_session_to_some_or_to_all() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    let (mut two, _) = world.client("two").await;
    let sent = world.bus.emit(restocked("a")).to(&first).await;
    assert_eq!(sent.sessions, [(first.id().to_owned(), Ok(()))]);
    assert_eq!(world.bus.emit(restocked("b")).to_actors(["two", "three"]).await.sessions.len(), 1);
    assert_eq!(world.bus.emit(restocked("c")).global().await.sessions.len(), 2);
    // Without an address, and outside of a session, it stays on the bus.
    assert!(world.bus.emit(restocked("d")).await.is_unhandled());
    world.bus.emit(restocked("e")).global().await;
    for item in ["a", "c", "e"] {
        assert_eq!(says(&mut one).await, format!("{item} is back"));
    }
    for item in ["b", "c", "e"] {
        assert_eq!(says(&mut two).await, format!("{item} is back"));
    }
    one.leave().await;
    let sent = world.bus.emit(restocked("late")).to(&first).await;
    assert_eq!(sent.sessions, [(first.id().to_owned(), Err(SessionError::Ended))]);
    assert_eq!(first.emit(restocked("late")), Err(SessionError::Ended));
}

#[tokio::test]
async fn an_event_goes_to_the_sessions_of_all_agents_on_its_bus() {
    let mut world = world();
    let (mut one, _) = world.client("one").await;
    drop(agent(&world.bus));
    let first = std::mem::replace(&mut world.sessions, agent(&world.bus));
    let (mut two, _) = world.client("two").await;
    assert_eq!((first.list().len(), world.sessions.list().len()), (1, 1));
    assert_eq!(world.bus.emit(restocked("a")).global().await.sessions.len(), 2);
    assert_eq!(world.bus.emit(restocked("b")).to_actors(["one"]).await.sessions.len(), 1);
    for item in ["a", "b"] {
        assert_eq!(says(&mut one).await, format!("{item} is back"));
    }
    assert_eq!(says(&mut two).await, "a is back");
}

#[tokio::test]
async fn in_a_handler_of_a_node_the_own_conversation_is_meant() {
    let world = world();
    let (mut one, _) = world.client("one").await;
    let (mut two, second) = world.client("two").await;
    two.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(two.next().await["name"], "hello");
    second.emit(restocked("x")).unwrap();
    assert_eq!(says(&mut two).await, "x is back");
    one.say("nails").await;
    assert_eq!(says(&mut one).await, "nails is back");
}

#[tokio::test]
async fn a_session_that_has_too_much_to_do_says_so() {
    let world = world();
    let (client, session) = world.client("one").await;
    // The client reads nothing, so that everything stays where it is.
    let refused = (0..10_000).map(|_| session.emit(restocked("x"))).filter(Result::is_err).count();
    assert!(refused > 8_000, "{refused}");
    assert_eq!(session.emit(restocked("x")), Err(SessionError::Full));
    client.leave_last().await;
}

#[tokio::test]
async fn a_client_cannot_speak_for_another() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    let (mut two, second) = world.client("two").await;
    for (kind, source) in [("agent.transcript.update", "x"), ("system.user.joined", "atoms.session")] {
        let forged = serde_json::json!({
            "type": kind, "role": "user", "content": "nails",
            "metadata": {"session_id": first.id(), "source": source},
        });
        two.send(&forged.to_string()).await;
    }
    // What follows from both goes to the one who said it.
    let mut answers =
        [two.next().await, two.next().await].map(|event| event["type"].as_str().unwrap().to_owned());
    answers.sort();
    assert_eq!(answers, ["agent.log", "agent.speak"]);
    assert_eq!(world.seen.lock().unwrap()[0].0, second.id());
    one.send("{").await;
    assert_eq!(one.next().await["type"], "agent.error");
}

#[tokio::test]
async fn what_a_session_is_sent_tells_nothing_of_another() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    let (mut two, _) = world.client("two").await;
    // Its answer goes to all, and not only to the one who has asked.
    one.say("to all").await;
    for client in [&mut one, &mut two] {
        let news = client.next().await;
        assert_eq!(news["text"], "to all is for everybody");
        assert!(!news.to_string().contains(first.id()), "{news}");
        assert!(news.get("metadata").is_none_or(|metadata| metadata.get("causation_id").is_none()), "{news}");
    }
}

#[tokio::test]
async fn a_client_cannot_begin_as_another() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    let mut forged: serde_json::Value = serde_json::from_str(INIT).unwrap();
    forged["metadata"] = serde_json::json!({"session_id": first.id()});
    let mut two = Client::connect(&world.sessions);
    two.send(&forged.to_string()).await;
    assert_eq!(two.next().await["type"], "agent.ready");
    two.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(two.next().await["name"], "hello");
    one.send("{").await;
    assert_eq!(one.next().await["type"], "agent.error");
}

#[tokio::test]
async fn what_the_bus_refuses_goes_nowhere() {
    let world = world();
    let (mut one, first) = world.client("one").await;
    world.bus.shutdown(std::time::Duration::from_secs(5)).await.unwrap();
    let sent = world.bus.emit(restocked("late")).to(&first).await;
    assert!(sent.receipt.refusal().is_some() && sent.sessions.is_empty(), "{sent:?}");
    one.send("{").await;
    assert_eq!(one.next().await["type"], "agent.error");
}

#[tokio::test]
async fn what_may_not_go_into_sessions_says_so() {
    let world = world();
    let (_one, first) = world.client("one").await;
    let sent = world.bus.emit(Wanted { item: "x".into() }).to(&first).await;
    assert_eq!(sent.sessions, [(first.id().to_owned(), Err(SessionError::StaysOnTheBus))]);
}

/// No output node, and so without a conversation.
mod listeners {
    use super::*;

    #[handler(crate = atoms_runtime)]
    pub(super) fn hears(_: &TranscriptUpdate, _: Conversation) {}

    #[handler(crate = atoms_runtime)]
    pub(super) fn may_hear(_: &TranscriptUpdate, said: Option<Conversation>) {
        assert!(said.is_none());
    }

    #[handler(crate = atoms_runtime)]
    pub(super) fn sees_all(_: &AnyEvent, _: Option<Conversation>) {}

    /// A request may have its own messages.
    #[handler(crate = atoms_runtime)]
    pub(super) fn is_asked(_: &LlmRequest, said: Conversation) {
        assert_eq!(said.last_user_text(), Some("hello"));
    }
}

#[tokio::test]
async fn a_handler_on_the_bus_that_takes_a_conversation_does_not_start() {
    let builder = || Bus::builder().without_discovery();
    let error = builder().handler::<listeners::hears>().start().unwrap_err().to_string();
    for words in [
        "listeners::hears",
        "a handler on the bus has no `Conversation`",
        "take it in a node with `#[node(output)]`",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let builder = builder().handler::<listeners::may_hear>().handler::<listeners::sees_all>();
    let bus = builder.handler::<listeners::is_asked>().start().unwrap();
    let message = Object::new().with("role", "user").with("content", "hello");
    let request = LlmRequest { messages: Some(vec![message]), extra_params: Object::new() };
    bus.emit(request).await.into_result().unwrap();
    let said = TranscriptUpdate { role: atoms_agent::events::Role::User, content: "hello".into() };
    bus.emit(said).await.into_result().unwrap();
}
