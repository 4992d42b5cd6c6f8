//! The door to control.

mod access;
mod floods;
mod others;
mod steering;
mod stream;

use std::time::Duration;

use atoms::control::{History, Running as Run_, Steering};
use atoms::prelude::*;
use atoms::server::{Routes, Server};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{connect, request};
use crate::server::{PATIENCE, Running, tokens};

/// The token of one who may see and steer all.
const OPS: &str = "ops-s3cret";

fn routes() -> Routes {
    let ops = Principal::new("ops").role("operator");
    Routes::new().control(tokens().token(OPS, ops)).control_operators("operator")
}

fn bus() -> Bus {
    let bus = Bus::builder().without_discovery().steering(Steering::new());
    bus.history(History::new()).counted().start().unwrap()
}

async fn with(routes: Routes, bus: Bus) -> Running {
    Running::of(Server::without_sessions().routes(routes), bus).await
}

async fn start() -> Running {
    with(routes(), bus()).await
}

/// Starts a run that goes on until it is cancelled, for somebody or for nobody.
fn run(bus: &Bus, name: &str, principal: Option<&Principal>) -> Run_<()> {
    let runs = principal.map_or_else(|| bus.runs(), |principal| bus.runs().for_principal(principal));
    runs.start(name, async |run: Run| {
        run.cancelled().await;
        Ok(())
    })
}

fn id(running: &Run_<()>) -> String {
    running.run().expect("it was started").id().to_string()
}

/// Waits until this is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it becomes so soon");
}

/// What comes on a stream.
#[derive(Debug, Default, Clone, PartialEq)]
struct Sent {
    id: Option<String>,
    name: Option<String>,
    data: Value,
}

impl Sent {
    fn event_type(&self) -> &str {
        self.data["event"]["type"].as_str().unwrap_or_default()
    }
}

/// Somebody who reads a stream.
struct Reader {
    stream: BufReader<TcpStream>,
    head: String,
    text: String,
}

impl Reader {
    async fn open(server: &Running, token: &str, query: &str) -> Self {
        Self::with(server, token, query, "").await
    }

    async fn after(server: &Running, token: &str, id: &str) -> Self {
        Self::with(server, token, "", &format!("last-event-id: {id}\r\n")).await
    }

    async fn with(server: &Running, token: &str, query: &str, headers: &str) -> Self {
        let mut stream = BufReader::new(connect(server.address).await);
        let request = request("GET", &format!("/control/events{query}"), token, headers, "");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(PATIENCE, stream.read_line(&mut head)).await.expect("no head").unwrap();
            assert!(read > 0, "no stream: {head:?}");
        }
        let mut reader = Self { stream, head: head.to_ascii_lowercase(), text: String::new() };
        if reader.head.starts_with("http/1.1 200 ") {
            assert_eq!(reader.block().await.as_deref(), Some("retry: 1000"));
        }
        reader
    }

    /// Reads a chunk; `false` at the end.
    async fn chunk(&mut self) -> bool {
        let mut size = String::new();
        if self.stream.read_line(&mut size).await.unwrap_or_default() == 0 {
            return false;
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        if self.stream.read_exact(&mut chunk).await.is_err() {
            return false;
        }
        self.text += std::str::from_utf8(&chunk[..size]).unwrap();
        size > 0
    }

    /// What stands before the next empty line; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            if !timeout(PATIENCE, self.chunk()).await.expect("nothing comes") {
                return None;
            }
        }
    }

    /// The next one that is no comment; `None` at the end.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            let block = self.block().await?;
            let mut sent = Sent::default();
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => sent.id = Some(id.into()),
                    Some(("event", name)) => sent.name = Some(name.into()),
                    Some(("data", data)) => sent.data = serde_json::from_str(data).unwrap(),
                    _ => assert_eq!(line, ":"),
                }
            }
            if sent != Sent::default() {
                return Some(sent);
            }
        }
    }

    async fn types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        while types.len() < count {
            types.push(self.next().await.expect("it goes on").event_type().to_owned());
        }
        types
    }

    /// Whether nothing comes for a while.
    async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_millis(100), self.next()).await.is_err()
    }
}
