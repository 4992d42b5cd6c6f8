//! A session, as its client sees it.

use std::sync::atomic::{AtomicU64, Ordering};

use atoms::agent::{AnyIdentity, Graph, Outgoing, Session, SessionEnd, Sessions};
use atoms::prelude::*;
use futures_util::{sink, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::{SOON, until};

const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;

/// A client on channels.
pub(crate) struct Client {
    sessions: Sessions,
    incoming: UnboundedSender<String>,
    outgoing: UnboundedReceiver<Value>,
    running: JoinHandle<SessionEnd>,
    sent: AtomicU64,
}

impl Client {
    /// Begins the only session of this graph.
    pub(crate) async fn begin(bus: &Bus, graph: Graph) -> Self {
        Self::begin_as(AnyIdentity::new(()), bus, graph).await
    }

    /// The same, for a client that is known.
    pub(crate) async fn begin_as(who: AnyIdentity, bus: &Bus, graph: Graph) -> Self {
        let sessions = Sessions::builder(graph).start(bus).unwrap();
        let (incoming, from_client) = unbounded_channel::<String>();
        let (to_client, outgoing) = unbounded_channel();
        let frames = stream::unfold(from_client, async |mut frames| {
            let frame: String = frames.recv().await?;
            Some((Ok::<_, SessionEnd>(frame.into_bytes()), frames))
        });
        let sent = sink::unfold(to_client, async |to_client: UnboundedSender<Value>, outgoing| {
            if let Outgoing::Frame(frame) = outgoing {
                // The client may be gone.
                let _ = to_client.send(serde_json::from_slice(&frame).unwrap());
            }
            Ok::<_, std::convert::Infallible>(to_client)
        });
        let own = sessions.clone();
        let running = tokio::spawn(async move { own.run_as(who, Box::pin(frames), Box::pin(sent)).await });
        let mut client = Self { sessions, incoming, outgoing, running, sent: AtomicU64::new(0) };
        client.send(INIT);
        client.next_of("agent.ready").await;
        client
    }

    pub(crate) fn session(&self) -> Session {
        self.sessions.list().pop().expect("it goes on")
    }

    pub(crate) fn send(&self, frame: &str) {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.incoming.send(frame.to_owned()).unwrap();
    }

    pub(crate) fn say(&self, text: &str) {
        self.send(&json!({"type": "agent.transcript.update", "role": "user", "content": text}).to_string());
    }

    pub(crate) fn ask(&self) {
        self.send(r#"{"type":"system.llm.request","messages":null}"#);
    }

    pub(crate) fn interrupt(&self) {
        self.send(r#"{"type":"system.control.interrupt"}"#);
    }

    pub(crate) async fn next(&mut self) -> Value {
        timeout(SOON, self.outgoing.recv()).await.expect("something comes").expect("the session goes on")
    }

    /// The next event of this type; those before it are dropped.
    pub(crate) async fn next_of(&mut self, event_type: &str) -> Value {
        loop {
            let next = self.next().await;
            if next["type"] == event_type {
                return next;
            }
        }
    }

    /// The name of the next log entry, but for those of interrupts.
    pub(crate) async fn heard(&mut self) -> String {
        loop {
            let log = self.next_of("agent.log").await;
            if log["name"] != "interrupted" {
                return log["name"].as_str().unwrap().to_owned();
            }
        }
    }

    /// Waits until the session has read all that was sent.
    pub(crate) async fn all_read(&self) {
        until(async || self.sessions.counts().frames_in == self.sent.load(Ordering::SeqCst)).await;
    }

    /// Leaves.
    pub(crate) async fn leave(self) -> SessionEnd {
        drop(self.incoming);
        timeout(SOON, self.running).await.expect("the session ends").unwrap()
    }

    /// Waits for the session to end.
    pub(crate) async fn ended(self) -> SessionEnd {
        let end = timeout(SOON, self.running).await.expect("the session ends").unwrap();
        drop(self.incoming);
        end
    }
}
