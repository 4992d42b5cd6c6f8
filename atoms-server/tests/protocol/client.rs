//! A client at the other end of a socket.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::server::PATIENCE;

pub(crate) const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;
pub(crate) const INTERRUPT: &str = r#"{"type":"system.control.interrupt"}"#;

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// A connection on which nothing has been said.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::open(address, request(address, &[])).await.unwrap()
    }

    pub(crate) async fn try_connect(address: SocketAddr) -> Result<Self, Error> {
        Self::open(address, request(address, &[])).await
    }

    pub(crate) async fn open(address: SocketAddr, request: Request) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, request).await
    }

    pub(crate) async fn over(stream: TcpStream, request: Request) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        // Answers repeat what was asked.
        let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self { socket })
    }

    /// A session that has begun.
    pub(crate) async fn begin(address: SocketAddr) -> Self {
        Self::begin_with(address, INIT).await
    }

    pub(crate) async fn begin_with(address: SocketAddr, init: &str) -> Self {
        let mut client = Self::connect(address).await;
        client.send(init).await;
        assert_eq!(client.next().await["type"], "agent.ready");
        client
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Asks for a response to this.
    pub(crate) async fn ask(&mut self, text: &str) {
        self.send(&asking(text)).await;
    }

    /// Tells that the user has said this.
    pub(crate) async fn tell(&mut self, text: &str) {
        let said = json!({"type": "agent.transcript.update", "role": "user", "content": text});
        self.send(&said.to_string()).await;
    }

    /// What comes next, whatever it is; `None` at the end of the connection.
    pub(crate) async fn message(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.socket.next()).await.expect("nothing comes")
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Binary(bytes))) => return serde_json::from_slice(&bytes).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no event, but {other:?}"),
            }
        }
    }

    /// The next events, up to the first of this type.
    pub(crate) async fn up_to(&mut self, last: &str) -> Vec<Value> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["type"] != last) {
            events.push(self.next().await);
        }
        events
    }

    /// The next events, to the end of a response.
    pub(crate) async fn response(&mut self) -> Vec<Value> {
        self.up_to("agent.llm.response.end").await
    }

    /// Asks, and gives the text of the response.
    pub(crate) async fn hear(&mut self, text: &str) -> String {
        self.ask(text).await;
        text_of(&self.response().await)
    }

    /// The events up to the close frame, which is answered, and its code.
    pub(crate) async fn until_closed(&mut self) -> (Vec<Value>, u16) {
        let closed = self.until_closing().await;
        // The server may not wait for it.
        let _ = self.socket.flush().await;
        closed
    }

    /// The events up to the close frame, and its code.
    pub(crate) async fn until_closing(&mut self) -> (Vec<Value>, u16) {
        let mut events = Vec::new();
        loop {
            match self.message().await {
                Some(Ok(Message::Close(Some(close)))) => return (events, close.code.into()),
                Some(Ok(Message::Text(text))) => events.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Binary(bytes))) => events.push(serde_json::from_slice(&bytes).unwrap()),
                other => panic!("no close frame, but {other:?}, after {events:?}"),
            }
        }
    }
}

/// What a client asks the server for, with these headers.
pub(crate) fn request(address: SocketAddr, headers: &[(&'static str, &str)]) -> Request {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// A request for a response to this.
pub(crate) fn asking(text: &str) -> String {
    let messages = [json!({"role": "user", "content": text})];
    json!({"type": "system.llm.request", "messages": messages}).to_string()
}

/// The texts of the chunks among the events.
pub(crate) fn text_of(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["text"].as_str()).collect()
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

/// Asserts that an event is a warning that has these words.
#[track_caller]
pub(crate) fn assert_warns(event: &Value, words: &str) {
    assert_eq!((&event["type"], &event["severity"]), (&json!("agent.error"), &json!("warning")), "{event}");
    assert!(event["message"].as_str().unwrap().contains(words), "{event}");
}
