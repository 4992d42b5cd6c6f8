//! The settings of the door to questions.

use std::sync::Arc;
use std::time::Duration;

use atoms_agent::ZeroSetting;

use super::auth::Authenticate;
use crate::Routes;

/// The settings of the door in [`Routes`].
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) auth: Option<Arc<dyn Authenticate>>,
    pub(crate) body_limit: usize,
    pub(crate) timeout: Duration,
    pub(crate) requests_per_second: u32,
    pub(crate) waiting_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth: None,
            body_limit: 256 * 1024,
            timeout: Duration::from_secs(10),
            requests_per_second: 100,
            waiting_limit: 256,
        }
    }
}

impl Options {
    /// Whether there is a door.
    pub(crate) fn is_on(&self) -> bool {
        self.auth.is_some()
    }

    /// The settings that are zero and must not be.
    pub(crate) fn zeros(&self) -> Vec<ZeroSetting> {
        let limits = [
            ("question_body_limit", self.body_limit),
            ("question_requests_per_second", self.requests_per_second as usize),
            ("question_waiting_limit", self.waiting_limit),
        ];
        ZeroSetting::find(&limits, &[("question_timeout", self.timeout)])
    }
}

/// The door to the [questions](atoms_control::Questions) of the bus, with the feature `control`.
impl Routes {
    /// Opens the door to questions for those whom this lets in: [`Tokens`](crate::Tokens), or an
    /// [extractor](Authenticate) of the application. Without it, there is no such route.
    pub fn questions(mut self, auth: impl Authenticate) -> Self {
        self.questions.auth = Some(Arc::new(auth));
        self
    }

    /// Sets the size of the largest body of a request to `/questions` that is read, in bytes: 256 KiB by default. A
    /// larger one is answered with 413. The server does not start with zero.
    ///
    /// [`QuestionLimits::answer`](atoms_control::QuestionLimits::answer) limits the size of an answer, too.
    pub fn question_body_limit(mut self, bytes: usize) -> Self {
        self.questions.body_limit = bytes;
        self
    }

    /// Sets how long it may take to find out who sends a request to `/questions`, and then how long the client may take
    /// to send its body: 10 seconds each by default. Then the answer is 503, or 408. The server does not start with
    /// zero.
    pub fn question_timeout(mut self, timeout: Duration) -> Self {
        self.questions.timeout = timeout;
        self
    }

    /// Sets how many requests to `/questions` of one principal are served in a second: 100 by default, as many of them at
    /// once. Further ones are answered with 429. The server does not start with zero.
    ///
    /// Requests of those who are not let in are not counted: a proxy has to limit these.
    pub fn question_requests_per_second(mut self, requests: u32) -> Self {
        self.questions.requests_per_second = requests;
        self
    }

    /// Sets how many requests to `/questions` may wait at once: 256 by default, of which one principal may have a
    /// quarter. Further ones are answered with 503, or 429. The server does not start with zero.
    ///
    /// Each takes one of the [connections](crate::Server::connection_limit) of the server.
    pub fn question_waiting_limit(mut self, requests: usize) -> Self {
        self.questions.waiting_limit = requests;
        self
    }
}
