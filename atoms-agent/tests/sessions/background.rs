//! Background nodes stand beside the talk: they neither hold it up nor fail in front of the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use atoms_agent::events::{AgentError, Log, Object, TranscriptUpdate, UserJoined};
use atoms_agent::testing::TestClient;
use atoms_agent::{Graph, Sessions, graph, node};
use atoms_runtime::testing::Recording;
use atoms_runtime::{AnyEvent, Bus, State, event};
use tokio::sync::Semaphore;

use crate::client::bus;

fn log(name: impl Into<String>) -> Log {
    Log { name: name.into(), payload: Object::new() }
}

#[event(type = "test.background.noted", to(bus), crate = atoms_runtime)]
struct Noted;

/// Answers each event, and emits something that only others want.
#[derive(Default)]
struct Talker {
    heard: u32,
}

#[node(crate = atoms_agent)]
impl Talker {
    #[handler]
    fn hear(&mut self, _: &TranscriptUpdate) -> Log {
        self.heard += 1;
        log(format!("talk {}", self.heard))
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined) -> (Log, Noted) {
        (log("joined"), Noted)
    }
}

/// What lets the background node go on, and what it has handled.
struct Gate {
    permits: Semaphore,
    handled: AtomicU32,
}

/// Hangs until it is let go on.
#[derive(Default)]
struct Hangs;

#[node(background, crate = atoms_agent)]
impl Hangs {
    #[handler]
    async fn hear(&mut self, _: &TranscriptUpdate, gate: State<Gate>) {
        gate.permits.acquire().await.unwrap().forget();
        gate.handled.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Root;

#[node(crate = atoms_agent)]
impl Root {
    #[handler]
    fn hear(&mut self, _: &UserJoined) {}
}

const SENT: u32 = 1_500;

/// As many as may wait before what does not wait for room is refused, and the one that is handled.
const TAKEN: u32 = 1_024 + 1;

/// A node hangs to which so many events come for each that the client sends.
async fn hangs(graph: Graph, each: u32) {
    let gate = Arc::new(Gate { permits: Semaphore::new(0), handled: 0.into() });
    let bus = Bus::builder().shared_state(Arc::clone(&gate)).start().unwrap();
    let sessions = Sessions::builder(graph).start(&bus).unwrap();
    let client = TestClient::connect(&sessions).await;
    for number in 1..=SENT {
        client.send_frame(r#"{"type":"agent.transcript.update","role":"user","content":"hm"}"#).await;
        assert_eq!(client.expect::<Log>().await.name, format!("talk {number}"));
    }
    assert_eq!(sessions.counts().background_missed, u64::from(SENT * each - TAKEN));
    assert_eq!(bus.dead_letters().list().await.unwrap().len(), 0, "the others have handled them");
    gate.permits.add_permits(SENT as usize);
    client.idle().await;
    assert_eq!(gate.handled.load(Ordering::SeqCst), TAKEN.div_ceil(each));
    client.nothing_else();
    client.leave().await;
}

#[tokio::test]
async fn one_that_hangs_holds_up_neither_those_before_it_nor_the_client() {
    hangs(Graph::builder().edge::<Root, Talker>().edge::<Root, Hangs>().build().unwrap(), 1).await;
    // As a root, and behind the only one that talks.
    hangs(Graph::builder().edge::<Hangs, Root>().edge::<Talker, Root>().build().unwrap(), 1).await;
    hangs(Graph::builder().edge::<Talker, Hangs>().build().unwrap(), 2).await;
}

/// Fails as it is told to.
#[derive(Default)]
struct Fails {
    heard: u32,
}

#[node(background, expose_errors, crate = atoms_agent)]
impl Fails {
    #[handler]
    fn hear(&mut self, said: &TranscriptUpdate) -> Result<Option<Log>, String> {
        self.heard += 1;
        match said.content.as_str() {
            "fail" => Err("it was told to".into()),
            "panic" => panic!("it was told to panic"),
            _ => Ok(Some(log(format!("heard {}", self.heard)))),
        }
    }
}

#[tokio::test]
async fn the_failure_of_one_is_told_to_the_bus_and_counted_and_not_told_to_the_client() {
    let bus = bus();
    let on_bus = Recording::of(&bus);
    let graph = Graph::builder().edge::<Root, Talker>().edge::<Root, Fails>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus).unwrap();
    let client = TestClient::connect(&sessions).await;
    for (number, content) in ["fail", "panic", "go on"].into_iter().enumerate() {
        client
            .send(TranscriptUpdate { role: atoms_agent::events::Role::User, content: content.into() })
            .await;
        client.idle().await;
        assert_eq!(sessions.counts().background_failures, [1, 2, 2][number]);
    }
    client.emitted::<AgentError>().never();
    let mut names: Vec<_> = client.emitted::<Log>().payloads().into_iter().map(|log| log.name).collect();
    names.sort();
    // After the panic, it was made anew.
    assert_eq!(names, ["heard 1", "talk 1", "talk 2", "talk 3"]);
    let errors = on_bus.emitted::<AgentError>().times(2);
    let told: Vec<_> = errors.iter().map(|error| &error.event().message).collect();
    assert!(told[0].starts_with("a node failed: it was told to (error "), "{told:?}");
    assert!(told[1].starts_with("a node failed (error "), "{told:?}");
    let session = client.session().id().to_owned();
    assert!(errors.iter().all(|error| error.metadata().session_id() == Some(&*session)));
    client.leave().await;
}

/// Cannot be started.
#[derive(Default)]
struct Unready;

#[node(background, crate = atoms_agent)]
impl Unready {
    #[started]
    fn start(&mut self) -> Result<(), String> {
        Err("there is nothing to write to".into())
    }

    #[handler]
    fn hear(&mut self, _: &AnyEvent) -> Log {
        log("it is here")
    }
}

#[tokio::test]
async fn without_one_that_cannot_start_the_talk_goes_on() {
    let graph = Graph::builder().edge::<Talker, Unready>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus()).unwrap();
    let client = TestClient::connect(&sessions).await;
    for _ in 0..2 {
        client.send(UserJoined).await;
        client.idle().await;
        assert_eq!(client.emitted::<Log>().unexpected().once().name, "joined");
    }
    client.nothing_else();
    let counts = sessions.counts();
    assert_eq!((counts.background_failures, counts.background_missed), (1, 0));
    client.leave().await;
}

/// Sees what goes by.
#[derive(Default)]
struct Analytics;

#[node(background, crate = atoms_agent)]
impl Analytics {
    #[handler]
    fn noted(&mut self, _: &Noted) -> Log {
        log("analytics")
    }
}

#[derive(Default)]
struct Sales;

#[node(crate = atoms_agent)]
impl Sales {
    #[handler]
    fn noted(&mut self, _: Noted) -> Log {
        log("sales")
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Watched {
        Talker -> Analytics,
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct WatchedAtAnEdge {
        Talker -[Noted, Log]-> Analytics,
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Sold {
        Talker -> Analytics,
        Talker -[Noted]-> Sales,
    }
}

#[tokio::test]
async fn before_background_nodes_only_an_event_leaves_the_graph() {
    let leaf = "n0 --> sink";
    for (graph, drawn, names) in [
        (Watched::graph(), Watched::mermaid(), &["analytics", "joined"][..]),
        (WatchedAtAnEdge::graph(), WatchedAtAnEdge::mermaid(), &["analytics", "joined"]),
        (Sold::graph(), Sold::mermaid(), &["analytics", "joined", "sales"]),
    ] {
        assert!(drawn.contains(leaf), "{drawn}");
        let client = TestClient::connect(&Sessions::builder(graph).start(&bus()).unwrap()).await;
        client.send(UserJoined).await;
        client.idle().await;
        let mut found: Vec<_> = client.emitted::<Log>().payloads().into_iter().map(|log| log.name).collect();
        found.sort();
        assert_eq!(found, names, "{drawn}");
    }
}
