//! An endpoint that speaks the chat API of OpenAI, and whose answers are known.

use std::future::Future;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// An endpoint that answers every request in one way.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    /// The bodies of the requests that came.
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    serving: JoinHandle<()>,
}

/// A request, as far as the tests want to know it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Endpoint {
    /// Gives each connection, from which one request has been read, to `answer`.
    pub(crate) async fn start<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                sender.send(read(&mut stream).await).unwrap();
                tokio::spawn(answer(stream));
            }
        });
        Self { url, requests, serving }
    }

    /// What names this endpoint to the support desk.
    pub(crate) fn variables(&self) -> [(&str, &str); 3] {
        [("OPENAI_BASE_URL", &self.url), ("OPENAI_API_KEY", "s3cret"), ("OPENAI_MODEL", "parrot")]
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Reads a request with a length.
async fn read(stream: &mut TcpStream) -> Request {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    Request { head, body: serde_json::from_slice(&body).unwrap() }
}

/// Begins an answer that is a stream, which ends when the connection does.
pub(crate) async fn begin(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// Sends a part of the answer.
pub(crate) async fn say(stream: &mut TcpStream, text: &str) {
    send(stream, json!({"index": 0, "delta": {"content": text}, "finish_reason": null})).await;
}

/// Calls a tool, and ends the answer.
pub(crate) async fn call(stream: &mut TcpStream, name: &str, arguments: &str) {
    let function = json!({"name": name, "arguments": arguments});
    let call = json!({"index": 0, "id": "call_1", "type": "function", "function": function});
    send(stream, json!({"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": null})).await;
    end(stream).await;
}

async fn send(stream: &mut TcpStream, choice: Value) {
    let chunk = json!({
        "id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": "parrot", "choices": [choice],
    });
    stream.write_all(format!("data: {chunk}\n\n").as_bytes()).await.unwrap();
}

/// Ends the answer.
pub(crate) async fn end(stream: &mut TcpStream) {
    send(stream, json!({"index": 0, "delta": {}, "finish_reason": "stop"})).await;
    stream.write_all(b"data: [DONE]\n\n").await.unwrap();
}

/// Answers with a status and an error.
pub(crate) async fn fail(stream: &mut TcpStream, status: &str, message: &str) {
    let body = json!({"error": {"message": message, "type": "server_error", "param": null, "code": null}});
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len(),
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
}
