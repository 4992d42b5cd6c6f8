//! Many clients, and clients that do not read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use atoms_agent::Sessions;
use atoms_server::Routes;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

use crate::agent::Agent;
use crate::client::{Client, INIT, INTERRUPT, asking, request};
use crate::server::{PATIENCE, Running};

/// Three turns of a client that can be told from the others.
async fn three_turns(server: &Running, number: usize) -> Client {
    let mut client = Client::begin(server.address).await;
    for turn in 0..3 {
        let text = format!("turn {turn} of {number}");
        assert_eq!(client.hear(&text).await, format!("You said: {text}"));
    }
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sessions_run_at_once() {
    // Each has two ends in this process.
    rlimit::increase_nofile_limit(4_096).unwrap();
    let server = Running::start().await;
    let clients = join_all((0..1_000).map(|number| three_turns(&server, number))).await;
    let counts = server.sessions.counts();
    assert_eq!((counts.active, counts.tasks, counts.started), (1_000, 3_000, 1_000));
    assert_eq!((counts.frames_in, counts.refused), (4_000, 0));
    assert_eq!(counts.frames_out, 13_000);
    drop(clients);
    server.is_empty().await;
}

/// A session whose client has little room for what it does not read.
pub(crate) async fn narrow(server: &Running) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let mut client = Client::over(stream, request(server.address, &[])).await.unwrap();
    client.send(INIT).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    client
}

/// Waits until a number does not change any more, and gives it.
async fn settled(number: impl Fn() -> u64) -> u64 {
    let settle = async {
        loop {
            let before = number();
            sleep(Duration::from_millis(100)).await;
            if number() == before {
                return before;
            }
        }
    };
    timeout(PATIENCE, settle).await.expect("it grows and grows")
}

#[tokio::test]
async fn who_does_not_read_holds_back_the_response() {
    let server = Running::start().await;
    let mut client = narrow(&server).await;
    client.ask("stream 2000000 0").await;
    let chunks = settled(|| server.done.chunks.load(Ordering::Relaxed)).await;
    assert!((1..200_000).contains(&chunks), "{chunks}");
    // Others do not notice, and the client may go on, or go.
    assert_eq!(Client::begin(server.address).await.hear("hello").await, "You said: hello");
    client.up_to("agent.llm.response.chunk").await;
    drop(client);
    server.is_empty().await;
}

#[tokio::test]
async fn who_does_not_read_may_interrupt() {
    let server = Running::start().await;
    let mut client = narrow(&server).await;
    client.ask("stream 2000000 0").await;
    settled(|| server.done.chunks.load(Ordering::Relaxed)).await;
    client.send(INTERRUPT).await;
    let response = client.response().await;
    assert_eq!(response.last().unwrap()["interrupted"], true);
    assert_eq!(client.hear("hello").await, "You said: hello");
}

/// More than a session reads ahead, and has in its mailboxes.
const BOUND: u64 = 1_500;

/// What sessions have taken from a client that reads nothing, and sends such frames as long as it can.
async fn taken(frame: &'static str) -> u64 {
    let sessions = Sessions::builder(Agent::graph()).frames_per_second(u32::MAX);
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = narrow(&server).await;
    client.ask("stream 2000000 0").await;
    settled(|| server.done.chunks.load(Ordering::Relaxed)).await;
    let sending = tokio::spawn(async move {
        loop {
            client.send(frame).await;
        }
    });
    let taken = settled(|| server.sessions.counts().frames_in).await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    server.is_empty().await;
    taken
}

#[tokio::test]
async fn who_does_not_read_cannot_pile_up_requests() {
    let taken = taken(r#"{"type":"system.llm.request","messages":null}"#).await;
    assert!(taken < BOUND, "{taken}");
}

#[tokio::test]
async fn who_does_not_read_cannot_pile_up_warnings() {
    let taken = taken("no event").await;
    assert!(taken < BOUND, "{taken}");
}

#[tokio::test]
async fn who_does_not_read_cannot_pile_up_interrupts() {
    let taken = taken(INTERRUPT).await;
    assert!(taken < BOUND, "{taken}");
}

#[tokio::test]
async fn who_is_warned_and_does_not_read_is_idle() {
    let sessions = Sessions::builder(Agent::graph()).idle_timeout(Duration::from_millis(300));
    let server = Running::with(sessions.frames_per_second(u32::MAX), Routes::new()).await;
    let mut client = narrow(&server).await;
    // A client may not send it, and is warned each time.
    let sending = tokio::spawn(async move {
        loop {
            client.send(r#"{"type":"agent.ready"}"#).await;
        }
    });
    server.until(|| server.sessions.list().iter().all(atoms_agent::Session::has_ended)).await;
    sending.abort();
}

#[tokio::test]
async fn who_does_not_read_is_ended() {
    let routes = Routes::new().write_timeout(Duration::from_millis(300));
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let mut client = narrow(&server).await;
    client.ask("stream 2000000 0").await;
    server.is_empty().await;
    drop(client);
}

/// Sends pings as long as they are taken, and reads nothing. It ends when the connection does.
async fn ping_and_do_not_read(mut client: Client) {
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0], [b'x'; 125].as_slice()].concat();
    while client.socket.get_mut().write_all(&ping).await.is_ok() {
        // The server answers each.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_pings_and_does_not_read_is_ended() {
    let routes = Routes::new().write_timeout(Duration::from_millis(300)).session_limit(1);
    let server = Running::with(Sessions::builder(Agent::graph()), routes).await;
    let client = narrow(&server).await;
    timeout(PATIENCE, ping_and_do_not_read(client)).await.expect("it is not ended");
    server.is_empty().await;
    // Before its session has begun as well.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let client = Client::over(stream, request(server.address, &[])).await.unwrap();
    let begun = std::time::Instant::now();
    timeout(PATIENCE, ping_and_do_not_read(client)).await.expect("it is not ended");
    assert!(begun.elapsed() < Duration::from_secs(9), "it is the handshake that was too long");
}

#[tokio::test]
async fn who_neither_reads_nor_is_read_is_idle() {
    let sessions = Sessions::builder(Agent::graph()).idle_timeout(Duration::from_millis(300));
    let server = Running::with(sessions, Routes::new()).await;
    let mut client = narrow(&server).await;
    client.ask("stream 2000000 0").await;
    for _ in 0..300 {
        client.send(&asking("hello")).await;
    }
    server.until(|| server.sessions.list().iter().all(atoms_agent::Session::has_ended)).await;
    drop(client);
    server.is_empty().await;
}
