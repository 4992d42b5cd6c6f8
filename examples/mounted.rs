//! Sessions in an axum application that has routes of its own, and knows its customers. It plays by itself, or serves:
//!
//! ```sh
//! cargo run --example mounted
//! cargo run --example mounted -- --port 8080
//! curl http://127.0.0.1:8080/health     # the application's own
//! ```
//!
//! A page in a browser then opens a session with `new WebSocket("ws://127.0.0.1:8080/ws", ["atoms", "atoms.bearer.ada-token"])`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use atoms::agent::events::{Speak, TranscriptUpdate};
use atoms::agent::{Opening, Sessions};
use atoms::prelude::*;
use atoms::server::{Parts, Routes, StatusCode, TokenFrom};
use atoms::{HandlerError, LogLimit};
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Who a client is, as the application knows.
struct Customer {
    name: &'static str,
}

/// What one customer has said in a session, for all of its nodes.
struct Notes {
    of: &'static str,
    said: Vec<String>,
}

#[derive(Default)]
struct Clerk;

#[node]
impl Clerk {
    #[handler]
    fn note(
        &mut self,
        said: &TranscriptUpdate,
        customer: Identity<Customer>,
        notes: SessionState<Notes>,
    ) -> Speak {
        let mut notes = notes.lock();
        notes.said.push(said.content.clone());
        Speak { text: format!("{}, that is note {}.", customer.name, notes.said.len()) }
    }
}

graph! {
    struct Desk {
        Clerk,
    }
}

/// Finds the customer of a token. A program asks its database.
async fn customer(head: Parts) -> Result<Customer, StatusCode> {
    let token = head.headers.get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    match token.as_bytes() {
        b"Bearer ada-token" => Ok(Customer { name: "Ada" }),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

/// A program reads its database.
async fn load(opening: Opening) -> Result<Notes, HandlerError> {
    let customer = opening.identity::<Customer>().ok_or("it is not known who it is")?;
    Ok(Notes { of: customer.name, said: Vec::new() })
}

/// Clients end sessions as often as they like.
static SAVED: LogLimit = LogLimit::new(10, "more notes were saved");

async fn save(_: Session, notes: SessionState<Notes>) -> Result<(), HandlerError> {
    let notes = notes.lock();
    if SAVED.allows() {
        tracing::info!(of = notes.of, count = notes.said.len(), "notes are saved");
    }
    Ok(())
}

fn app(sessions: Sessions) -> Router {
    let routes = Routes::new().authenticate(customer).token_from(TokenFrom::Subprotocol).without_probes();
    // Under a prefix, it would be `.nest("/agent", routes.into_router(sessions))`.
    Router::new().route("/health", get(async || "all is well")).merge(routes.into_router(sessions))
}

/// Says something as a customer, and returns the answer.
async fn talk(address: SocketAddr, text: &str) -> Result<String, Box<dyn Error>> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "atoms, atoms.bearer.ada-token".parse()?);
    let socket = tokio::net::TcpStream::connect(address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, socket).await?;
    for frame in [
        serde_json::json!({"type": "system.init", "version": "1", "session_context": {"initial_variables": {}, "conversation_type": "chat"}}),
        serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": text}),
    ] {
        socket.send(Message::text(frame.to_string())).await?;
    }
    while let Some(message) = socket.next().await {
        let event: serde_json::Value = serde_json::from_str(message?.to_text()?)?;
        if let Some(text) = event["text"].as_str() {
            socket.close(None).await?;
            return Ok(text.to_owned());
        }
    }
    Err("the agent has said nothing".into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let port = std::env::args().skip_while(|argument| argument != "--port").nth(1);
    let bus = Bus::start()?;
    let sessions =
        Sessions::builder(Desk::graph()).session_state(load).save_session_state(save).start(&bus)?;
    let listener = TcpListener::bind(("127.0.0.1", port.as_deref().unwrap_or("0").parse()?)).await?;
    let address = listener.local_addr()?;
    // Small frames would wait for others.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "small frames may be slow");
        }
    });
    let app = app(sessions.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    if port.is_some() {
        println!(
            "sessions are at ws://{address}/ws, and the application's own health at http://{address}/health"
        );
        tokio::signal::ctrl_c().await?;
    } else {
        println!("{}", talk(address, "the door squeaks").await?);
    }
    sessions.shutdown(Duration::from_secs(10)).await;
    serving.abort();
    bus.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}
