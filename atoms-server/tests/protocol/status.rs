//! What probes and Prometheus are told.

use std::future::{pending, ready};

use atoms_agent::events::{Log, UserJoined, UserStartedSpeaking};
use atoms_agent::{Sessions, graph, node};
use atoms_runtime::{Bus, HandlerError, event};
use atoms_server::Server;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Error;

use crate::agent::Agent;
use crate::client::{Client, request};
use crate::http::get;
use crate::server::{Running, bus};

async fn told(server: &Running, path: &str) -> (u16, Value) {
    let answer = get(server.address, path).await;
    assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[tokio::test]
async fn a_server_says_that_it_runs() {
    let server = Running::start().await;
    let body = |active| json!({"status": "running", "ready": true, "active_sessions": active});
    assert_eq!(told(&server, "/").await, (200, body(0)));
    let _client = Client::begin(server.address).await;
    assert_eq!(told(&server, "/").await, (200, body(1)));
}

#[tokio::test]
async fn a_server_says_that_it_is_well() {
    let server = Running::start().await;
    assert_eq!(told(&server, "/health").await, (200, json!({"status": "ok", "active_sessions": 0})));
    assert_eq!(told(&server, "/ready").await, (200, json!({"status": "ready", "active_sessions": 0})));
}

#[tokio::test]
async fn a_server_says_that_it_shuts_down() {
    let server = Running::start().await;
    assert_eq!(server.sessions.shutdown(std::time::Duration::ZERO).await, 0);
    let detail = json!({"status": "not_ready", "reason": "shutting down"});
    assert_eq!(told(&server, "/ready").await, (503, json!({"detail": detail})));
    assert_eq!(told(&server, "/").await.1["ready"], false);
    assert!(Client::open(server.address, request(server.address, &[])).await.is_err());
}

#[tokio::test]
async fn prometheus_is_told_the_counts() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send("no event").await;
    client.next().await;
    client.send(r#"{"type":"somebody.elses"}"#).await;
    assert_eq!(client.next().await["name"], "unknown");
    let answer = get(server.address, "/metrics").await;
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{answer:?}");
    let values: Vec<&str> = answer.body.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [
        "atoms_ready 1",
        "atoms_sessions_active 1",
        "atoms_node_tasks 3",
        "atoms_sessions_total 1",
        "atoms_frames_received_total 3",
        "atoms_frames_sent_total 3",
        "atoms_frames_refused_total 1",
        "atoms_events_unknown_total 1",
        "atoms_background_failures_total 0",
        "atoms_background_missed_total 0",
    ];
    assert_eq!(values, expected);
}

/// Cannot be encoded.
#[event(type = "test.unspeakable", to(client), crate = atoms_runtime)]
struct Unspeakable {
    #[serde(serialize_with = "refuse")]
    word: String,
}

fn refuse<S: serde::Serializer>(_: &str, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("it cannot be said"))
}

#[derive(Default)]
struct Mumbler;

#[node(crate = atoms_agent)]
impl Mumbler {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Unspeakable {
        Unspeakable { word: "mumble".into() }
    }

    #[handler]
    fn speaks(&mut self, _: &UserStartedSpeaking) -> Log {
        Log { name: "heard".into(), payload: Default::default() }
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Mumbling {
        Mumbler,
    }
}

#[tokio::test]
async fn frames_that_were_not_sent_are_not_counted() {
    let server = Running::of(Mumbling::graph()).await;
    let mut client = Client::begin(server.address).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    let mut received = 1 + client.up_to("agent.error").await.len() as u64;
    client.send(r#"{"type":"system.user.started_speaking"}"#).await;
    received += client.up_to("agent.log").await.len() as u64;
    assert_eq!(server.sessions.counts().frames_out, received);
}

#[tokio::test]
async fn a_server_is_not_ready_before_its_bus() {
    let bound = Server::new(Agent::graph()).bind("127.0.0.1:0").await.unwrap();
    let address = bound.local_addr().unwrap();
    let (start, started) = oneshot::channel::<Bus>();
    let serving =
        tokio::spawn(bound.serve_until(async { started.await.map_err(HandlerError::from) }, pending()));
    let answer = get(address, "/ready").await;
    let detail = json!({"detail": {"status": "not_ready", "reason": "starting"}});
    assert_eq!((answer.status, serde_json::from_str::<Value>(&answer.body).unwrap()), (503, detail));
    assert_eq!(get(address, "/health").await.status, 200);
    assert!(get(address, "/metrics").await.body.contains("atoms_ready 0"));
    assert!(Client::open(address, request(address, &[])).await.is_err());
    start.send(bus(&Default::default())).unwrap();
    while get(address, "/ready").await.status != 200 {}
    Client::begin(address).await;
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_whose_bus_is_there_turns_nobody_away() {
    for _ in 0..50 {
        let bound = Server::new(Agent::graph()).bind("127.0.0.1:0").await.unwrap();
        let address = bound.local_addr().unwrap();
        let bus = ready(Ok::<_, HandlerError>(bus(&Default::default())));
        let client = tokio::spawn(Client::begin(address));
        let serving = tokio::spawn(bound.serve_until(bus, pending()));
        client.await.unwrap();
        serving.abort();
    }
}

#[tokio::test]
async fn a_server_whose_bus_does_not_start_says_why() {
    let bound = Server::new(Sessions::builder(Agent::graph())).bind("127.0.0.1:0").await.unwrap();
    let ended = bound.serve_until(async { Err::<Bus, _>("no bus today") }, pending()).await;
    assert_eq!(ended.unwrap_err().to_string(), "the bus did not start: no bus today");
}

#[tokio::test]
async fn a_server_whose_bus_lacks_a_state_says_so() {
    let bound = Server::new(Agent::graph()).bind("127.0.0.1:0").await.unwrap();
    let ended = bound.serve_until(async { Bus::start().map_err(HandlerError::from) }, pending()).await;
    assert!(ended.unwrap_err().to_string().contains("Talker"));
}

#[tokio::test]
async fn a_server_may_have_no_sessions() {
    let bound = Server::without_sessions().bind("127.0.0.1:0").await.unwrap();
    let address = bound.local_addr().unwrap();
    let (start, started) = oneshot::channel::<Bus>();
    let (stop, stopped) = oneshot::channel();
    let starting = async { started.await.map_err(HandlerError::from) };
    let serving = tokio::spawn(bound.serve_until(starting, async { stopped.await.unwrap() }));
    assert_eq!(get(address, "/ready").await.status, 503);
    let bus = bus(&Default::default());
    start.send(bus.clone()).unwrap();
    while get(address, "/ready").await.status != 200 {}
    let health: Value = serde_json::from_str(&get(address, "/health").await.body).unwrap();
    assert_eq!(health, json!({"status": "ok", "active_sessions": 0}));
    assert!(get(address, "/metrics").await.body.contains("atoms_ready 1"));
    let Err(Error::Http(answer)) = Client::open(address, request(address, &[])).await else { panic!() };
    assert_eq!(answer.status().as_u16(), 404);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(bus.is_closed(), "the server shuts the bus down");
}
