//! Clients that come and go.

use std::io;
use std::net::SocketAddr;

use crate::hostile::frames;
use crate::hostile::raw::{End, Raw};

/// A session that is broken off in the middle of a response.
pub(super) async fn resets(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frames::request()).await?;
    raw.reset()
}

/// A session whose client leaves without a word.
pub(super) async fn departures(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frames::request()).await?;
    Ok(End::Left)
}
