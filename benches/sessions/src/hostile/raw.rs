//! A socket that keeps to no rule: what goes out is what the attack says, byte for byte.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use super::limits::{CARD, SECRET};
use crate::wire;

/// The client's buffer in the kernel, in bytes: a small one, so that who does not read is noticed soon.
const KERNEL_BUFFER: u32 = 4 * 1_024;

/// How long what the server has written already may take to come in.
const FLUSHED: Duration = Duration::from_secs(2);

/// How often at most something is sent in a second; what is to be sent more often goes out in batches.
const TICKS: u32 = 50;

/// What asks for a session.
pub const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The first bytes of frames.
pub const TEXT: u8 = 0x81;
/// Text that more frames follow.
pub const FIRST_PART: u8 = 0x01;
/// A part that more frames follow.
pub const PART: u8 = 0x00;
/// Bytes.
pub const BINARY: u8 = 0x82;
/// The end of the connection.
pub const CLOSE: u8 = 0x88;
/// A sign of life.
pub const PING: u8 = 0x89;

/// How an attack ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The attacker left.
    Left,
    /// The server ended the connection.
    Ended,
    /// The server did what it must not.
    Wrong(String),
}

/// A connection.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    /// What has been read, as far as it is needed to look for the secrets.
    seen: Vec<u8>,
}

impl Raw {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(KERNEL_BUFFER)?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, seen: Vec::new() })
    }

    /// Connects, and makes it a WebSocket.
    ///
    /// # Errors
    ///
    /// If the server does not agree.
    pub async fn upgraded(address: SocketAddr) -> io::Result<Self> {
        let mut raw = Self::connect(address).await?;
        raw.send(UPGRADE.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(raw.stream.read_u8().await?);
        }
        if head.starts_with(b"HTTP/1.1 101") { Ok(raw) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
    }

    /// Connects, and begins a session.
    ///
    /// # Errors
    ///
    /// If the server does not agree.
    pub async fn begun(address: SocketAddr) -> io::Result<Self> {
        let mut raw = Self::upgraded(address).await?;
        raw.send(&frame(TEXT, wire::INIT)).await?;
        Ok(raw)
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends the same again and again, so many times a second, and reads nothing. Ends when the server ends the
    /// connection, which it has to do within `held`.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn press(mut self, bytes: &[u8], per_second: u32, held: Duration) -> io::Result<End> {
        let pressing = async {
            let (mut ticks, bytes) = paced(bytes, per_second);
            loop {
                ticks.tick().await;
                self.stream.write_all(&bytes).await?;
            }
        };
        match timeout(held, pressing).await {
            Ok(ended) => ended,
            Err(_) => self.verdict().await,
        }
    }

    /// Does nothing until the server ends the connection, which it has to do within `held`.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn wait(mut self, held: Duration) -> io::Result<End> {
        let end = Instant::now() + held;
        while Instant::now() < end {
            if self.stream.ready(Interest::READABLE | Interest::WRITABLE).await?.is_read_closed() {
                return Ok(End::Ended);
            }
            sleep(Duration::from_millis(100)).await;
        }
        self.verdict().await
    }

    /// Reads what is there to its end: only a connection that the server has ended has one.
    async fn verdict(&mut self) -> io::Result<End> {
        match timeout(FLUSHED, self.drain()).await {
            Ok(ended) => ended,
            Err(_) => Ok(End::Wrong("it is held".into())),
        }
    }

    /// Sends the same again and again, so many times a second, and reads all that comes, for some time.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn converse(mut self, bytes: &[u8], per_second: u32, time: Duration) -> io::Result<End> {
        let (mut incoming, mut outgoing) = self.stream.split();
        let sending = async {
            let (mut ticks, bytes) = paced(bytes, per_second);
            loop {
                ticks.tick().await;
                outgoing.write_all(&bytes).await?;
            }
        };
        tokio::select! {
            end = drain(&mut incoming, &mut self.seen) => end,
            end = sending => end,
            () = sleep(time) => Ok(End::Left),
        }
    }

    /// Reads to the end, without keeping anything.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub async fn drain(&mut self) -> io::Result<End> {
        drain(&mut self.stream, &mut self.seen).await
    }

    /// Reads to the close frame, which has to have this code.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub async fn closed_with(mut self, code: u16) -> io::Result<End> {
        let end = timeout(super::limits::HELD, self.close_code()).await;
        Ok(match end {
            Ok(Ok(found)) if found == code => End::Ended,
            Ok(Ok(found)) => End::Wrong(format!("closed with {found} instead of {code}")),
            Ok(Err(error)) => End::Wrong(format!("ended without the close code {code}: {error}")),
            Err(_) => End::Wrong(format!("not closed with {code} in time")),
        })
    }

    async fn close_code(&mut self) -> io::Result<u16> {
        loop {
            let [first, second] = [self.stream.read_u8().await?, self.stream.read_u8().await?];
            let size = match second & 0x7f {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                size => u64::from(size),
            };
            if first == CLOSE {
                return if size < 2 { Ok(1_005) } else { self.stream.read_u16().await };
            }
            let mut payload = vec![0; size as usize];
            self.stream.read_exact(&mut payload).await?;
        }
    }

    /// Breaks the connection off, so that the other side gets an error.
    ///
    /// # Errors
    ///
    /// If it is broken already.
    pub fn reset(self) -> io::Result<End> {
        self.stream.set_zero_linger()?;
        Ok(End::Left)
    }
}

async fn drain(incoming: &mut (impl AsyncReadExt + Unpin), seen: &mut Vec<u8>) -> io::Result<End> {
    let longest = SECRET.len().max(CARD.len());
    let mut chunk = [0; 4 * 1_024];
    loop {
        let count = incoming.read(&mut chunk).await?;
        if count == 0 {
            return Ok(End::Ended);
        }
        seen.extend_from_slice(&chunk[..count]);
        if let Some(shown) = [SECRET, CARD].iter().find(|text| memmem::find(seen, text.as_bytes()).is_some())
        {
            return Ok(End::Wrong(format!("the client was shown `{shown}`")));
        }
        seen.drain(..seen.len().saturating_sub(longest));
    }
}

/// When to send how much, so that it is these bytes so many times a second. Who was held up does not catch up.
fn paced(bytes: &[u8], per_second: u32) -> (Interval, Vec<u8>) {
    let ticks_a_second = per_second.clamp(1, TICKS);
    let mut ticks = interval(Duration::from_secs(1) / ticks_a_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    (ticks, bytes.repeat((per_second / ticks_a_second) as usize))
}

/// A frame as a client has to send it: masked, with zeros, so that it can be made once and sent often.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len());
    frame.extend_from_slice(payload);
    frame
}

/// What a frame begins with that says how large it is, and what masks it.
pub fn head(first: u8, size: usize) -> Vec<u8> {
    let mut head = vec![first];
    match size {
        0..126 => head.push(0x80 | size as u8),
        126..0x1_0000 => {
            head.push(0x80 | 126);
            head.extend_from_slice(&(size as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    head.extend_from_slice(&[0; 4]);
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_how_large_a_frame_is() {
        assert_eq!(frame(PING, b"abc"), [0x89, 0x83, 0, 0, 0, 0, b'a', b'b', b'c']);
        assert_eq!(head(TEXT, 300)[..4], [0x81, 0xfe, 1, 44]);
        assert_eq!(head(TEXT, 1 << 20)[..10], [0x81, 0xff, 0, 0, 0, 0, 0, 16, 0, 0]);
    }

    #[tokio::test]
    async fn a_secret_is_found_where_two_reads_meet() {
        let (mut one, mut other) = tokio::io::duplex(8);
        let writing = async move { one.write_all(format!("..{SECRET}..").as_bytes()).await };
        let mut seen = Vec::new();
        let (written, read) = tokio::join!(writing, drain(&mut other, &mut seen));
        written.unwrap();
        assert!(matches!(read, Ok(End::Wrong(_))), "{read:?}");
    }
}
