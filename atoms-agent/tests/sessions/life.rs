//! How sessions begin and end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms_agent::events::{
    EndCall, Init, LlmRequest, Log, Object, TransferCall, TransferKind, TransferOptions, UserJoined,
};
use atoms_agent::{Conversation, Graph, Outgoing, Session, SessionEnd, Sessions, node};
use atoms_runtime::{Bus, Emitter, State};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::client::{Client, INIT, bus, types};

type Story = Arc<Mutex<Vec<String>>>;

/// Tells of its life.
struct Biographer {
    name: String,
}

#[node(crate = atoms_agent)]
impl Biographer {
    #[factory]
    fn new(init: &Init) -> Self {
        let name = init.session_context.initial_variables.get("name");
        Self { name: name.unwrap_or_else(|| "nobody".into()) }
    }

    #[started]
    async fn started(&mut self, story: State<Story>, session: Session) -> Log {
        story.lock().unwrap().push(format!("{} started", self.name));
        Log { name: session.id().to_owned(), payload: Object::new() }
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, session: Session) {
        session.end();
    }

    #[stopped]
    async fn stopped(&self, story: State<Story>, _: Session) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        story.lock().unwrap().push(format!("{} stopped", self.name));
    }
}

fn biography() -> (Story, Sessions) {
    let story = Story::default();
    let bus = Bus::builder().state(Arc::clone(&story)).start().unwrap();
    let graph = Graph::builder().node::<Biographer>().build().unwrap();
    (story, Sessions::builder(graph).start(&bus).unwrap())
}

#[tokio::test]
async fn nodes_are_told_when_they_start_and_stop() {
    let (story, sessions) = biography();
    let mut client = Client::connect(&sessions);
    client.send(r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{"name":"Ada"},"conversation_type":"chat"}}"#).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    let id = client.next().await["name"].as_str().unwrap().to_owned();
    assert_eq!(sessions.list().len(), 1);
    assert_eq!(sessions.get(&id).unwrap().id(), id);
    assert_eq!(sessions.counts().tasks, 1);
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::ByAgent)));
    assert_eq!(client.leave_last().await, SessionEnd::ByAgent);
    assert!(sessions.get(&id).is_none() && sessions.list().is_empty());
    assert_eq!(*story.lock().unwrap(), ["Ada started", "Ada stopped"]);
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_nothing() {
    let (story, sessions) = biography();
    let mut client = Client::connect(&sessions);
    client.send(INIT).await;
    client.next().await;
    client.next().await;
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
    assert_eq!(*story.lock().unwrap(), ["nobody started", "nobody stopped"]);
    assert_eq!(sessions.counts().started, 1);
}

async fn turned_away(first: Option<&str>) -> (String, SessionEnd) {
    let (_, sessions) = biography();
    let mut client = Client::connect(&sessions);
    if let Some(frame) = first {
        client.send(frame).await;
    }
    let Some(Outgoing::Frame(frame)) = client.next_outgoing_in(Duration::from_secs(60)).await else {
        panic!("no frame")
    };
    let error: serde_json::Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()));
    let Some(Outgoing::Close(end)) = client.next_outgoing().await else { panic!("no close") };
    assert_eq!(end.close_code(), 1008);
    assert_eq!(client.leave_last().await, end);
    (error["message"].as_str().unwrap().to_owned(), end)
}

#[tokio::test(start_paused = true)]
async fn without_an_init_there_is_no_session() {
    let began = tokio::time::Instant::now();
    let (message, _) = turned_away(None).await;
    assert_eq!(message, "the session did not begin: no `system.init` within 10s");
    assert_eq!(began.elapsed().as_secs(), 10);
    let (message, _) = turned_away(Some(r#"{"type":"system.user.joined"}"#)).await;
    assert!(message.ends_with("must be `system.init`, and not `system.user.joined`"), "{message}");
    let (message, _) = turned_away(Some("{")).await;
    assert!(message.contains("the first event must be `system.init`: "), "{message}");
    let (message, _) = turned_away(Some(r#"{"type":"system.init","session_context":{}}"#)).await;
    assert!(
        message.starts_with("the session did not begin: bad `system.init`: missing field `"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_sent_away_in_the_end() {
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let mut client = Client::with(Sessions::builder(graph).idle_timeout(Duration::from_secs(5))).await;
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::Idle)));
}

/// Ends calls in two ways, and hangs otherwise.
#[derive(Default)]
struct Hangs;

#[node(output, crate = atoms_agent)]
impl Hangs {
    #[respond]
    async fn respond(
        &mut self,
        _: &LlmRequest,
        said: Conversation,
        out: Emitter<(EndCall, TransferCall)>,
    ) -> BoxStream<'static, String> {
        match said.last_user_text() {
            Some("bye") => drop(out.emit(EndCall).await),
            Some("transfer") => drop(out.emit(transfer()).await),
            Some("slow") => {
                return stream::iter(["a", "b"])
                    .then(async |text| {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        text.to_owned()
                    })
                    .boxed();
            }
            _ => std::future::pending().await,
        }
        stream::empty().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_end_of_the_call_the_session_ends_and_answers_no_more() {
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let mut client = Client::with(Sessions::builder(graph).grace(Duration::from_secs(2))).await;
    client.say("bye").await;
    let events = client.response().await;
    assert_eq!(types(&events), ["agent.llm.response.start", "agent.end_call", "agent.llm.response.end"]);
    client.say("slow").await;
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::ByAgent)));
    assert_eq!(client.leave_last().await, SessionEnd::ByAgent);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_have_any_time_to_close_after_the_end_of_the_call() {
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let mut client = Client::with(Sessions::builder(graph).grace(Duration::MAX)).await;
    client.say("bye").await;
    assert_eq!(types(&client.response().await)[1], "agent.end_call");
    assert!(timeout(Duration::from_secs(600), client.next_outgoing_in(Duration::MAX)).await.is_err());
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
}

fn transfer() -> TransferCall {
    let transfer_options = TransferOptions {
        kind: TransferKind::ColdTransfer,
        private_handoff_option: None,
        public_handoff_option: None,
    };
    TransferCall { transfer_call_number: "+1".into(), transfer_options, on_hold_music: None }
}

#[tokio::test(start_paused = true)]
async fn who_has_handed_a_call_over_answers_no_more() {
    let mut client = Client::of(Graph::builder().node::<Hangs>().build().unwrap()).await;
    client.say("transfer").await;
    let events = client.response().await;
    assert_eq!(types(&events)[1], "agent.transfer_call");
    client.say("slow").await;
    // The session goes on, in silence.
    client.send("{").await;
    assert_eq!(client.next().await["type"], "agent.error");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_what_is_under_way_end() {
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let mut client = Client::of(graph).await;
    client.say("slow").await;
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
    let sessions = client.sessions.clone();
    let shutdown = tokio::spawn(async move { sessions.shutdown(Duration::from_secs(5)).await });
    let events = client.response().await;
    assert_eq!(types(&events).len(), 3);
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::Shutdown)));
    assert_eq!(client.leave_last().await, SessionEnd::Shutdown);
    assert_eq!(shutdown.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_ever() {
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let mut client = Client::of(graph).await;
    client.say("hang").await;
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
    let began = tokio::time::Instant::now();
    assert_eq!(client.sessions.shutdown(Duration::from_secs(60)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(30));
    let graph = Graph::builder().node::<Hangs>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus()).unwrap();
    sessions.shutdown(Duration::ZERO).await;
    let mut late = Client::connect(&sessions);
    assert_eq!(late.next().await["type"], "agent.error");
    assert_eq!(late.next_outgoing().await, Some(Outgoing::Close(SessionEnd::Shutdown)));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_may_not_send_is_refused() {
    let mut client = Client::of(Graph::builder().node::<Hangs>().build().unwrap()).await;
    for (frame, words) in [
        (r#"{"type":"agent.speak","text":"x"}"#, "a client may not send `agent.speak`"),
        (INIT, "a second `system.init`"),
        ("{", "cannot decode"),
        (r#"{"type":"agent.transcript.update","role":"user"}"#, "missing field `content`"),
    ] {
        client.send(frame).await;
        let error = client.next().await;
        assert_eq!(error["severity"], "warning");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    client.say("bye").await;
    client.response().await;
    assert_eq!(client.sessions.counts().refused, 4);
}

/// Hangs up before anybody answers.
#[derive(Default)]
struct HangsUp;

#[node(crate = atoms_agent)]
impl HangsUp {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> EndCall {
        EndCall
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_when_another_node_has_hung_up() {
    let graph = Graph::builder().edge::<HangsUp, Hangs>().build().unwrap();
    let mut client = Client::with(Sessions::builder(graph).grace(Duration::from_secs(5))).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["type"], "agent.end_call");
    client.say("slow").await;
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::ByAgent)));
}

/// Opens for as many handlers as it has permits.
type Gate = Arc<Semaphore>;

/// Has a hook before its handlers.
#[derive(Default)]
struct Porter;

#[node(crate = atoms_agent)]
impl Porter {
    #[started]
    fn started(&mut self) {}

    #[handler]
    fn joined(&mut self, _: &UserJoined) {}

    #[handler]
    async fn requested(&mut self, _: &LlmRequest, gate: State<Gate>) -> Log {
        gate.acquire().await.unwrap().forget();
        Log { name: "let in".into(), payload: Object::new() }
    }
}

#[tokio::test]
async fn the_handlers_that_run_are_told_by_their_names_until_they_are_done() {
    let gate = Gate::new(Semaphore::new(0));
    let bus = Bus::builder().state(Arc::clone(&gate)).start().unwrap();
    let sessions = Sessions::builder(Graph::builder().node::<Porter>().build().unwrap()).start(&bus).unwrap();
    let mut client = Client::begin(&sessions).await;
    assert_eq!(sessions.running(), []);
    client.send(r#"{"type":"system.llm.request","messages":null}"#).await;
    let running = loop {
        match &*sessions.running() {
            [running] => break running.clone(),
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!((running.node, running.handler, running.holds_thread), ("Porter", Some("requested"), false));
    let text = format!("`Porter::requested` in the session {}", sessions.list()[0].id());
    assert_eq!((running.session.as_str(), running.to_string()), (sessions.list()[0].id(), text));
    gate.add_permits(1);
    assert_eq!(client.next().await["name"], "let in");
    while !sessions.running().is_empty() {
        tokio::task::yield_now().await;
    }
    client.leave_last().await;
}
