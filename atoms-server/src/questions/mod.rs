//! The door to questions: people who are authenticated list and answer their questions over HTTP.

mod list;
mod one;
pub(crate) mod view;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atoms_control::{Control, Principal, Question};
use atoms_runtime::{Bus, LogLimit};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::routing::any;
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::access::Access;
use crate::door::{AuthError, Authenticate, Options, Problem, Rate, Waiting};
use crate::served::Served;

/// A failure of `Authenticate` may repeat for each request.
static NOT_KNOWN: LogLimit = LogLimit::new(10, "more times, it could not be found out who sends a request");

/// What all requests to the door share.
struct Door {
    auth: Arc<dyn Authenticate>,
    access: Arc<Access>,
    served: Arc<OnceLock<Served>>,
    body_limit: usize,
    timeout: Duration,
    rate: Rate,
    waiting: Arc<Waiting>,
}

/// A request that was let in.
struct Caller {
    principal: Principal,
    bus: Bus,
    head: Parts,
}

/// The routes of the door, if there is one.
pub(crate) fn routes(options: Options, access: Arc<Access>, served: Arc<OnceLock<Served>>) -> Router {
    let Some(auth) = options.auth else { return Router::new() };
    let door = Door {
        auth,
        access,
        served,
        body_limit: options.body_limit,
        timeout: options.timeout,
        rate: Rate::new(options.requests_per_second),
        waiting: Arc::new(Waiting::new(options.waiting_limit)),
    };
    Router::new()
        .route("/questions", any(list::list))
        .route("/questions/{question}", any(one::one))
        .route("/questions/{question}/{action}", any(one::act))
        .with_state(Arc::new(door))
}

impl Door {
    /// Authenticates a request, and counts it, before its body is read.
    async fn admit(&self, request: Request, method: Method) -> Result<(Caller, Body), Problem> {
        let (head, body) = request.into_parts();
        if !self.access.knows_origin(&head.headers) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "this origin is not allowed"));
        }
        if head.method != method {
            return Err(Problem::method(&method));
        }
        let principal = self.authenticate(&head).await?;
        self.rate.count(&principal)?;
        match self.served.get() {
            Some(served) => Ok((Caller { principal, bus: served.bus().clone(), head }, body)),
            None => Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "the bus has not started yet")),
        }
    }
}

impl Door {
    /// Returns the principal. Fails if the application's code refuses, panics or takes too long.
    async fn authenticate(&self, head: &Parts) -> Result<Principal, AuthError> {
        let who = AssertUnwindSafe(async { self.auth.authenticate(head).await }).catch_unwind();
        let why = match timeout(self.timeout, who).await {
            Ok(Ok(who)) => return who,
            Ok(Err(_)) => "`Authenticate` has panicked",
            Err(_) => "`Authenticate` took longer than `Routes::question_timeout`",
        };
        if NOT_KNOWN.allows() {
            tracing::error!(why, "it cannot be found out who sends a request about questions");
        }
        Err(AuthError::Unavailable)
    }
}

impl Caller {
    /// Returns the question with this id, or the open one with this name, if it is for the caller.
    async fn find(&self, question: &str) -> Result<Arc<Question>, Problem> {
        let found = self.bus.questions().get(question).await?;
        found.filter(|found| found.may_be_answered_by(&self.principal)).ok_or_else(Problem::unknown)
    }
}
