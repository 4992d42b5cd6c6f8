//! How fast a client may send.

use tokio::time::{Duration, Instant, sleep_until};

/// Lets so many frames through in each second, and makes the others wait.
pub(super) struct Pace {
    per_second: u32,
    left: u32,
    ends: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), left: per_second.max(1), ends: Instant::now() }
    }

    /// Waits until the next frame may be read.
    pub(super) async fn next(&mut self) {
        if self.left == 0 {
            sleep_until(self.ends).await;
            self.left = self.per_second;
        }
        if self.left == self.per_second {
            self.ends = Instant::now() + Duration::from_secs(1);
        }
        self.left -= 1;
    }
}
