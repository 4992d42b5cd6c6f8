//! The server's end of a WebSocket, as [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455) defines it.
//!
//! tungstenite would hold more: it queues a pong for each ping, whether the client reads them or not, and keeps a read
//! buffer of the size of the largest frame. It also reads nothing after an error, so that the connection ends with a reset,
//! with which the client may lose the close frame.

mod decode;
mod heartbeat;
mod output;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use atoms_agent::{Outgoing, SessionEnd};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use decode::{Decoder, Received};
use heartbeat::{Beat, Heartbeat};
use output::Output;

/// The opcodes of frames.
mod opcode {
    pub(super) const CONTINUATION: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const BINARY: u8 = 2;
    pub(super) const CLOSE: u8 = 8;
    pub(super) const PING: u8 = 9;
    pub(super) const PONG: u8 = 10;
}

/// The longest reason that fits into a [close frame](https://www.rfc-editor.org/rfc/rfc6455#section-5.5).
const LONGEST_REASON: usize = 123;

/// The limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) frame: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) pong_timeout: Duration,
}

/// A connection that receives and sends messages. One task must poll both of its halves.
///
/// As a sink, it closes in order: it sends the close frame, and then reads what the client still sends.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    io: S,
    decoder: Decoder,
    output: Output,
    heartbeat: Heartbeat,
    /// The answer to the last ping, [which is enough](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3).
    pong: Option<Vec<u8>>,
    /// A client that sends text gets text, and one that sends bytes gets bytes.
    speaks_text: bool,
    /// Whether nothing more is read.
    has_ended: bool,
    /// Whether the close frame is written, or waits to be.
    has_closed: bool,
    is_shut: bool,
    /// The end of the session that writing has shown.
    failed: Option<SessionEnd>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(crate) fn new(io: S, limits: Limits) -> Self {
        Self {
            io,
            decoder: Decoder::new(limits.frame),
            output: Output::new(limits.write_timeout),
            heartbeat: Heartbeat::new(limits.ping_interval, limits.pong_timeout),
            pong: None,
            speaks_text: false,
            has_ended: false,
            has_closed: false,
            is_shut: false,
            failed: None,
        }
    }

    fn end(&mut self, end: Option<SessionEnd>) -> Poll<Option<Result<Vec<u8>, SessionEnd>>> {
        self.has_ended = true;
        Poll::Ready(end.map(Err))
    }

    /// Adds the pong, if there is room for it, and writes the output.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.output.has_room()
            && let Some(pong) = self.pong.take()
            && !self.has_closed
        {
            self.output.add(opcode::PONG, &pong);
        }
        let written = ready!(self.output.poll_write(&mut self.io, cx));
        if let Err(error) = &written {
            let stalled = error.kind() == io::ErrorKind::TimedOut;
            self.failed = Some(if stalled { SessionEnd::NotReading } else { SessionEnd::ByClient });
        }
        Poll::Ready(written)
    }

    /// Reads some bytes. There are none at the end of the connection.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = ReadBuf::new(self.decoder.space());
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut space))?;
        let count = space.filled().len();
        Poll::Ready(Ok(count))
    }

    /// Does what is due while nothing comes: pings, pongs and writing.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, SessionEnd>>> {
        while !self.has_closed
            && let Poll::Ready(beat) = self.heartbeat.poll(cx)
        {
            match beat {
                Beat::Missed => return self.end(Some(SessionEnd::NoPong)),
                // Without room, the client does not read.
                Beat::Ping(payload) if self.output.has_room() => self.output.add(opcode::PING, &payload),
                Beat::Ping(_) => {}
            }
        }
        self.poll_control(cx)
    }

    /// Writes what the session does not write.
    fn poll_control(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, SessionEnd>>> {
        if (self.pong.is_some() || !self.output.is_empty())
            && let Poll::Ready(Err(_)) = self.poll_write(cx)
        {
            let end = self.failed.take();
            return self.end(end);
        }
        Poll::Pending
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, SessionEnd>>> {
        loop {
            match self.decoder.next() {
                Ok(Some(Received::Text(message))) => {
                    self.speaks_text = true;
                    return Poll::Ready(Some(Ok(message)));
                }
                Ok(Some(Received::Binary(message))) => return Poll::Ready(Some(Ok(message))),
                Ok(Some(Received::Ping(payload))) => self.pong = Some(payload),
                Ok(Some(Received::Pong(payload))) => self.heartbeat.answered(&payload),
                Ok(Some(Received::Close(answer))) => {
                    if !self.has_closed {
                        self.has_closed = true;
                        self.output.add(opcode::CLOSE, &answer);
                    }
                    return self.end(None);
                }
                Err(end) => return self.end(Some(end)),
                Ok(None) => match self.poll_fill(cx) {
                    Poll::Ready(Ok(0) | Err(_)) => return self.end(None),
                    Poll::Ready(Ok(count)) => self.decoder.filled(count),
                    Poll::Pending => return self.poll_idle(cx),
                },
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Vec<u8>, SessionEnd>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(end) = this.failed.take() {
            return this.end(Some(end));
        }
        if this.has_ended {
            return Poll::Ready(None);
        }
        // A stream of messages must not delay the answer to a ping.
        if this.pong.is_some()
            && let ended @ Poll::Ready(_) = this.poll_control(cx)
        {
            return ended;
        }
        this.poll_receive(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Outgoing> for WebSocket<S> {
    type Error = io::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.output.has_room() { Poll::Ready(Ok(())) } else { this.poll_write(cx) }
    }

    fn start_send(self: Pin<&mut Self>, outgoing: Outgoing) -> io::Result<()> {
        let this = self.get_mut();
        if this.has_closed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        match outgoing {
            Outgoing::Frame(frame) if this.speaks_text && std::str::from_utf8(&frame).is_ok() => {
                this.output.add(opcode::TEXT, &frame);
            }
            Outgoing::Frame(frame) => this.output.add(opcode::BINARY, &frame),
            Outgoing::Close(end) => {
                this.has_closed = true;
                this.output.add(opcode::CLOSE, &close(&end));
            }
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_write(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    /// Writes the output, shuts writing down, and reads to the end of the connection. Unread data would make the end a reset,
    /// with which the client may lose what was written last.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.has_ended = true;
        if !this.is_shut {
            ready!(this.poll_write(cx))?;
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            this.is_shut = true;
        }
        let mut scratch = [0; 8 * 1024];
        loop {
            let mut scratch = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut scratch))?;
            if scratch.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// The payload of a close frame.
fn close(end: &SessionEnd) -> Vec<u8> {
    const CUT: &str = "...";
    let mut reason = end.to_string();
    if reason.len() > LONGEST_REASON {
        reason.truncate(reason.floor_char_boundary(LONGEST_REASON - CUT.len()));
        reason += CUT;
    }
    [&end.close_code().to_be_bytes(), reason.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_cut_off_says_so() {
        let cut = close(&SessionEnd::Failed("é".repeat(62)));
        assert_eq!(cut[2..], *("é".repeat(60) + "...").as_bytes());
        let whole = "x".repeat(LONGEST_REASON);
        assert_eq!(close(&SessionEnd::Failed(whole.clone()))[2..], *whole.as_bytes());
    }
}
