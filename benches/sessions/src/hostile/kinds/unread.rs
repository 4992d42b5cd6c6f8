//! Clients that make the server write, and do not read.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::hostile::frames;
use crate::hostile::limits::HELD;
use crate::hostile::raw::{End, PING, Raw, TEXT, frame};

/// How long a client that does not read may be held. Small answers take a while to fill what the kernel keeps for
/// it, which are some megabytes; only then is it noticed.
const UNREAD: Duration = HELD.saturating_add(Duration::from_secs(30));

/// Pings of the largest size, each of which is answered by a pong, before there is a session.
pub(super) async fn pings_before_init(address: SocketAddr) -> io::Result<End> {
    Raw::upgraded(address).await?.press(&frame(PING, &[b'p'; 125]), 8_000, UNREAD).await
}

/// The same in a session, with an event now and then, so that it is not idle.
pub(super) async fn pings(address: SocketAddr) -> io::Result<End> {
    let mut batch = frame(PING, &[b'p'; 125]).repeat(160);
    batch.extend(frame(TEXT, br#"{"type":"system.user.started_speaking"}"#));
    Raw::begun(address).await?.press(&batch, 50, UNREAD).await
}

/// Frames that a client may not send, or that cannot be read, each of which is answered by a warning.
pub(super) async fn refused(address: SocketAddr) -> io::Result<End> {
    let role = "r".repeat(2_000);
    let unreadable = format!(r#"{{"type":"agent.transcript.update","role":"{role}","content":""}}"#);
    let both = [frame(TEXT, br#"{"type":"agent.ready"}"#), frame(TEXT, unreadable.as_bytes())].concat();
    Raw::begun(address).await?.press(&both, 500, UNREAD).await
}

/// Asks for floods of events.
pub(super) async fn flood(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.press(&frames::flood(10_000, true), 10, UNREAD).await
}

/// Asks for floods of events that do not wait for room.
pub(super) async fn flood_without_waiting(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.press(&frames::flood(10_000, false), 5, UNREAD).await
}

/// Asks for responses.
pub(super) async fn answers(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.press(&frames::request(), 1_000, UNREAD).await
}

/// Asks for responses that are as large as a frame may be.
pub(super) async fn large_answers(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frames::transcript()).await?;
    raw.press(&frames::request(), 1_000, UNREAD).await
}

/// Asks for the metrics, and does not read those either.
pub(super) async fn metrics(address: SocketAddr) -> io::Result<End> {
    let request = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    Raw::connect(address).await?.press(request, 1_000, UNREAD).await
}
