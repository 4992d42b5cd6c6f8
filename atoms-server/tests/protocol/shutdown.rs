//! The server shuts down.

use std::future::{pending, ready};
use std::net::SocketAddr;
use std::time::Duration;

use atoms_runtime::{Bus, HandlerError};
use atoms_server::{ServeError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::agent::Agent;
use crate::client::{Client, text_of, types};
use crate::server::{PATIENCE, bus};

/// A server that can be told to stop.
#[derive(Debug)]
pub(crate) struct Stoppable {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Stoppable {
    async fn start() -> Self {
        Self::of(Server::new(Agent::graph())).await
    }

    pub(crate) async fn of(server: Server) -> Self {
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        let address = bound.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let bus = ready(Ok::<_, HandlerError>(bus(&Default::default())));
        let serving = tokio::spawn(bound.serve_until(bus, async { stopped.await.unwrap() }));
        Self { address, stop, serving }
    }

    /// Tells it to stop, and hands over what it becomes.
    fn stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).unwrap();
        self.serving
    }
}

async fn assert_ends_well(serving: JoinHandle<Result<(), ServeError>>) {
    timeout(PATIENCE, serving).await.expect("it does not stop").unwrap().unwrap();
}

#[tokio::test]
async fn a_response_that_streams_comes_to_its_end() {
    let server = Stoppable::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 50 2").await;
    client.up_to("agent.llm.response.start").await;
    let serving = server.stop();
    let (events, code) = client.until_closed().await;
    let text: String = (0..50).map(|number| format!("{number} ")).collect();
    assert_eq!((text_of(&events), code), (text, 1001));
    assert_eq!(types(&events).last(), Some(&"agent.llm.response.end"));
    assert_ends_well(serving).await;
}

#[tokio::test]
async fn all_sessions_are_told() {
    let server = Stoppable::start().await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(Client::begin(server.address).await);
    }
    let serving = server.stop();
    for client in &mut clients {
        assert_eq!(client.until_closed().await, (Vec::new(), 1001));
    }
    drop(clients);
    assert_ends_well(serving).await;
}

#[tokio::test]
async fn who_has_not_begun_is_told() {
    let server = Stoppable::start().await;
    let mut client = Client::connect(server.address).await;
    let serving = server.stop();
    let (events, code) = client.until_closed().await;
    assert_eq!((types(&events), code), (vec!["agent.error"], 1001));
    assert_ends_well(serving).await;
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_cut_short() {
    let server = Server::new(Agent::graph()).shutdown_deadline(Duration::from_millis(100));
    let server = Stoppable::of(server).await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 1000000 1").await;
    client.up_to("agent.llm.response.start").await;
    let serving = server.stop();
    let ends = timeout(Duration::from_secs(5), client.until_closed());
    assert_eq!(ends.await.expect("it does not end").1, 1001);
    assert_ends_well(serving).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_a_server() {
    let server = Server::new(Agent::graph()).shutdown_deadline(Duration::from_millis(100));
    let server = Stoppable::of(server).await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 2000000 0").await;
    client.up_to("agent.llm.response.start").await;
    assert_ends_well(server.stop()).await;
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_keep_a_server() {
    let server = Stoppable::start().await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    assert_ends_well(server.stop()).await;
}

#[tokio::test]
async fn connections_that_say_too_little_are_closed() {
    let server = Server::new(Agent::graph()).header_timeout(Duration::from_millis(50));
    let server = Stoppable::of(server).await;
    for said in ["", "GET /ws HTTP/1.1\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it stays open").unwrap();
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_ends_well(server.stop()).await;
}

#[tokio::test]
async fn nobody_can_connect_when_the_server_has_stopped() {
    let server = Stoppable::start().await;
    let address = server.address;
    Client::begin(address).await;
    assert_ends_well(server.stop()).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_server_may_stop_before_its_bus_has_started() {
    let bound = Server::new(Agent::graph()).bind("127.0.0.1:0").await.unwrap();
    let serving = bound.serve_until(pending::<Result<Bus, HandlerError>>(), ready(()));
    timeout(Duration::from_secs(2), serving).await.expect("it does not stop").unwrap();
}

#[tokio::test]
async fn a_client_that_asks_without_reading_is_ended() {
    let server = Stoppable::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let requests = "GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".repeat(1_000);
    let asking = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, asking).await.expect("it is held");
    assert_ends_well(server.stop()).await;
}

#[tokio::test]
async fn the_head_of_a_request_is_read_up_to_its_limit() {
    let server = Stoppable::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /health HTTP/1.1\r\nhost: here\r\nx: {}", "x".repeat(16 * 1024));
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut status)).await.expect("no answer").unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
    assert_ends_well(server.stop()).await;
}
