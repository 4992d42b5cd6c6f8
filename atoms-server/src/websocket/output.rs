//! The output that waits to be written to a client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::time::{Duration, Sleep, sleep};

/// How many bytes may wait before the next frame has to wait for room.
pub(super) const BUFFER: usize = 4 * 1024;

/// Frames that wait to be written: less than [`BUFFER`], and one frame.
#[derive(Debug)]
pub(super) struct Output {
    bytes: Vec<u8>,
    written: usize,
    /// How long the client may take to read anything.
    timeout: Duration,
    /// The timer for that. It runs while nothing more can be written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Output {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { bytes: Vec::new(), written: 0, timeout, stalled: None }
    }

    /// Whether there is room for another frame. There is none while the client does not read.
    pub(super) fn has_room(&self) -> bool {
        self.stalled.is_none() && self.bytes.len() < BUFFER
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds a frame. The output is bounded only if the caller adds frames when there is room.
    pub(super) fn add(&mut self, opcode: u8, payload: &[u8]) {
        self.bytes.reserve(payload.len() + 10);
        self.bytes.push(0x80 | opcode);
        match payload.len() {
            length @ ..126 => self.bytes.push(length as u8),
            length @ ..65_536 => {
                self.bytes.push(126);
                self.bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                self.bytes.push(127);
                self.bytes.extend((length as u64).to_be_bytes());
            }
        }
        self.bytes.extend_from_slice(payload);
    }

    /// Writes all output. Fails with [`io::ErrorKind::TimedOut`] if the client reads nothing for too long.
    pub(super) fn poll_write<W>(&mut self, writer: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while self.written < self.bytes.len() {
            match Pin::new(&mut *writer).poll_write(cx, &self.bytes[self.written..]) {
                Poll::Ready(written) => {
                    let written = written?;
                    if written == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.written += written;
                    self.stalled = None;
                }
                Poll::Pending => {
                    let timeout = self.timeout;
                    let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
                    ready!(stalled.as_mut().poll(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        self.written = 0;
        self.bytes.clear();
        // The memory of a large frame is released.
        self.bytes.shrink_to(2 * BUFFER);
        Poll::Ready(Ok(()))
    }
}
