//! One session, as the client sees it.

use std::io;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::{server, wire};

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no connection.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// The connection broke, or the other side does not speak WebSocket.
    #[error("the connection failed: {0}")]
    Socket(#[from] tungstenite::Error),
    /// The server closed the session.
    #[error("the server closed the session")]
    Closed,
    /// Another frame than this one.
    #[error("instead of `{expected}` came {got}")]
    Unexpected {
        /// The type of the frame that had to come.
        expected: &'static str,
        /// The frame that came.
        got: String,
    },
    /// The server reported an error.
    #[error("the server reported {0}")]
    Reported(String),
    /// A turn without any text.
    #[error("a turn ended without a chunk")]
    Mute,
    /// An answer took too long.
    #[error("the server does not answer in time")]
    Late,
}

/// A session that is past its greeting.
#[derive(Debug)]
pub struct Session {
    socket: WebSocketStream<TcpStream>,
}

impl Session {
    /// Connects, is greeted, and takes a first turn.
    ///
    /// # Errors
    ///
    /// If the server does not answer as it has to.
    pub async fn open(address: SocketAddr) -> Result<Self, Trouble> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/ws");
        let connected = Box::pin(client_async_with_config(url, stream, Some(server::config())));
        let mut session = Self { socket: connected.await?.0 };
        session.send(&[wire::INIT]).await?;
        session.expect("agent.ready").await?;
        session.send(&[wire::JOINED]).await?;
        session.expect("agent.speak").await?;
        session.turn().await?;
        Ok(session)
    }

    /// Says something, and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// If the server does not answer as it has to.
    pub async fn turn(&mut self) -> Result<(), Trouble> {
        self.send(&wire::TURN).await?;
        self.answer(|_| Ok(())).await
    }

    /// Says this, and reads the text of the answer.
    ///
    /// # Errors
    ///
    /// If the server does not answer as it has to.
    pub async fn ask(&mut self, question: &str) -> Result<String, Trouble> {
        let said = json!({"type": "agent.transcript.update", "role": "user", "content": question});
        self.socket.feed(Message::text(said.to_string())).await?;
        self.socket.send(Message::text(r#"{"type":"system.llm.request"}"#)).await?;
        let mut answer = String::new();
        self.answer(|frame| {
            let chunk: Value = serde_json::from_slice(frame)
                .map_err(|_| Trouble::Unexpected { expected: "a chunk", got: text(frame) })?;
            answer.push_str(chunk["text"].as_str().unwrap_or_default());
            Ok(())
        })
        .await?;
        Ok(answer)
    }

    /// Reads an answer to its end.
    async fn answer(&mut self, mut take: impl FnMut(&[u8]) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut mute = true;
        loop {
            let frame = self.frame().await?;
            match wire::kind(&frame) {
                Some(b"agent.llm.response.end") if mute => return Err(Trouble::Mute),
                Some(b"agent.llm.response.end") => return Ok(()),
                Some(b"agent.llm.response.chunk") => {
                    mute = false;
                    take(&frame)?;
                }
                Some(b"agent.error") => return Err(Trouble::Reported(text(&frame))),
                // A server may pass on what it was sent.
                _ => {}
            }
        }
    }

    async fn send(&mut self, frames: &[&'static [u8]]) -> Result<(), Trouble> {
        for frame in frames {
            self.socket.feed(Message::Binary(Bytes::from_static(frame))).await?;
        }
        Ok(self.socket.flush().await?)
    }

    async fn expect(&mut self, expected: &'static str) -> Result<(), Trouble> {
        let frame = self.frame().await?;
        match wire::kind(&frame) {
            Some(kind) if kind == expected.as_bytes() => Ok(()),
            _ => Err(Trouble::Unexpected { expected, got: text(&frame) }),
        }
    }

    async fn frame(&mut self) -> Result<Bytes, Trouble> {
        loop {
            match self.socket.next().await.ok_or(Trouble::Closed)?? {
                Message::Binary(frame) => return Ok(frame),
                Message::Text(frame) => return Ok(frame.into()),
                Message::Close(_) => return Err(Trouble::Closed),
                _ => {}
            }
        }
    }
}

fn text(frame: &[u8]) -> String {
    String::from_utf8_lossy(frame).into_owned()
}
