//! A client at the other end of a socket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::agent::{Agent, PATIENCE};

pub(crate) const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;
pub(crate) const INTERRUPT: &str = r#"{"type":"system.control.interrupt"}"#;

/// One connection.
#[derive(Debug)]
pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    /// A connection on which nothing has been said.
    pub(crate) async fn connect(agent: &Agent) -> Self {
        let stream = TcpStream::connect(&agent.address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{}/ws", agent.address), stream).await.unwrap();
        Self(socket)
    }

    /// A session that has begun.
    pub(crate) async fn begin(agent: &Agent) -> Self {
        let mut client = Self::connect(agent).await;
        client.send(INIT).await;
        assert_eq!(client.next().await["type"], "agent.ready");
        client
    }

    pub(crate) async fn send(&mut self, frame: &str) {
        self.0.send(Message::text(frame)).await.unwrap();
    }

    /// Asks for a response to this.
    pub(crate) async fn ask(&mut self, text: &str) {
        let messages = [json!({"role": "user", "content": text})];
        self.send(&json!({"type": "system.llm.request", "messages": messages}).to_string()).await;
    }

    /// Tells that the user has said this.
    pub(crate) async fn tell(&mut self, text: &str) {
        let said = json!({"type": "agent.transcript.update", "role": "user", "content": text});
        self.send(&said.to_string()).await;
    }

    async fn message(&mut self) -> Message {
        let next = timeout(PATIENCE, self.0.next()).await.expect("nothing comes");
        next.expect("the connection ended").unwrap()
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no event, but {other:?}"),
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
        let mut events = Vec::new();
        loop {
            match self.message().await {
                Message::Close(close) => {
                    // The agent may not wait for it.
                    let _ = self.0.flush().await;
                    return (events, close.unwrap().code.into());
                }
                frame => events.push(serde_json::from_slice(&frame.into_data()).unwrap()),
            }
        }
    }
}

/// The texts of the chunks among the events.
pub(crate) fn text_of(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["text"].as_str()).collect()
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}
