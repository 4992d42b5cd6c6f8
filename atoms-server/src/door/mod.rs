//! What doors over HTTP have in common: who comes in, how often, what they send, and what is answered that is wrong.

mod answer;
mod body;
mod limits;
mod problem;
mod query;
mod rate;
mod waiting;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atoms_control::Principal;
use atoms_runtime::Bus;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use tokio::time::timeout;

pub(crate) use answer::json_of;
pub(crate) use body::{parse, parse_if_any};
pub(crate) use limits::{Limits, Shared};
pub(crate) use problem::{More, Problem};
pub(crate) use query::{Pairs, nothing, text, word};
pub(crate) use waiting::{Place, Waiting};

use crate::access::Access;
use crate::authenticate::{AuthError, Authenticate, identify};
use crate::served::Served;

/// What says who comes in at a door.
pub(crate) type Doorkeeper = dyn Authenticate<Identity = Principal>;

/// A door: whom it lets in, and to what.
pub(crate) struct Door {
    auth: Arc<Doorkeeper>,
    access: Arc<Access>,
    served: Arc<OnceLock<Served>>,
    shared: Arc<Shared>,
}

/// A request that was let in.
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) bus: Bus,
    pub(crate) head: Parts,
}

impl Door {
    pub(crate) fn new(
        auth: Arc<Doorkeeper>,
        access: Arc<Access>,
        served: Arc<OnceLock<Served>>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { auth, access, served, shared }
    }

    /// Authenticates a request, and counts it, before its body is read.
    pub(crate) async fn admit(&self, request: Request, method: Method) -> Result<(Caller, Body), Problem> {
        let (head, body) = request.into_parts();
        if !self.access.knows_origin(&head.headers) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "this origin is not allowed"));
        }
        if head.method != method {
            return Err(Problem::method(&method));
        }
        let principal = self.authenticate(&head).await?;
        self.shared.rate.count(&principal)?;
        match self.served.get() {
            Some(served) => Ok((Caller { principal, bus: served.bus().clone(), head }, body)),
            None => Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, "the bus has not started yet")),
        }
    }

    /// Returns the principal. Fails if the application's code refuses, panics or takes too long.
    pub(crate) async fn authenticate(&self, head: &Parts) -> Result<Principal, AuthError> {
        identify(&*self.auth, head, ("request_timeout", self.shared.limits.request_timeout), None).await
    }

    /// Reads the body of a request that was let in.
    pub(crate) async fn read(&self, caller: &Caller, body: Body) -> Result<Vec<u8>, Problem> {
        let Limits { body_limit, request_timeout, .. } = self.shared.limits;
        let reading = body::read(&caller.head.headers, body, body_limit);
        let too_slow = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
        timeout(request_timeout, reading).await.map_err(too_slow)?
    }

    /// How long it may take to find out who sends a request.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.shared.limits.request_timeout
    }

    /// Takes a place for a request that waits.
    pub(crate) fn wait(&self, caller: &Caller) -> Result<Place, Problem> {
        self.shared.waiting.enter(&caller.principal)
    }
}
