//! A desk of several agents, in an application of its own.
//!
//! ```sh
//! cargo run -p agent-desk                     # a customer comes twice, and it ends
//! cargo run -p agent-desk -- --port 8080      # serves
//! curl -d "This is Grace." http://127.0.0.1:8080/customers/ada/say      # a colleague, while Ada is here
//! ```
//!
//! A page in a browser then opens a session with `new WebSocket("ws://127.0.0.1:8080/ws", ["atoms", "atoms.bearer.ada-token"])`.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use agent_desk::{Cases, Customers};
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--port", port] => Some(port.parse()?),
        _ => return Err("usage: agent-desk [--port PORT]".into()),
    };
    let bus = agent_desk::bus().start()?;
    let sessions = agent_desk::sessions(&bus, &Arc::new(Cases::default()))?;
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await?;
    let address = listener.local_addr()?;
    // Small frames would wait for others.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let app = agent_desk::app(sessions.clone(), Arc::new(Customers::default()));
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    if port.is_some() {
        println!("sessions are at ws://{address}/ws, and the application is at http://{address}/health");
        tokio::signal::ctrl_c().await?;
    } else {
        visit(address, &[("What do nails cost?", 1), ("I buy them. And where is order 1002?", 3)]).await?;
        while sessions.counts().active > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await; // the case is saved
        }
        visit(address, &[("I want to talk to a human", 1)]).await?;
    }
    sessions.shutdown(Duration::from_secs(10)).await;
    serving.abort();
    bus.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}

/// Comes as Ada, says each text, and waits until the agents have answered so many times.
async fn visit(address: SocketAddr, says: &[(&str, usize)]) -> Result<(), Box<dyn Error>> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    request.headers_mut().insert("authorization", "Bearer ada-token".parse()?);
    let (mut socket, _) =
        tokio_tungstenite::client_async(request, TcpStream::connect(address).await?).await?;
    let context = json!({"initial_variables": {}, "conversation_type": "chat"});
    for frame in [
        json!({"type": "system.init", "version": "1", "session_context": context}),
        json!({"type": "system.user.joined"}),
    ] {
        socket.send(Message::text(frame.to_string())).await?;
    }
    let mut said = String::new();
    let mut missing = 1; // the greeting
    let mut says = says.iter();
    while let Some(message) = socket.next().await {
        let event: Value = serde_json::from_str(message?.to_text()?)?;
        match event["type"].as_str() {
            Some("agent.speak") => println!("  desk: {}", event["text"].as_str().unwrap_or_default()),
            Some("agent.llm.response.chunk") => said += event["text"].as_str().unwrap_or_default(),
            Some("agent.llm.response.end") => {
                println!(
                    "  {}: {}",
                    event["metadata"]["node"].as_str().unwrap_or("desk"),
                    std::mem::take(&mut said)
                );
            }
            _ => continue,
        }
        missing -= usize::from(event["type"] != "agent.llm.response.chunk");
        if missing > 0 {
            continue;
        }
        let Some((text, answers)) = says.next() else { break };
        println!("Ada: {text}");
        missing = *answers;
        for frame in [
            json!({"type": "agent.transcript.update", "role": "user", "content": text}),
            json!({"type": "system.llm.request"}),
        ] {
            socket.send(Message::text(frame.to_string())).await?;
        }
    }
    socket.close(None).await?;
    Ok(())
}
