//! Clients that begin something, and say no more.

use std::io;
use std::net::SocketAddr;

use crate::hostile::frames;
use crate::hostile::limits::{FRAME, HELD};
use crate::hostile::raw::{BINARY, End, FIRST_PART, PART, Raw, TEXT, frame, head};

/// A frame of the largest size, and nothing more.
pub(super) async fn after_a_large_frame(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frames::transcript()).await?;
    raw.wait(HELD).await
}

/// Half a frame of the largest size.
pub(super) async fn after_half_a_frame(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&head(BINARY, FRAME)).await?;
    raw.send(&vec![b' '; FRAME / 2]).await?;
    raw.wait(HELD).await
}

/// A frame of the largest size, of which each byte takes a tenth of a second.
pub(super) async fn byte_by_byte(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&head(TEXT, FRAME)).await?;
    raw.press(b" ", 10, HELD).await
}

/// A message whose parts are empty, and never end.
pub(super) async fn empty_fragments(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frame(FIRST_PART, b"")).await?;
    raw.press(&frame(PART, b""), 1_000, HELD).await
}

/// A client that reads, and says something now and then, but answers no ping.
pub(super) async fn without_pongs(address: SocketAddr) -> io::Result<End> {
    let event = frame(TEXT, br#"{"type":"system.user.started_speaking"}"#);
    match Raw::begun(address).await?.converse(&event, 1, HELD).await? {
        End::Left => Ok(End::Wrong("it is held".into())),
        end => Ok(end),
    }
}
