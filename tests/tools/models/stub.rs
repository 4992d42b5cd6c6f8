//! An endpoint that speaks the chat API of OpenAI, and answers by a script.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::tools::Part;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::endpoint::Endpoint;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    /// The stream ends in the middle of the answer.
    Early,
    /// The connection is cut.
    Cut,
    /// Nothing more comes.
    Hangs,
}

/// One answer of the endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    deltas: Vec<Value>,
    end: End,
}

impl Reply {
    /// A text, in these parts.
    pub(crate) fn text(parts: &[&str]) -> Self {
        Self { deltas: parts.iter().map(|text| json!({ "content": text })).collect(), end: End::Done }
    }

    /// Calls, with their ids `c0`, `c1` and so on. Each comes in three parts, in turns.
    pub(crate) fn calls(calls: &[(&str, &str)]) -> Self {
        let begin = calls.iter().enumerate().map(|(index, (name, _))| {
            let function = json!({"name": name, "arguments": ""});
            json!({"index": index, "id": format!("c{index}"), "type": "function", "function": function})
        });
        let halves = [0, 1].into_iter().flat_map(|half| {
            calls.iter().enumerate().map(move |(index, (_, arguments))| {
                let (first, second) = arguments.split_at(arguments.len() / 2);
                let part = if half == 0 { first } else { second };
                json!({"index": index, "function": {"arguments": part}})
            })
        });
        let deltas = begin.chain(halves).map(|call| json!({ "tool_calls": [call] })).collect();
        Self { deltas, end: End::Done }
    }

    pub(crate) fn ends_early(self) -> Self {
        Self { end: End::Early, ..self }
    }

    pub(crate) fn cut_off(self) -> Self {
        Self { end: End::Cut, ..self }
    }

    pub(crate) fn hangs(self) -> Self {
        Self { end: End::Hangs, ..self }
    }

    fn into_response(self) -> Response {
        let chunk = |delta: Value, reason: Option<&str>| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
            let chunk = json!({
                "id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": "parrot", "choices": [choice],
            });
            format!("data: {chunk}\n\n")
        };
        let mut events: Vec<_> = self.deltas.into_iter().map(|delta| chunk(delta, None)).collect();
        if self.end == End::Done {
            events.push(chunk(json!({}), Some("stop")));
            events.push("data: [DONE]\n\n".into());
        }
        let events = stream::iter(events.into_iter().map(io::Result::Ok));
        let body = match self.end {
            End::Done | End::Early => Body::from_stream(events),
            End::Cut => Body::from_stream(events.chain(stream::once(cut()))),
            End::Hangs => Body::from_stream(events.chain(stream::pending())),
        };
        Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
    }
}

/// An error that comes after what was said before has been sent.
async fn cut() -> io::Result<String> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    Err(io::Error::other("cut"))
}

#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Value>>,
}

/// A running endpoint, which is stopped when this is dropped.
pub(crate) struct Stub {
    script: Arc<Script>,
    url: String,
    serving: JoinHandle<()>,
}

impl Stub {
    /// Starts an endpoint that gives each request its reply. Further requests fail.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script =
            Arc::new(Script { replies: Mutex::new(replies.into_iter().collect()), ..Script::default() });
        let router =
            Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&script));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, url, serving }
    }

    /// The model behind it.
    pub(crate) fn model(&self) -> Endpoint {
        Endpoint::new(&self.url, "s3cret", "parrot")
    }

    /// The bodies of all requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.script.requests.lock().unwrap().clone()
    }

    /// What the model was told of the calls that it asked for last: the results in their order.
    pub(crate) fn told(&self) -> Vec<String> {
        let requests = self.requests();
        let messages = requests.last().unwrap()["messages"].as_array().unwrap();
        let last = messages.iter().rev().take_while(|message| message["role"] == "tool");
        let mut told: Vec<_> = last.map(|it| it["content"].as_str().unwrap().to_owned()).collect();
        told.reverse();
        told
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(State(script): State<Arc<Script>>, request: String) -> Response {
    let request = serde_json::from_str(&request).unwrap();
    script.requests.lock().unwrap().push(request);
    let reply = script.replies.lock().unwrap().pop_front();
    reply.map_or_else(
        || Response::builder().status(400).body(r#"{"error": {"message": "no more"}}"#.into()).unwrap(),
        Reply::into_response,
    )
}

/// A model in this process, which gives these parts for each answer.
#[derive(Debug, Clone)]
pub(crate) struct Parts(pub(crate) Arc<Mutex<VecDeque<Vec<Part>>>>, pub(crate) Arc<Mutex<Vec<String>>>);

impl Parts {
    pub(crate) fn new(answers: impl IntoIterator<Item = Vec<Part>>) -> Self {
        Self(Arc::new(Mutex::new(answers.into_iter().collect())), Arc::default())
    }

    /// What it was told of its calls.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

impl atoms::tools::Model for Parts {
    type Error = Infallible;

    async fn answer(
        &self,
        messages: &[atoms::tools::ChatMessage],
        _: &[atoms::tools::ToolDefinition],
    ) -> Result<impl futures_util::Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
        if let Some(atoms::tools::ChatMessage::Tool { content, .. }) = messages.last() {
            self.1.lock().unwrap().push(content.clone());
        }
        let parts = self.0.lock().unwrap().pop_front().unwrap_or_else(|| vec![Part::End]);
        Ok(stream::iter(parts.into_iter().map(Ok)))
    }
}
