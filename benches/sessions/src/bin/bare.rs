//! The least that a server can do: it looks for the type and answers with fixed bytes, on tokio and tungstenite.

use std::io;

use futures_util::{SinkExt, StreamExt};
use sessions::{server, wire};
use tokio::net::TcpStream;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = server::listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that goes away ends its session and nothing else.
        tokio::spawn(async move { serve(stream).await.ok() });
    }
}

/// Answers one client until it leaves.
async fn serve(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    // In a box, since the session's memory would keep room for the handshake to its end.
    let mut socket = Box::pin(accept_async_with_config(stream, Some(server::config()))).await?;
    while let Some(message) = socket.next().await {
        let answer = match message? {
            Message::Binary(frame) => answer(&frame),
            _ => &[],
        };
        for frame in answer {
            socket.feed(Message::Binary(Bytes::from_static(frame))).await?;
        }
        if !answer.is_empty() {
            socket.flush().await?;
        }
    }
    Ok(())
}

/// The frames that answer this one.
fn answer(frame: &[u8]) -> &'static [&'static [u8]] {
    match wire::kind(frame) {
        Some(b"system.llm.request") => &wire::ANSWER,
        Some(b"system.init") => &[wire::READY],
        Some(b"system.user.joined") => &[wire::GREETING],
        _ => &[],
    }
}
