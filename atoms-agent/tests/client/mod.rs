//! A client of a session, on channels instead of a socket.

#![allow(dead_code, reason = "each test uses some of it")]

use std::time::Duration;

use atoms_agent::{Graph, Outgoing, SessionEnd, Sessions, SessionsBuilder};
use atoms_runtime::Bus;
use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// One session, as its client sees it.
pub(crate) struct Client {
    pub(crate) sessions: Sessions,
    incoming: mpsc::Sender<Result<Vec<u8>, SessionEnd>>,
    outgoing: mpsc::Receiver<Outgoing>,
    running: JoinHandle<SessionEnd>,
}

pub(crate) const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;

pub(crate) fn bus() -> Bus {
    Bus::start().unwrap()
}

impl Client {
    /// Begins a session of its own sessions.
    pub(crate) async fn of(graph: Graph) -> Self {
        Self::with(Sessions::builder(graph)).await
    }

    pub(crate) async fn with(builder: SessionsBuilder) -> Self {
        Self::begin(&builder.start(&bus()).unwrap()).await
    }

    /// Begins one of these sessions.
    pub(crate) async fn begin(sessions: &Sessions) -> Self {
        let mut client = Self::connect(sessions);
        client.send(INIT).await;
        let ready = client.next().await;
        assert_eq!(ready["type"], "agent.ready", "{ready}");
        client
    }

    pub(crate) fn connect(sessions: &Sessions) -> Self {
        let (incoming, from_client) = mpsc::channel(16);
        let (to_client, outgoing) = mpsc::channel(16);
        let running = sessions.clone();
        let running = tokio::spawn(async move { running.run(from_client, to_client).await });
        Self { sessions: sessions.clone(), incoming, outgoing, running }
    }

    pub(crate) async fn send(&mut self, frame: &str) {
        self.incoming.send(Ok(frame.as_bytes().to_vec())).await.unwrap();
    }

    /// Ends the connection with this.
    pub(crate) async fn fail(&mut self, end: SessionEnd) {
        self.incoming.send(Err(end)).await.unwrap();
    }

    /// Whether the frame is taken in within a while.
    pub(crate) async fn try_send(&mut self, frame: &str) -> bool {
        timeout(Duration::from_secs(1), self.send(frame)).await.is_ok()
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let said = serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": text});
        self.send(&said.to_string()).await;
        self.send(r#"{"type":"system.llm.request","messages":null}"#).await;
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_outgoing().await {
            Some(Outgoing::Frame(frame)) => serde_json::from_slice(&frame).unwrap(),
            other => panic!("no frame, but {other:?}"),
        }
    }

    pub(crate) async fn next_outgoing(&mut self) -> Option<Outgoing> {
        self.next_outgoing_in(Duration::from_secs(10)).await
    }

    pub(crate) async fn next_outgoing_in(&mut self, time: Duration) -> Option<Outgoing> {
        timeout(time, self.outgoing.next()).await.expect("nothing comes")
    }

    /// The types of the next events, to the end of a response.
    pub(crate) async fn response(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["type"] != "agent.llm.response.end") {
            events.push(self.next().await);
        }
        events
    }

    /// Leaves as the last client, after whom nothing may be left.
    pub(crate) async fn leave_last(self) -> SessionEnd {
        let sessions = self.sessions.clone();
        let end = self.leave().await;
        assert_eq!((sessions.counts().active, sessions.counts().tasks), (0, 0));
        end
    }

    /// Leaves, and returns what the session says of that.
    pub(crate) async fn leave(self) -> SessionEnd {
        drop((self.incoming, self.outgoing));
        self.running.await.unwrap()
    }
}

/// The texts of the chunks among the events.
pub(crate) fn text(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["text"].as_str()).collect()
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}
