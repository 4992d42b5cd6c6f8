//! Limits how fast a client sends, and how long it is silent.

use std::pin::Pin;

use tokio::time::{Duration, Instant, Sleep, sleep, sleep_until};

/// Lets so many frames through in each second, and makes the others wait.
pub(super) struct Pace {
    per_second: u32,
    left: u32,
    ends: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, left: per_second, ends: Instant::now() }
    }

    /// Waits until the next frame may be read. Cancel-safe.
    pub(super) async fn ready(&mut self) {
        if self.left == 0 {
            sleep_until(self.ends).await;
            self.left = self.per_second;
        }
    }

    /// Counts a frame that was read now.
    pub(super) fn count(&mut self, now: Instant) {
        if self.left == self.per_second {
            self.ends = now + Duration::from_secs(1);
        }
        self.left -= 1;
    }
}

/// Notices that nothing has been read for some time.
pub(super) struct Silence {
    longest: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Silence {
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest, last: Instant::now(), timer: Box::pin(sleep(longest)) }
    }

    /// Records that something was read now.
    pub(super) fn broken(&mut self, now: Instant) {
        self.last = now;
    }

    /// Waits until the client was silent for too long. Cancel-safe.
    pub(super) async fn too_long(&mut self) {
        loop {
            // The timer is set anew when it goes off, and not for each frame.
            self.timer.as_mut().await;
            let Some(end) = self.last.checked_add(self.longest).filter(|end| *end > Instant::now()) else {
                return;
            };
            self.timer.as_mut().reset(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_begins_with_its_first_frame() {
        let mut pace = Pace::new(2);
        let began = Instant::now();
        pace.count(began);
        tokio::time::advance(Duration::from_millis(900)).await;
        pace.ready().await;
        pace.count(Instant::now());
        pace.ready().await;
        assert_eq!(began.elapsed().as_millis(), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_begins_with_what_was_read_last() {
        let longest = Duration::from_secs(10);
        let mut silence = Silence::new(longest);
        tokio::time::advance(Duration::from_secs(6)).await;
        let last = Instant::now();
        silence.broken(last);
        silence.too_long().await;
        assert_eq!(last.elapsed().as_secs(), 10);
    }
}
