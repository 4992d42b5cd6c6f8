//! What clients may take, and that they take it from nobody else.

use std::net::SocketAddr;
use std::time::Duration;

use atoms::control::QuestionLimits;
use atoms::prelude::*;
use atoms::server::{Routes, ServeError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::client::{connect, get, post, read, request};
use crate::server::{ADA, BOB, EVE, PATIENCE, Running, bus, routes};

const JSON: &str = "content-type: application/json\r\n";
const CHUNKED: &str = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";

/// A client that has sent the head of a request, which is to have a body of chunks.
async fn chunks(server: &Running, token: &str) -> TcpStream {
    let mut stream = connect(server.address).await;
    let head = request("POST", "/questions/refund/approve", token, CHUNKED, "");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let server = Running::with(routes().body_limit(1_000)).await;
    server.open("refund").await;
    let body = |bytes: usize| format!(r#"{{"feedback":"{}"}}"#, "x".repeat(bytes - 15));
    let large = post(server.address, ADA, "/questions/refund/approve", &body(1_001)).await;
    assert!(large.problem(413).contains("1000 bytes"), "{large:?}");
    post(server.address, ADA, "/questions/nothing/approve", &body(1_001)).await.problem(413);
    assert_eq!(post(server.address, ADA, "/questions/refund/approve", &body(1_000)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_said_to_be_too_large_is_not_waited_for() {
    let server = Running::start().await;
    server.open("refund").await;
    for length in ["300000", "9223372036854775807"] {
        let mut stream = connect(server.address).await;
        let headers = format!("{JSON}content-length: {length}\r\n");
        let head = request("POST", "/questions/refund/approve", ADA, &headers, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        read(&mut stream).await.problem(413);
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_and_the_client_is_told() {
    let server = Running::with(routes().body_limit(10_000)).await;
    server.open("refund").await;
    for size in [1, 1_000, 100_000] {
        let mut stream = chunks(&server, ADA).await;
        let (mut reading, mut writing) = stream.split();
        let chunk = format!("{size:x}\r\n{}\r\n", " ".repeat(size)).repeat(1 + 10_000 / size);
        let endless = async { while writing.write_all(chunk.as_bytes()).await.is_ok() {} };
        let mut text = Vec::new();
        // After the answer comes the end, which is a reset, since there is more to read.
        let told = async { while let Ok(1..) = reading.read_buf(&mut text).await {} };
        timeout(PATIENCE, futures_util::future::join(endless, told)).await.expect("it goes on");
        assert!(text.starts_with(b"HTTP/1.1 413 "), "{size}: {:?}", String::from_utf8_lossy(&text));
    }
}

#[tokio::test]
async fn nothing_of_a_body_is_read_of_those_who_are_not_let_in() {
    let server = Running::start().await;
    let mut stream = chunks(&server, "wrong").await;
    read(&mut stream).await.problem(401);
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let server = Running::with(routes().request_timeout(Duration::from_millis(200))).await;
    let id = server.open("refund").await;
    let mut stream = chunks(&server, ADA).await;
    let (mut reading, mut writing) = stream.split();
    let start = Instant::now();
    let dripping = async {
        while writing.write_all(b"1\r\n \r\n").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let mut text = String::new();
    tokio::select! {
        () = dripping => panic!("nothing was answered"),
        read = timeout(PATIENCE, reading.read_to_string(&mut text)) => drop(read.expect("it goes on")),
    }
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn a_body_that_breaks_off_answers_nothing() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    for part in ["2\r\n{}\r\n", "2\r\n{", "zz\r\n", "fffffffffffffffff\r\n"] {
        let mut stream = chunks(&server, ADA).await;
        stream.write_all(part.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("it stays open");
    }
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

/// A server with a question that is larger than what the network takes at once.
async fn with_large_question(server: Server) -> Running {
    let limits = QuestionLimits::new().details(64 << 20);
    let bus = Bus::builder().without_discovery().question_limits(limits).start().unwrap();
    let server = Running::of(server, bus).await;
    server.bus.questions().open(Approval::new("large").details(&"x".repeat(32 << 20))).await.unwrap();
    server
}

/// Asks for the large question, for which the client has little room.
async fn ask_for_large(server: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(request("GET", "/questions/large", BOB, "", "").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_given_up() {
    let routes = routes().write_timeout(Duration::from_millis(200));
    let server = Server::without_sessions().routes(routes).connection_limit(1);
    let server = with_large_question(server).await;
    let _unread = ask_for_large(&server).await;
    let start = Instant::now();
    assert_eq!(get(server.address, BOB, "/health").await.status, 200);
    assert!(
        start.elapsed() >= Duration::from_millis(100),
        "it had the only connection: {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn an_answer_that_is_read_too_slowly_is_given_up() {
    let routes = routes().write_timeout(Duration::from_millis(500));
    let server = with_large_question(Server::without_sessions().routes(routes)).await;
    let mut stream = ask_for_large(&server).await;
    let mut part = vec![0; 64 * 1024];
    let mut count = timeout(PATIENCE, stream.read(&mut part)).await.expect("nothing comes").unwrap();
    let start = Instant::now();
    while let Ok(read @ 1..) = timeout(PATIENCE, stream.read(&mut part)).await.expect("it stays open") {
        count += read;
        if start.elapsed() < Duration::from_secs(1) {
            sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(count < 32 << 20, "{count} bytes came in {:?}", start.elapsed());
}

#[tokio::test]
async fn a_large_answer_is_whole_for_those_who_read_it() {
    let server = with_large_question(Server::without_sessions().routes(routes())).await;
    let mut stream = ask_for_large(&server).await;
    let answer = read(&mut stream).await;
    assert_eq!(answer.json()["details"].as_str().unwrap().len(), 32 << 20);
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
async fn the_kernel_keeps_no_answers_of_clients_that_are_gone_from_the_count() {
    const CONNECTIONS: usize = 8;
    const BYTES: usize = 250_000;
    let routes = routes().write_timeout(Duration::from_millis(200));
    let server = Server::without_sessions().routes(routes).connection_limit(CONNECTIONS);
    let server = Running::of(server, bus()).await;
    server.bus.questions().open(Approval::new("large").details(&"x".repeat(BYTES))).await.unwrap();
    let (mut unread, mut most) = (Vec::new(), 0);
    for number in 0..160 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2_048).unwrap();
        let mut stream = timeout(PATIENCE, socket.connect(server.address)).await.unwrap().unwrap();
        stream.write_all(request("GET", "/questions/large", BOB, "", "").as_bytes()).await.unwrap();
        // One half says that it sends no more, which is not to say that it has read anything.
        if number % 2 == 0 {
            stream.shutdown().await.unwrap();
        }
        unread.push(stream);
        sleep(Duration::from_millis(10)).await;
        most = most.max(kernel_bytes(server.address));
    }
    assert_eq!(get(server.address, BOB, "/health").await.status, 200);
    // They would be 40 MB.
    assert!(most < 2 * CONNECTIONS * BYTES, "the kernel keeps {most} bytes");
    drop(unread);
}

#[tokio::test]
async fn an_answer_is_whole_for_those_who_begin_to_read_it_late() {
    let server = Running::start().await;
    let details = "x".repeat(250_000);
    server.bus.questions().open(Approval::new("large").details(&details)).await.unwrap();
    for says_no_more in [false, true] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2_048).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(request("GET", "/questions/large", BOB, "", "").as_bytes()).await.unwrap();
        if says_no_more {
            stream.shutdown().await.unwrap();
        }
        sleep(Duration::from_secs(2)).await;
        assert_eq!(read(&mut stream).await.json()["details"], details);
    }
}

#[tokio::test]
async fn clients_that_say_nothing_do_not_keep_others_out() {
    let server = Server::without_sessions().routes(routes());
    let server = server.connection_limit(16).header_timeout(Duration::from_millis(200));
    let server = Running::of(server, bus()).await;
    server.open("refund").await;
    let mut silent = Vec::new();
    for number in 0..64 {
        let mut stream = connect(server.address).await;
        if number % 2 == 0 {
            stream.write_all(b"GET /questions HTTP/1.1\r\nx: ").await.unwrap();
        }
        silent.push(stream);
    }
    // Four times as many as there is room for are before it, each for a fifth of a second.
    let honest = timeout(Duration::from_secs(5), get(server.address, ADA, "/questions"));
    assert_eq!(honest.await.expect("it is kept out").names(), ["refund"]);
}

#[tokio::test]
async fn those_who_become_sessions_or_are_answered_leave_their_room() {
    let server = Server::without_sessions().routes(routes()).connection_limit(1);
    let server = Running::of(server, bus()).await;
    for _ in 0..50 {
        assert_eq!(get(server.address, ADA, "/questions").await.status, 200);
        assert_eq!(get(server.address, ADA, "/ws").await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_beside_an_honest_client_is_not_in_its_way() {
    let server = Running::with(routes().waiting_limit(16).body_limit(10_000)).await;
    server.open("refund").await;
    let address = server.address;
    let flood: Vec<_> = (0..32)
        .map(|number| {
            tokio::spawn(async move {
                let large = format!(r#"{{"feedback":"{}"}}"#, "x".repeat(20_000));
                loop {
                    let (path, body) = match number % 4 {
                        0 => ("/questions/refund/approve", large.as_str()),
                        1 => ("/questions?wait=60s", ""),
                        2 => ("/questions/refund/reject", "{"),
                        _ => ("/questions", ""),
                    };
                    let token = if number % 8 < 4 { EVE } else { "wrong" };
                    let method = if path.ends_with('t') || path.ends_with('e') { "POST" } else { "GET" };
                    let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                    let _ = stream.write_all(request(method, path, token, JSON, body).as_bytes()).await;
                    if number % 8 != 1 {
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                    }
                }
            })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    for number in 0..20 {
        let start = Instant::now();
        assert_eq!(get(address, ADA, "/questions").await.names(), ["refund"], "{number}");
        assert!(start.elapsed() < Duration::from_secs(5), "{number}: {:?}", start.elapsed());
    }
    let waiting = tokio::spawn(async move { get(address, ADA, "/questions/refund?wait=30s").await });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished(), "there is room for one who is not of the flood");
    assert_eq!(post(address, ADA, "/questions/refund/approve", "").await.status, 200);
    assert_eq!(timeout(PATIENCE, waiting).await.unwrap().unwrap().json()["end"]["by"], "ada");
    flood.iter().for_each(|client| client.abort());
}

#[tokio::test]
async fn so_many_requests_of_one_principal_are_served_in_a_second() {
    let server = Running::with(routes().requests_per_second(5)).await;
    let id = server.open("refund").await;
    let start = Instant::now();
    let (mut served, mut refused) = (0, None);
    for _ in 0..50 {
        let answer = get(server.address, EVE, "/questions").await;
        match answer.status {
            200 => served += 1,
            _ => refused = Some(answer),
        }
        assert!(served <= 5 + start.elapsed().as_millis() / 200, "{served}");
    }
    let refused = refused.expect("all are served");
    assert!(refused.problem(429).contains("too many requests"), "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(get(server.address, ADA, "/questions").await.names(), ["refund"], "another one is served");
    get(server.address, "wrong", "/questions").await.problem(401);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(get(server.address, EVE, "/questions").await.status, 200);
    assert!(server.bus.questions().get(id).await.unwrap().unwrap().is_open());
}

#[tokio::test]
async fn settings_of_zero_do_not_bind() {
    let routes = Routes::new().body_limit(0).waiting_limit(0).request_timeout(Duration::ZERO);
    let routes = routes.requests_per_second(0);
    let server = Server::without_sessions().routes(routes).connection_limit(0);
    let error = server.bind("127.0.0.1:0").await.unwrap_err();
    let ServeError::Zero(zeros) = &error else { panic!("{error}") };
    assert_eq!(zeros.len(), 5, "{error}");
    assert!(error.to_string().contains("`waiting_limit(0)` leaves no room"), "{error}");
}
