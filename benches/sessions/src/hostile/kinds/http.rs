//! Clients that never get to a WebSocket.

use std::io;
use std::net::SocketAddr;

use crate::hostile::limits::HELD;
use crate::hostile::raw::{End, Raw};

/// A request whose head comes byte by byte.
pub(super) async fn slow_head(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::connect(address).await?;
    raw.send(b"GET /ws HTTP/1.1\r\nHost: ").await?;
    raw.press(b"a", 10, HELD).await
}

/// A request whose head never ends.
pub(super) async fn large_head(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::connect(address).await?;
    raw.send(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: ").await?;
    raw.press(&[b'a'; 4_096], 100, HELD).await
}

/// Asks for a session without saying how, and keeps the connection.
pub(super) async fn no_upgrade(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::connect(address).await?;
    raw.send(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await?;
    raw.wait(HELD).await
}

/// Says nothing at all.
pub(super) async fn silence(address: SocketAddr) -> io::Result<End> {
    Raw::connect(address).await?.wait(HELD).await
}
