//! A state of a session: loaded, shared by its nodes, and saved.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms_agent::events::{Init, LlmRequest, Log, Object, TranscriptUpdate, UserJoined};
use atoms_agent::testing::TestClient;
use atoms_agent::{
    Graph, Opening, Outgoing, Session, SessionEnd, SessionState, Sessions, SessionsBuilder, node,
};
use atoms_runtime::{AnyEvent, Bus, HandlerError, State};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::Barrier;
use tokio::time::sleep;

use crate::client::{Client, INIT, types};

#[derive(Clone, Default)]
struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    fn tell(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Debug, Default)]
struct Basket {
    items: Vec<String>,
}

/// Puts into the basket what it hears, and tells of its life.
#[derive(Default)]
struct Clerk;

#[node(crate = atoms_agent, output)]
impl Clerk {
    #[factory]
    fn new(_: &Init, story: State<Story>, basket: SessionState<Basket>) -> Self {
        story.tell(format!("clerk made with {}", basket.lock().items.len()));
        Self
    }

    #[started]
    async fn started(&mut self, story: State<Story>, both: State<Barrier>) {
        both.wait().await;
        story.tell("clerk started");
    }

    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate, basket: SessionState<Basket>) {
        let mut basket = basket.lock();
        basket.items.push(said.content.clone());
        assert_ne!(said.content, "panic", "a node panics with the lock, which the test expects");
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, session: Session, story: State<Story>) {
        story.tell("clerk handles");
        if session.is_muted() { session.unmute() } else { session.mute() }
    }

    #[respond]
    fn respond(&mut self, _: &LlmRequest, basket: SessionState<Basket>) -> BoxStream<'static, String> {
        let items = basket.lock().items.join(" ");
        if items == "endless" {
            return stream::pending().boxed();
        }
        stream::iter([items]).boxed()
    }

    #[stopped]
    async fn stopped(&mut self, story: State<Story>, basket: SessionState<Basket>) {
        sleep(Duration::from_millis(5)).await;
        basket.lock().items.push("clerk".into());
        story.tell("stopped");
    }
}

/// Sees the basket, too.
#[derive(Default)]
struct Cashier;

#[node(crate = atoms_agent)]
impl Cashier {
    #[started]
    async fn started(&mut self, story: State<Story>, both: State<Barrier>) {
        both.wait().await;
        sleep(Duration::from_millis(5)).await;
        story.tell("cashier started");
    }

    #[handler]
    fn see(&mut self, event: &AnyEvent, story: State<Story>, basket: SessionState<Basket>) -> Option<Log> {
        if event.is::<UserJoined>() {
            story.tell("cashier handles");
        }
        let count = basket.lock().items.len();
        event
            .is::<TranscriptUpdate>()
            .then(|| Log { name: "seen".into(), payload: Object::new().with("count", count) })
    }

    #[stopped]
    fn stopped(&mut self, story: State<Story>, basket: SessionState<Basket>) {
        basket.lock().items.push("cashier".into());
        story.tell("stopped");
    }
}

fn builder() -> SessionsBuilder {
    Sessions::builder(Graph::builder().edge::<Clerk, Cashier>().build().unwrap())
}

fn bus() -> (Bus, Story) {
    let story = Story::default();
    (Bus::builder().state(story.clone()).state(Barrier::new(2)).start().unwrap(), story)
}

/// Sessions whose baskets are loaded with one item, and saved in the story.
fn shop() -> (Sessions, Story) {
    let (bus, story) = bus();
    let (loads, saves) = (story.clone(), story.clone());
    let builder = builder().session_state(move |opening: Opening| {
        let story = loads.clone();
        async move {
            assert_eq!((opening.version.as_str(), opening.init().version.as_str()), ("1", "1"));
            sleep(Duration::from_millis(5)).await;
            story.tell("loaded");
            Ok::<_, HandlerError>(Basket::default())
        }
    });
    let builder = builder.save_session_state(move |session: Session, basket: SessionState<Basket>| {
        let story = saves.clone();
        async move {
            assert!(session.has_ended() && session.state::<u8>().is_none());
            sleep(Duration::from_millis(5)).await;
            let mut items = std::mem::take(&mut basket.lock().items);
            items.sort();
            story.tell(format!("saved {}", items.join(" ")));
            Ok::<_, HandlerError>(())
        }
    });
    (builder.start(&bus).unwrap(), story)
}

async fn say(client: &mut Client, text: &str) {
    let said = serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": text});
    client.send(&said.to_string()).await;
}

#[tokio::test]
async fn the_order_of_loading_starting_stopping_and_saving_is_as_documented() {
    let (sessions, story) = shop();
    let mut client = Client::connect(&sessions);
    client.send(INIT).await;
    // It comes before the nodes have started, and waits for them.
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    say(&mut client, "nails").await;
    // The session was muted.
    assert_eq!(client.next().await["type"], "agent.control.interrupt");
    assert_eq!(client.next().await["payload"]["count"], 1);
    sessions.list()[0].end();
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(SessionEnd::ByAgent)));
    let story = story.take();
    let place =
        |text: &str| story.iter().position(|told| told == text).unwrap_or_else(|| panic!("{story:?}"));
    assert_eq!(story[0], "loaded");
    assert!(
        place("loaded") < place("clerk made with 0") && place("clerk made with 0") < place("clerk started")
    );
    // Both wait for each other in `started`, so they start at the same time, and each handles no event before.
    assert!(place("clerk started") < place("clerk handles"), "{story:?}");
    assert!(place("cashier started") < place("cashier handles"), "{story:?}");
    // Both have stopped before the state is saved, and that is done before the client is told.
    assert_eq!(story[story.len() - 3..], ["stopped", "stopped", "saved cashier clerk nails"]);
    client.leave_last().await;
}

#[tokio::test]
async fn a_state_is_saved_after_a_panic_as_it_was_then() {
    let (sessions, story) = shop();
    let mut client = Client::begin(&sessions).await;
    say(&mut client, "nails").await;
    assert_eq!(client.next().await["payload"]["count"], 1);
    say(&mut client, "panic").await;
    let next = [client.next().await, client.next().await];
    assert!(types(&next).contains(&"agent.error"), "{next:?}");
    // The node is made anew, for which both would have to start again.
    client.leave_last().await;
    assert_eq!(story.take().pop().unwrap(), "saved cashier nails panic");
}

#[tokio::test]
async fn a_state_is_saved_when_the_session_is_dropped_in_the_middle() {
    let (sessions, story) = shop();
    let (incoming, from_client) = futures_channel::mpsc::unbounded::<Result<&[u8], _>>();
    let (to_client, mut outgoing) = futures_channel::mpsc::unbounded();
    incoming.unbounded_send(Ok(INIT.as_bytes())).unwrap();
    let said = br#"{"type":"agent.transcript.update","role":"user","content":"nails"}"#;
    incoming.unbounded_send(Ok(said)).unwrap();
    let own = sessions.clone();
    let running = tokio::spawn(async move { own.run(from_client, to_client).await });
    for _ in ["agent.ready", "agent.log"] {
        outgoing.next().await.unwrap();
    }
    running.abort();
    assert_eq!(sessions.shutdown(Duration::from_secs(10)).await, 0);
    assert_eq!(story.take().pop().unwrap(), "saved nails");
}

async fn turned_away(load: fn() -> Result<Basket, HandlerError>) -> (String, SessionEnd) {
    let (bus, story) = bus();
    let saves = story.clone();
    let builder = builder().state_timeout(Duration::from_millis(50)).session_state(move |_| async move {
        tokio::task::yield_now().await;
        load()
    });
    let builder = builder.save_session_state(move |_, _: SessionState<Basket>| {
        saves.tell("saved");
        async { Ok::<_, HandlerError>(()) }
    });
    let sessions = builder.start(&bus).unwrap();
    let mut client = Client::connect(&sessions);
    client.send(INIT).await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()));
    let Some(Outgoing::Close(end)) = client.next_outgoing().await else { panic!("no close") };
    client.leave_last().await;
    assert!(story.take().is_empty(), "no node was made, and nothing saved");
    assert_eq!(sessions.counts().started, 0);
    (error["message"].as_str().unwrap().to_owned(), end)
}

#[tokio::test]
async fn a_load_may_refuse_the_session() {
    let (message, end) = turned_away(|| Err(SessionEnd::NotBegun("please pay first".into()).into())).await;
    assert_eq!(message, "the session did not begin: please pay first");
    assert_eq!((end.close_code(), end), (1008, SessionEnd::NotBegun("please pay first".into())));

    for load in [(|| Err("postgres://user:secret@host does not answer".into())) as fn() -> _, || {
        panic!("postgres://user:secret@host")
    }] {
        let (message, end) = turned_away(load).await;
        assert!(message.starts_with("the state of the session could not be loaded (error "), "{message}");
        assert!(!message.contains("secret"), "{message}");
        assert_eq!(end.close_code(), 1011);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_fails_and_so_does_a_save() {
    let (bus, _) = bus();
    let slow = builder().session_state(|_| std::future::pending::<Result<Basket, HandlerError>>());
    let sessions = slow.start(&bus).unwrap();
    let mut client = Client::connect(&sessions);
    let began = tokio::time::Instant::now();
    client.send(INIT).await;
    assert!(matches!(client.next_outgoing_in(Duration::from_secs(60)).await, Some(Outgoing::Frame(_))));
    assert_eq!(began.elapsed().as_secs(), 10);
    client.leave_last().await;

    let slow = builder().session_state(async |_| Ok::<_, HandlerError>(Basket::default()));
    let slow = slow.state_timeout(Duration::from_secs(5)).save_session_state(
        async |_: Session, _: SessionState<Basket>| -> Result<(), HandlerError> {
            std::future::pending().await
        },
    );
    let sessions = slow.start(&bus).unwrap();
    let client = Client::begin(&sessions).await;
    let began = tokio::time::Instant::now();
    client.leave_last().await;
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_state_that_nobody_loads_is_found_at_the_start() {
    let (bus, _) = bus();
    let error = builder().start(&bus).unwrap_err().to_string();
    let words =
        "the session has no state `sessions::states::Basket`: add `.session_state(...)` that loads one";
    assert_eq!(error.matches(words).count(), 6, "{error}");
    let alone = Graph::builder().node::<Cashier>().build().unwrap();
    let error = alone.run_alone(&bus, Init::new(atoms_agent::events::ConversationType::Chat)).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
#[should_panic(expected = "sessions have no state `sessions::states::Basket`: call `session_state`")]
fn what_is_saved_is_loaded() {
    drop(builder().save_session_state(async |_: Session, _: SessionState<Basket>| Ok::<_, HandlerError>(())));
}

#[test]
#[should_panic(expected = "sessions have a state `sessions::states::Basket` already")]
fn there_is_one_state_of_a_type() {
    let load = async |_: Opening| Ok::<_, HandlerError>(Basket::default());
    drop(builder().session_state(load).session_state(load));
}

#[tokio::test]
async fn a_muted_session_answers_no_request() {
    let (sessions, _) = shop();
    let mut client = Client::begin(&sessions).await;
    client.say("endless").await;
    let mut next = vec![client.next().await, client.next().await];
    next.sort_by_key(|event| event["type"].to_string());
    assert_eq!(types(&next), ["agent.llm.response.start", "agent.log"]);

    // What is being said stops, and nothing is said from now on.
    let session = sessions.list().pop().unwrap();
    session.mute();
    assert!(session.is_muted());
    let mut next = [client.next().await, client.next().await];
    next.sort_by_key(|event| event["type"].to_string());
    assert_eq!(types(&next), ["agent.control.interrupt", "agent.llm.response.end"]);
    assert_eq!(next[1]["interrupted"], true);
    client.say("hello").await;
    assert_eq!(client.next().await["type"], "agent.log");
    // Behind the request, its node unmutes the session.
    client.send(r#"{"type":"system.user.joined"}"#).await;
    client.say("again").await;
    assert_eq!(client.next().await["type"], "agent.log");
    let response = client.response().await;
    assert_eq!(crate::client::text(&response), "endless hello again");
    client.leave_last().await;
}

/// Is busy when it is told to, and answers what then waits for it.
#[derive(Default)]
struct Busy;

#[node(crate = atoms_agent, output)]
impl Busy {
    #[handler]
    async fn joined(&mut self, _: &UserJoined, session: Session) {
        // Meanwhile a request comes.
        while !session.is_muted() {
            tokio::task::yield_now().await;
        }
        sleep(Duration::from_millis(50)).await;
        session.unmute();
    }

    #[respond]
    fn respond(&mut self, request: &LlmRequest) -> BoxStream<'static, String> {
        stream::iter([request.extra_params.get("name").unwrap_or_default()]).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_mute_what_came_to_a_node_is_not_answered_and_what_waits_for_it_is() {
    let graph = Graph::builder().node::<Busy>().build().unwrap();
    let client = TestClient::connect(&Sessions::builder(graph).start(&Bus::start().unwrap()).unwrap()).await;
    let ask = async |name: &str| {
        let extra_params = Object::new().with("name", name);
        client.send(LlmRequest { messages: None, extra_params }).await;
    };
    client.session().mute();
    ask("missed").await;
    client.idle().await;
    client.session().unmute();
    client.send(UserJoined).await;
    client.session().mute();
    ask("waited").await;
    assert_eq!(client.response().await, "waited");
    ask("new").await;
    assert_eq!(client.response().await, "new");
}
