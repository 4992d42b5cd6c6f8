//! Connections that are no sessions.

use std::net::SocketAddr;
use std::time::Duration;

use atoms_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::agent::Agent;
use crate::client::Client;
use crate::http::get;
use crate::server::PATIENCE;
use crate::shutdown::Stoppable;

#[tokio::test]
async fn those_beyond_the_limit_wait_until_another_one_has_ended() {
    let server = Server::new(Agent::graph()).connection_limit(2).header_timeout(Duration::from_millis(300));
    let server = Stoppable::of(server).await;
    let start = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert_eq!(get(server.address, "/health").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(290), "they have had their time: {:?}", start.elapsed());
}

#[tokio::test]
async fn sessions_do_not_count() {
    let server = Stoppable::of(Server::new(Agent::graph()).connection_limit(1)).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(Client::begin(server.address).await);
    }
    assert_eq!(get(server.address, "/health").await.status, 200);
    for client in &mut clients {
        assert_eq!(client.hear("hello").await, "You said: hello");
    }
}

#[tokio::test]
async fn who_still_sends_is_told_why_it_is_refused() {
    let server = Stoppable::of(Server::new(Agent::graph())).await;
    for round in 0..20 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = "POST /health HTTP/1.1\r\nhost: here\r\ncontent-length: 4000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // It sends all of it before it looks for an answer.
        stream.write_all(&[b'x'; 4_000_000]).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it stays open").unwrap();
        assert!(answer.starts_with("HTTP/1.1 405 "), "{round}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_close_is_closed() {
    let server = Stoppable::of(Server::new(Agent::graph()).connection_limit(1)).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(get(server.address, "/health").await.status, 200);
}

/// How many bytes the kernel keeps for clients of the server at this address, which have not taken them.
#[cfg(target_os = "linux")]
fn kernel_bytes(server: SocketAddr) -> usize {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let hex = |digits: &str| usize::from_str_radix(digits, 16).unwrap();
    let sent = sockets.lines().skip(1).map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (_, port) = columns[1].split_once(':').unwrap();
        let (unsent, _) = columns[4].split_once(':').unwrap();
        if hex(port) == usize::from(server.port()) { hex(unsent) } else { 0 }
    });
    sent.sum()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_keeps_nothing_for_clients_that_answer_no_ping() {
    use atoms_server::Routes;
    use tokio::net::TcpSocket;
    use tokio::time::sleep;

    use crate::client::{INIT, request};

    const MIB: usize = 1024 * 1024;
    let second = Duration::from_secs(1);
    let routes = Routes::new().ping_interval(second).pong_timeout(second);
    let server = Stoppable::of(Server::new(Agent::graph()).routes(routes)).await;
    let mut unread = Vec::new();
    for _ in 0..40 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2_048).unwrap();
        let stream = socket.connect(server.address).await.unwrap();
        let mut client = Client::over(stream, request(server.address, &[])).await.unwrap();
        client.send(INIT).await;
        client.ask(&"x".repeat(500_000)).await;
        unread.push(client);
    }
    let ended = async {
        while !get(server.address, "/health").await.body.contains(r#""active_sessions":0"#) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("they go on");
    let kept = kernel_bytes(server.address);
    // They would be 20 MB.
    assert!(kept < MIB, "the kernel keeps {kept} bytes");
    drop(unread);
}
