//! The end of a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long a client may continue to send after its answer.
const LINGER: Duration = Duration::from_secs(1);

/// A socket that, when it is shut down, waits until the client has what was written, and then reads and discards what the
/// client still sends. Unread data would make the end of the connection a reset, with which the client may lose the answer,
/// for example that its request is too large.
///
/// The kernel would keep what was written for a client that does not read, long after the socket is closed, and for any number
/// of such clients. So a socket that is dropped before the client has everything is reset.
#[derive(Debug)]
pub(crate) struct Lingering {
    /// `None` if the runtime did not take it back.
    io: Option<TcpStream>,
    /// How long the client may take to read what was written last.
    patience: Duration,
    /// Whether the client has sent anything.
    was_read: bool,
    /// Whether the client may not have all that was written.
    is_owed: bool,
    stage: Stage,
}

type Timer = Pin<Box<Sleep>>;

#[derive(Debug)]
enum Stage {
    Serving,
    /// The client has until then to read.
    Owing(Timer),
    /// The client has everything, and may send until then.
    Discarding(Timer),
}

impl Lingering {
    pub(crate) fn new(io: TcpStream, patience: Duration) -> Self {
        Self { io: Some(io), patience, was_read: false, is_owed: false, stage: Stage::Serving }
    }

    fn io(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.io.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Makes the socket ready to be written when the client has all but what one small packet takes: such a socket has a send
    /// buffer of the smallest size. The runtime looks again at a socket that it is given anew.
    #[cfg(target_os = "linux")]
    fn watch(&mut self) -> io::Result<()> {
        let Some(io) = self.io.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        socket2::SockRef::from(&io).set_send_buffer_size(1)?;
        self.io = Some(TcpStream::from_std(io.into_std()?)?);
        Ok(())
    }

    /// Elsewhere, it is not known what the client has.
    #[cfg(not(target_os = "linux"))]
    fn watch(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Reads and discards what the client sends, and is ready when it sends no more.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 4 * 1024];
        loop {
            let mut scratch = ReadBuf::new(&mut scratch);
            let Ok(io) = self.io() else { return Poll::Ready(()) };
            match ready!(io.poll_read(cx, &mut scratch)) {
                Ok(()) if !scratch.filled().is_empty() => {}
                // The connection has ended, with or without an error.
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(this.io()?.poll_read(cx, buf))?;
        this.was_read |= buf.filled().len() > before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_owed = true;
        this.io()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_owed = true;
        this.io()?.poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.stage {
                Stage::Serving => {
                    this.watch()?;
                    this.stage = Stage::Owing(Box::pin(sleep(this.patience)));
                }
                Stage::Owing(until) => {
                    if until.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    // A client that sends all of a request before it reads must not wait for us.
                    let _ended = this.poll_discard(cx);
                    ready!(this.io()?.poll_write_ready(cx))?;
                    ready!(this.io()?.poll_shutdown(cx))?;
                    this.is_owed = false;
                    this.stage = Stage::Discarding(Box::pin(sleep(LINGER)));
                }
                Stage::Discarding(_) if !this.was_read => return Poll::Ready(Ok(())),
                Stage::Discarding(until) => {
                    if until.as_mut().poll(cx).is_pending() {
                        ready!(this.poll_discard(cx));
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let (true, Some(io)) = (self.is_owed, &self.io)
            && let Err(error) = io.set_zero_linger()
        {
            tracing::debug!(%error, "the kernel may keep what a client has not read");
        }
    }
}
