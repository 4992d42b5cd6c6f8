//! Clients that read, and want too much.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::hostile::frames;
use crate::hostile::limits::FRAMES_PER_SECOND;
use crate::hostile::raw::{End, Raw, TEXT, frame};

/// How long each goes on before it begins anew.
const TIME: Duration = Duration::from_secs(20);

/// Transcripts of the largest size, which fill the conversation.
pub(super) async fn transcripts(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.converse(&frames::transcript(), 8, TIME).await
}

/// Large events that the bus is slow to handle.
pub(super) async fn notes_for_a_slow_bus(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.converse(&frames::large("soak.note", "text"), 8, TIME).await
}

/// Large events that become dead letters.
pub(super) async fn letters_that_fail(address: SocketAddr) -> io::Result<End> {
    Raw::begun(address).await?.converse(&frames::large("soak.letter", "text"), 8, TIME).await
}

/// Events with as much metadata as a frame has room for, which another event follows from.
pub(super) async fn metadata(address: SocketAddr) -> io::Result<End> {
    let metadata = format!(r#"{{"correlation_id":"c","padding":"{}"}}"#, frames::filled("m", 1));
    let hop = format!(r#"{{"type":"soak.hop","metadata":{metadata},"left":20}}"#);
    Raw::begun(address).await?.converse(&frame(TEXT, hop.as_bytes()), 8, TIME).await
}

/// Interrupts as often as frames are read, between requests.
pub(super) async fn interrupts(address: SocketAddr) -> io::Result<End> {
    let mut both = frames::request();
    both.extend(frame(TEXT, br#"{"type":"system.control.interrupt"}"#));
    Raw::begun(address).await?.converse(&both, FRAMES_PER_SECOND / 2, TIME).await
}

/// A first event of the largest size.
pub(super) async fn large_init(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::upgraded(address).await?;
    raw.send(&frames::large_init()).await?;
    raw.converse(&frames::request(), 1, TIME / 4).await
}
