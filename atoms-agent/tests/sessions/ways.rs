//! The ways of events through a graph: who gets them, in which order, and who is held back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use atoms_agent::events::{Log, Object, Speak, TranscriptUpdate, UserJoined, UserStartedSpeaking};
use atoms_agent::testing::TestClient;
use atoms_agent::{Graph, Sessions, node};
use atoms_runtime::{AnyEvent, Bus, Emitter, State, event, event_set};
use tokio::sync::Semaphore;

use crate::client::{Client, bus};

#[event(type = "test.ways.noted", crate = atoms_runtime)]
struct Noted {
    by: String,
}

fn log(name: &str) -> Log {
    Log { name: name.into(), payload: Object::new() }
}

/// Passes all on, and says that it has seen who joined.
#[derive(Default)]
struct Root;

#[node(crate = atoms_agent)]
impl Root {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Log {
        log("root")
    }
}

#[derive(Default)]
struct Left;

#[node(crate = atoms_agent)]
impl Left {
    #[handler]
    async fn joined(&mut self, _: &UserJoined, out: Emitter<Noted>) {
        out.emit(Noted { by: "left".into() }).await;
    }
}

#[derive(Default)]
struct Right;

#[node(crate = atoms_agent)]
impl Right {
    #[handler]
    fn spoke(&mut self, _: UserStartedSpeaking) -> (Noted, Log) {
        (Noted { by: "right".into() }, log("right keeps it"))
    }
}

#[event_set(crate = atoms_runtime)]
enum Known {
    Joined(UserJoined),
    Noted(Noted),
}

#[derive(Default)]
struct Join;

#[node(crate = atoms_agent)]
impl Join {
    #[handler]
    fn known(&mut self, event: &Known) -> Log {
        match event {
            Known::Joined(_) => log("joined"),
            Known::Noted(noted) => log(&format!("noted by {}", noted.by)),
        }
    }

    #[handler]
    fn others(&mut self, event: &AnyEvent) -> Log {
        log(event.event_type())
    }
}

fn diamond() -> Graph {
    Graph::builder()
        .edge::<Root, Left>()
        .edge::<Root, Right>()
        .edge::<Left, Join>()
        .edge::<Right, Join>()
        .build()
        .unwrap()
}

async fn connected(graph: Graph) -> TestClient {
    TestClient::connect(&Sessions::builder(graph).start(&bus()).unwrap()).await
}

/// The names of what is logged until nothing is under way, sorted.
async fn names(client: &TestClient) -> Vec<String> {
    client.idle().await;
    let logs = client.emitted::<Log>().unexpected().payloads().into_iter();
    let mut names: Vec<_> = logs.map(|log| log.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn where_ways_meet_an_event_comes_once() {
    let client = connected(diamond()).await;
    assert_eq!(names(&client).await, ["system.init"]);
    client.send(UserJoined).await;
    // The log of the root comes to the end of the diamond as well, once.
    assert_eq!(names(&client).await, ["agent.log", "joined", "noted by left", "root"]);
    client.send_frame(r#"{"type":"test.end"}"#).await;
    assert_eq!(names(&client).await, ["test.end"]);
    client.nothing_else();
}

#[tokio::test]
async fn what_a_handler_takes_by_value_goes_no_further_on_its_way() {
    let client = connected(diamond()).await;
    names(&client).await;
    client.send(UserStartedSpeaking).await;
    // By the other way it comes nevertheless.
    let expected = ["agent.log", "noted by right", "right keeps it", "system.user.started_speaking"];
    assert_eq!(names(&client).await, expected);
}

#[derive(Default)]
struct Numbers;

#[node(crate = atoms_agent)]
impl Numbers {
    #[handler]
    async fn count(&mut self, _: &UserJoined, out: Emitter<Speak>) {
        for number in 0..500 {
            out.emit(Speak { text: number.to_string() }).await;
        }
    }
}

#[derive(Default)]
struct Pass;

#[node(crate = atoms_agent)]
impl Pass {
    #[handler]
    fn see(&mut self, _: &Speak) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_keep_their_order() {
    let graph = Graph::builder().edge::<Numbers, Pass>().build().unwrap();
    let client = connected(graph).await;
    client.send(UserJoined).await;
    for number in 0..500 {
        assert_eq!(client.expect::<Speak>().await.text, number.to_string());
    }
}

/// Handles an event whenever it is let.
#[derive(Default)]
struct Slow;

struct Gate {
    permits: Semaphore,
    handled: AtomicUsize,
}

#[node(crate = atoms_agent)]
impl Slow {
    #[handler]
    async fn wait(&mut self, _: &TranscriptUpdate, gate: State<Arc<Gate>>) {
        gate.permits.acquire().await.unwrap().forget();
        gate.handled.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_holds_the_client_back_and_loses_nothing() {
    let gate = Arc::new(Gate { permits: Semaphore::new(0), handled: AtomicUsize::new(0) });
    let bus = Bus::builder().state(Arc::clone(&gate)).start().unwrap();
    let graph = Graph::builder().edge::<Root, Slow>().build().unwrap();
    // It is not its pace that holds the client back.
    let sessions = Sessions::builder(graph).frames_per_second(u32::MAX);
    let mut client = Client::begin(&sessions.start(&bus).unwrap()).await;
    let said = r#"{"type":"agent.transcript.update","role":"user","content":"x"}"#;
    let mut sent = 0;
    while client.try_send(said).await {
        sent += 1;
        assert!(sent < 1_400, "nobody holds the client back");
    }
    assert!(sent > 64, "only {sent} were taken in");
    gate.permits.add_permits(2_000);
    for _ in sent..1_500 {
        client.send(said).await;
    }
    while gate.handled.load(Ordering::SeqCst) < 1_500 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[derive(Default)]
struct Watcher {
    seen: u32,
}

#[node(background, crate = atoms_agent)]
impl Watcher {
    #[handler]
    fn watch(&mut self, _: &AnyEvent) -> Option<Log> {
        self.seen += 1;
        (self.seen == 3).then(|| log("three"))
    }
}

/// Names what comes to it.
#[derive(Default)]
struct Behind;

#[node(crate = atoms_agent)]
impl Behind {
    #[handler]
    fn see(&mut self, event: &AnyEvent) -> Log {
        log(&format!("behind: {}", event.event_type()))
    }
}

#[tokio::test]
async fn a_background_node_passes_nothing_on() {
    let graph = Graph::builder().edge::<Watcher, Behind>().build().unwrap();
    let client = connected(graph).await;
    for _ in 0..2 {
        client.send(UserJoined).await;
    }
    // Nothing comes through, but what the watcher has to say itself.
    assert_eq!(names(&client).await, ["behind: agent.log", "three"]);
    client.nothing_else();
}
