//! The door to questions, beside sessions and in an application of its own.

use std::future::{pending, ready};
use std::net::SocketAddr;

use atoms_agent::Sessions;
use atoms_control::{Checkpoint, Control, Principal};
use atoms_runtime::HandlerError;
use atoms_server::{Routes, Server, Tokens};
use axum::Router;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::agent::Agent;
use crate::client::Client;
use crate::http::get;
use crate::server::{Running, bus};

fn routes() -> Routes {
    Routes::new().questions(Tokens::new().token("s3cret", Principal::new("ada")))
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer s3cret\r\n");
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
    body.to_owned()
}

#[tokio::test]
async fn people_answer_beside_sessions() {
    let bound =
        Server::new(Agent::graph()).routes(routes().token("another")).bind("127.0.0.1:0").await.unwrap();
    let (address, bus) = (bound.local_addr().unwrap(), bus(&Default::default()));
    let serving = tokio::spawn(bound.serve_until(ready(Ok::<_, HandlerError>(bus.clone())), pending()));
    let opened = bus.questions().open(Checkpoint::new("plan")).await.unwrap();
    ask(address, "POST /questions/plan/approve").await;
    assert!(opened.wait().await.unwrap().is_approved());
    assert_eq!(get(address, "/questions").await.status, 401);
    assert_eq!(get(address, "/health").await.status, 200);
    serving.abort();
}

#[tokio::test]
async fn the_door_may_be_a_part_of_an_application() {
    let bus = bus(&Default::default());
    let router = Router::new().nest("/agents", routes().into_router(bus.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    bus.questions().open(Checkpoint::new("plan review")).await.unwrap();
    let list: Value = serde_json::from_str(&ask(address, "GET /agents/questions?wait=30s").await).unwrap();
    assert_eq!(list["questions"][0]["name"], "plan review");
    let ended: Value =
        serde_json::from_str(&ask(address, "POST /agents/questions/plan%20review/reject").await).unwrap();
    assert_eq!(ended["end"]["by"], "ada");
    assert_eq!(get(address, "/questions").await.status, 404);
    serving.abort();
}

#[tokio::test]
async fn sessions_and_their_questions_are_in_one_application() {
    let server = Running::with(Sessions::builder(Agent::graph()), routes()).await;
    let mut client = Client::begin(server.address).await;
    let opened = server.sessions.bus().questions().open(Checkpoint::new("plan")).await.unwrap();
    ask(server.address, "POST /questions/plan/approve").await;
    assert!(opened.wait().await.unwrap().is_approved());
    assert_eq!(client.hear("hello").await, "You said: hello");
}
