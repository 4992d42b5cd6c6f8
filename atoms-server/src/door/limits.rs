//! What callers at the doors may take.

use std::sync::Arc;
use std::time::Duration;

use atoms_agent::ZeroSetting;

use super::rate::Rate;
use super::waiting::Waiting;
use crate::Routes;

/// The limits of callers at the doors in [`Routes`].
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(super) body_limit: usize,
    pub(super) request_timeout: Duration,
    pub(super) requests_per_second: u32,
    pub(super) waiting_limit: usize,
}

/// What all requests to the doors share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) limits: Limits,
    pub(super) rate: Rate,
    pub(super) waiting: Arc<Waiting>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_limit: 256 * 1024,
            request_timeout: Duration::from_secs(10),
            requests_per_second: 100,
            waiting_limit: 256,
        }
    }
}

impl Limits {
    /// The settings that are zero and must not be.
    pub(crate) fn zeros(&self) -> Vec<ZeroSetting> {
        let limits = [
            ("body_limit", self.body_limit),
            ("requests_per_second", self.requests_per_second as usize),
            ("waiting_limit", self.waiting_limit),
        ];
        ZeroSetting::find(&limits, &[("request_timeout", self.request_timeout)])
    }
}

impl From<Limits> for Shared {
    fn from(limits: Limits) -> Self {
        let rate = Rate::new(limits.requests_per_second);
        let waiting = Arc::new(Waiting::new(limits.waiting_limit));
        Self { limits, rate, waiting }
    }
}

/// The limits of callers at the doors, with the feature `control`.
impl Routes {
    /// Sets the size of the largest body of a request at a door that is read, in bytes: 256 KiB by default. A larger one
    /// is answered with 413. The server does not start with zero.
    ///
    /// [`QuestionLimits::answer`](atoms_control::QuestionLimits::answer) limits the size of an answer, too.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.doors.body_limit = bytes;
        self
    }

    /// Sets how long it may take to find out who sends a request at a door, and then how long the client may take to send
    /// its body: 10 seconds each by default. Then the answer is 503, or 408. The server does not start with zero.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.doors.request_timeout = timeout;
        self
    }

    /// Sets how many requests of one principal are served in a second, at all doors together: 100 by default, as many of
    /// them at once. Further ones are answered with 429. The server does not start with zero.
    ///
    /// Requests of those who are not let in are not counted: a proxy has to limit these.
    pub fn requests_per_second(mut self, requests: u32) -> Self {
        self.doors.requests_per_second = requests;
        self
    }

    /// Sets how many requests may wait at once, at all doors together: 256 by default, of which one principal may have a
    /// quarter. Further ones are answered with 503, or 429. The server does not start with zero.
    ///
    /// Each takes one of the [connections](crate::Server::connection_limit) of the server.
    pub fn waiting_limit(mut self, requests: usize) -> Self {
        self.doors.waiting_limit = requests;
        self
    }
}
