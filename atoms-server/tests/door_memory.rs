//! How much memory callers at the door to questions can make a server hold. This is a program of its own: it measures
//! itself.

#![cfg(all(target_os = "linux", not(miri), feature = "control"))]

use std::future::{pending, ready};
use std::net::SocketAddr;
use std::time::Duration;

use atoms_control::{Approval, Control, Principal};
use atoms_runtime::{Bus, HandlerError};
use atoms_server::{Routes, Server, Tokens};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How many callers wait, and how many send bodies without end.
const CALLERS: usize = 100;
const SENDERS: usize = 16;

/// What this process holds in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * KIB
}

async fn serve(bus: &Bus) -> SocketAddr {
    let tokens = (0..CALLERS).fold(Tokens::new(), |tokens, number| {
        tokens.token(format!("token-{number}"), Principal::new(format!("caller {number}")))
    });
    let routes = Routes::new().questions(tokens).waiting_limit(CALLERS);
    let routes = routes.request_timeout(Duration::from_secs(120));
    let server = Server::without_sessions().routes(routes).connection_limit(2 * CALLERS);
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let address = bound.local_addr().unwrap();
    let started = ready(Ok::<_, HandlerError>(bus.clone()));
    tokio::spawn(async move { bound.serve_until(started, pending()).await.unwrap() });
    address
}

/// A caller that has sent the head of a request.
async fn ask(address: SocketAddr, caller: usize, request: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer token-{caller}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    timeout(Duration::from_secs(30), read).await.expect("no answer").unwrap();
    text
}

/// The version of the list of all questions.
async fn version(address: SocketAddr) -> String {
    let list = answer(&mut ask(address, 0, "GET /questions", "").await).await;
    let (_, version) = list.rsplit_once(r#""version":""#).unwrap();
    version.split_once('"').unwrap().0.to_owned()
}

/// One after the other: they share the memory that is measured.
#[tokio::test]
async fn what_callers_make_a_server_hold_is_bounded() {
    let bus = Bus::builder().without_discovery().start().unwrap();
    let address = serve(&bus).await;
    // Each sends nearly all that there is room for, a byte in each chunk, and no end.
    let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    let chunks = "1\r\n \r\n".repeat(KIB);
    let before = resident();
    let sending = (0..SENDERS).map(|caller| {
        let chunks = &chunks;
        async move {
            let mut stream = ask(address, caller, "POST /questions/q-0/approve", headers).await;
            for _ in 0..255 {
                stream.write_all(chunks.as_bytes()).await.unwrap();
            }
            stream
        }
    });
    let streams = join_all(sending).await;
    sleep(Duration::from_secs(1)).await;
    let held = resident().saturating_sub(before);
    println!("{SENDERS} callers that do not end their bodies hold {} KiB each", held / SENDERS / KIB);
    assert!(held < SENDERS * 640 * KIB, "{} KiB each", held / SENDERS / KIB);
    drop(streams);

    // Each sends much more than there is room for, and does not read.
    let before = resident();
    let mut flooding =
        join_all((0..4).map(|caller| ask(address, caller, "POST /questions/q-0/approve", headers))).await;
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(MIB));
    for stream in &mut flooding {
        // The server may be gone before all of it is sent.
        for _ in 0..64 {
            let _ = stream.write_all(chunk.as_bytes()).await;
        }
    }
    let held = resident().saturating_sub(before);
    println!("4 callers that send 64 MiB each make the server hold {} KiB", held / KIB);
    assert!(held < 16 * MIB, "{} MiB", held / MIB);

    for number in 0..16 {
        let ask = Approval::new(format!("q-{number}")).details(&"x".repeat(200 * KIB));
        bus.questions().open(ask).await.unwrap();
    }

    // All of them wait for another list than this one, of which a page is 1 MiB.
    let path = format!("GET /questions?wait=60s&since={}", version(address).await);
    let largest = format!("x: {}\r\n", "x".repeat(15 * KIB));
    let before = resident();
    let mut waiting = join_all((0..CALLERS).map(|caller| ask(address, caller, &path, &largest))).await;
    sleep(Duration::from_secs(2)).await;
    let held = resident().saturating_sub(before);
    println!("{CALLERS} callers that wait hold {} KiB each, clients included", held / CALLERS / KIB);
    assert!(held < CALLERS * 64 * KIB, "{} KiB each", held / CALLERS / KIB);
    bus.questions().open(Approval::unnamed()).await.unwrap();
    for stream in &mut waiting {
        assert!(answer(stream).await.starts_with("HTTP/1.1 200 "));
    }
}
