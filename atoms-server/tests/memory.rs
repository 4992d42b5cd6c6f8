//! How much memory clients can make a server hold. This is a program of its own: it measures itself.

#![cfg(all(target_os = "linux", not(miri)))]

use std::net::SocketAddr;
use std::time::Duration;

use atoms_agent::events::UserJoined;
use atoms_agent::{Sessions, graph, node};
use atoms_runtime::Bus;
use atoms_server::Routes;
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;

#[derive(Default)]
struct Silent;

#[node(crate = atoms_agent)]
impl Silent {
    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Quiet {
        Silent,
    }
}

const MIB: usize = 1024 * 1024;

/// What this process holds in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn serve(routes: Routes) -> SocketAddr {
    let sessions = Sessions::builder(Quiet::graph()).start(&Bus::start().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes.into_router(sessions)).await.unwrap() });
    address
}

async fn connect(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let config = WebSocketConfig::default().read_buffer_size(4_096);
    client_async_with_config(format!("ws://{address}/ws"), stream, Some(config)).await.unwrap().0
}

/// Sends so many pings, and reads nothing. Says whether all were taken.
async fn ping(mut client: WebSocketStream<TcpStream>, thousands: usize) -> bool {
    let pings = [&[0x89, 0xfd, 0, 0, 0, 0], [b'x'; 125].as_slice()].concat().repeat(1_000);
    for _ in 0..thousands {
        if client.get_mut().write_all(&pings).await.is_err() {
            return false;
        }
    }
    true
}

/// One after the other: they share the memory that is measured.
#[tokio::test]
async fn what_clients_make_a_server_hold_is_bounded() {
    let address = serve(Routes::new().write_timeout(Duration::from_secs(5))).await;

    // Each sends a frame of 1 MiB, is answered, and stays. The event is unknown, and goes nowhere.
    let large = format!(r#"{{"type":"somebody.elses","text":"{}"}}"#, "x".repeat(MIB));
    let header = [&[0x81, 0xff], (large.len() as u64).to_be_bytes().as_slice(), &[0; 4]].concat();
    let large = [header, large.into_bytes()].concat();
    let before = resident();
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut client = connect(address).await;
        client.send(Message::text(INIT)).await.unwrap();
        client.get_mut().write_all(&large).await.unwrap();
        // What cannot be read is warned of; so all before it has been read.
        client.send(Message::text("no event")).await.unwrap();
        while !client.next().await.unwrap().unwrap().to_string().contains("warning") {}
        idle.push(client);
    }
    let held = resident().saturating_sub(before);
    println!(
        "200 idle sessions after a frame of 1 MiB each hold {} KiB each, clients included",
        held / 200 / 1024
    );
    // The allocator keeps some of what was freed.
    assert!(held < 40 * MIB, "{} MiB", held / MIB);
    drop(idle);

    // 26 MB of pings by each of four, of which the answers would be nearly as much.
    let before = resident();
    let clients = join_all((0..4).map(|_| connect(address))).await;
    let pinging = join_all(clients.into_iter().map(|client| ping(client, 200)));
    let pinged = timeout(Duration::from_secs(60), pinging).await.expect("they are not ended");
    let held = resident().saturating_sub(before);
    println!("4 clients that ping and do not read, {pinged:?}, make the server hold {} KiB", held / 1024);
    assert!(held < 20 * MIB, "{} MiB", held / MIB);
}
