//! How long a client may take to read an answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a client may take to read an answer, or, of an answer that goes on without end, the next part of it: the body of
/// such an answer [says](Self::read) when it is asked for more, and the answer has this as an extension.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    within: Duration,
    begun: Arc<Mutex<Instant>>,
}

impl Pace {
    pub(crate) fn new(within: Duration) -> Self {
        Self { within, begun: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Says that the parts before were read.
    #[cfg(feature = "control")]
    pub(crate) fn read(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn due(&self) -> Instant {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // A time that is too far away is no limit.
        begun.checked_add(self.within).unwrap_or_else(|| begun + Duration::from_secs(86_400 * 365 * 30))
    }

    /// Waits until the client has taken too long.
    pub(crate) async fn exceeded(&self) {
        while self.due() > Instant::now() {
            sleep_until(self.due()).await;
        }
    }
}
