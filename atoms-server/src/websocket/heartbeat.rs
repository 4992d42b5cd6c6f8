//! Checks with pings whether a client is still there.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Duration, Instant, Sleep, sleep};

/// Decides when to ping a client, and when it has not answered in time.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    timer: Pin<Box<Sleep>>,
    number: u32,
    is_awaited: bool,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Send a ping with this payload.
    Ping([u8; 4]),
    /// The client did not answer the last one in time.
    Missed,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration) -> Self {
        Self { interval, timeout, timer: Box::pin(sleep(interval)), number: 0, is_awaited: false }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Beat> {
        ready!(self.timer.as_mut().poll(cx));
        if self.is_awaited {
            return Poll::Ready(Beat::Missed);
        }
        self.is_awaited = true;
        self.number = self.number.wrapping_add(1);
        self.wait(self.timeout);
        Poll::Ready(Beat::Ping(self.number.to_be_bytes()))
    }

    /// Takes a pong. Unsolicited pongs are ignored.
    pub(super) fn answered(&mut self, payload: &[u8]) {
        if self.is_awaited && payload == self.number.to_be_bytes() {
            self.is_awaited = false;
            self.wait(self.interval);
        }
    }

    fn wait(&mut self, time: Duration) {
        // Where that is too far ahead, it never comes.
        let never = Duration::from_secs(86_400 * 365 * 30);
        self.timer.as_mut().reset(Instant::now() + time.min(never));
    }
}
