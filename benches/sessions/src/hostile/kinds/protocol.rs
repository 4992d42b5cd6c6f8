//! Clients that break the rules of a WebSocket, and have to be told so.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::hostile::limits::{FRAME, HELD};
use crate::hostile::raw::{End, FIRST_PART, PART, Raw, TEXT, frame};

/// How long each pauses: they are over at once.
const PAUSE: Duration = Duration::from_millis(500);

/// A frame over the limit, all of it.
pub(super) async fn too_large(address: SocketAddr) -> io::Result<End> {
    sleep(PAUSE).await;
    let mut raw = Raw::begun(address).await?;
    raw.send(&frame(TEXT, &vec![b' '; FRAME + FRAME / 4])).await?;
    raw.closed_with(1_009).await
}

/// A message whose parts never end.
pub(super) async fn endless_fragments(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frame(FIRST_PART, b"{")).await?;
    raw.press(&frame(PART, &[b' '; 8_192]), 50, HELD).await
}

/// Text that is not UTF-8.
pub(super) async fn not_utf8(address: SocketAddr) -> io::Result<End> {
    sleep(PAUSE).await;
    let mut raw = Raw::begun(address).await?;
    raw.send(&frame(TEXT, b"{\"type\":\"\xff\xfe\"}")).await?;
    raw.closed_with(1_007).await
}

/// Frames that must not be: each connection another one.
pub(super) async fn broken_rules(address: SocketAddr) -> io::Result<End> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    const BROKEN: [&[u8]; 6] = [
        // Without a mask; with a reserved bit; of a reserved kind; a ping in parts; one that is too long; a part
        // of nothing.
        &[0x81, 0x02, b'{', b'}'],
        &[0xc1, 0x80, 0, 0, 0, 0],
        &[0x83, 0x80, 0, 0, 0, 0],
        &[0x09, 0x80, 0, 0, 0, 0],
        &[0x89, 0xfe, 0, 126, 0, 0, 0, 0],
        &[0x80, 0x80, 0, 0, 0, 0],
    ];
    sleep(PAUSE).await;
    let mut raw = Raw::begun(address).await?;
    raw.send(BROKEN[NEXT.fetch_add(1, Ordering::Relaxed) % BROKEN.len()]).await?;
    raw.closed_with(1_002).await
}
