//! A client that writes what it likes to its socket.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server::PATIENCE;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The names of the questions in a list.
    pub(crate) fn names(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        let json = self.json();
        let questions = json["questions"].as_array().unwrap().iter();
        questions.map(|question| question["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn version(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["version"].as_str().unwrap().to_owned()
    }

    /// Asserts that it is a problem with this status, and gives its text.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        let json = self.json();
        assert_eq!((self.status, &json["status"]), (status, &status.into()), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert!(json["type"].is_string() && json["title"].is_string(), "{self:?}");
        json["detail"].as_str().unwrap().to_owned()
    }
}

/// A request with a token and these headers, each with its line end, and a body.
pub(crate) fn request(method: &str, path: &str, token: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n{headers}{length}\r\n{body}"
    )
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    timeout(PATIENCE, TcpStream::connect(address)).await.expect("nobody listens").unwrap()
}

/// Writes a request, and reads the answer to the end of the connection.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(address).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    read(&mut stream).await
}

pub(crate) async fn read(stream: &mut TcpStream) -> Answer {
    let mut text = String::new();
    let reading = stream.read_to_string(&mut text);
    timeout(PATIENCE, reading).await.expect("no answer").unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

pub(crate) async fn get(address: SocketAddr, token: &str, path: &str) -> Answer {
    send(address, &request("GET", path, token, "", "")).await
}

/// Says something to a question, in JSON.
pub(crate) async fn post(address: SocketAddr, token: &str, path: &str, body: &str) -> Answer {
    send(address, &request("POST", path, token, "content-type: application/json\r\n", body)).await
}
