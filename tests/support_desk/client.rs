//! A client of the support desk.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::served::Server;

const PATIENCE: Duration = Duration::from_secs(10);

/// One session, which has been greeted.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the bot said first.
    pub(crate) greeting: String,
}

impl Client {
    pub(crate) async fn join(server: &Server, variables: Value) -> Self {
        let (socket, _) = connect_async(server.socket()).await.unwrap();
        let mut client = Self { socket, greeting: String::new() };
        let context = json!({"initial_variables": variables, "conversation_type": "chat"});
        client.send(json!({"type": "system.init", "version": "1", "session_context": context})).await;
        client.send(json!({"type": "system.user.joined"})).await;
        assert_eq!(client.next().await["type"], "agent.ready");
        let greeting = client.next().await;
        assert_eq!(greeting["type"], "agent.speak");
        client.greeting = greeting["text"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn send(&mut self, event: Value) {
        self.socket.send(Message::text(event.to_string())).await.unwrap();
    }

    /// Says something, and asks for an answer.
    pub(crate) async fn say(&mut self, text: &str) {
        self.tell("user", text).await;
        self.send(json!({"type": "system.llm.request", "messages": null})).await;
    }

    /// Tells what somebody has said.
    pub(crate) async fn tell(&mut self, role: &str, content: &str) {
        self.send(json!({"type": "agent.transcript.update", "role": role, "content": content})).await;
    }

    /// The next event of the agent.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no event, but {other:?}"),
        }
    }

    pub(crate) async fn next_message(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.socket.next()).await.expect("nothing comes").map(Result::unwrap)
    }

    /// The events up to the end of a response.
    pub(crate) async fn response(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["type"] != "agent.llm.response.end") {
            events.push(self.next().await);
        }
        events
    }

    /// What the bot answers, in its parts.
    pub(crate) async fn ask(&mut self, text: &str) -> Vec<String> {
        self.say(text).await;
        chunks(&self.response().await)
    }
}

/// The texts of the chunks among these events.
pub(crate) fn chunks(events: &[Value]) -> Vec<String> {
    let chunks = events.iter().filter(|event| event["type"] == "agent.llm.response.chunk");
    chunks.map(|chunk| chunk["text"].as_str().unwrap().to_owned()).collect()
}

/// The events of this type.
pub(crate) fn of_type<'a>(events: &'a [Value], event_type: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == event_type).collect()
}
