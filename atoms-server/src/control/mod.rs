//! The door to control: those who may, watch and steer what runs, over HTTP.

mod events;
mod feed;
mod runs;
mod steer;
mod view;

use std::sync::Arc;
use std::time::Duration;

use atoms_agent::ZeroSetting;
use atoms_control::{Control as _, Principal, Run, StatsError};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::any;

use crate::Routes;
use crate::authenticate::Authenticate;
use crate::door::{Caller, Door, Doorkeeper, Problem, Waiting, json_of, nothing};
use crate::questions;

/// The settings of the door in [`Routes`].
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) auth: Option<Arc<Doorkeeper>>,
    operators: Option<String>,
    stream_limit: usize,
    heartbeat: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { auth: None, operators: None, stream_limit: 64, heartbeat: Duration::from_secs(15) }
    }
}

impl Options {
    /// The settings that are zero and must not be.
    pub(crate) fn zeros(&self) -> Vec<ZeroSetting> {
        ZeroSetting::find(
            &[("control_stream_limit", self.stream_limit)],
            &[("control_heartbeat", self.heartbeat)],
        )
    }
}

/// What all requests to the door share.
struct Desk {
    door: Door,
    /// The role of those who may see and steer all.
    operators: Option<String>,
    streams: Arc<Waiting>,
    heartbeat: Duration,
    write_timeout: Duration,
}

/// The routes of the door.
pub(crate) fn routes(options: Options, door: Door, write_timeout: Duration) -> Router {
    let Options { operators, stream_limit, heartbeat, .. } = options;
    let streams = Arc::new(Waiting::new(stream_limit));
    Router::new()
        .route("/control/runs", any(runs::list))
        .route("/control/runs/{run}", any(runs::one))
        .route("/control/runs/{run}/{action}", any(steer::run))
        .route("/control/sessions/{session}/{action}", any(steer::session))
        .route("/control/bus/{action}", any(steer::bus))
        .route("/control/questions", any(list_questions))
        .route("/control/stats", any(stats))
        .route("/control/events", any(events::events))
        .with_state(Arc::new(Desk { door, operators, streams, heartbeat, write_timeout }))
}

impl Desk {
    fn has_operators_role(&self, principal: &Principal) -> bool {
        self.operators.as_ref().is_some_and(|role| principal.has_role(role))
    }

    /// Whether this caller may see and steer all.
    fn is_operator(&self, caller: &Caller) -> bool {
        self.has_operators_role(&caller.principal)
    }

    /// Fails if this caller may see and steer only what is theirs.
    fn only_operators(&self, caller: &Caller) -> Result<(), Problem> {
        let refused = || Problem::new(StatusCode::FORBIDDEN, "only operators may do this");
        self.is_operator(caller).then_some(()).ok_or_else(refused)
    }

    fn may_see(&self, caller: &Caller, run: &Run) -> bool {
        self.is_operator(caller) || run.is_for(&caller.principal)
    }
}

async fn list_questions(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    let (caller, _) = desk.door.admit(request, Method::GET).await?;
    questions::listed(&desk.door, &caller, desk.is_operator(&caller)).await
}

async fn stats(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    let (caller, _) = desk.door.admit(request, Method::GET).await?;
    nothing(caller.head.uri.query())?;
    desk.only_operators(&caller)?;
    let stats = caller.bus.stats().await.map_err(|error| match error {
        StatsError::NotCounted => Problem::new(StatusCode::NOT_FOUND, error.to_string()),
        other => Problem::failed(other),
    })?;
    let json = serde_json::to_string(&stats).map_err(Problem::failed)?;
    Ok(json_of(StatusCode::OK, "application/json", json))
}

/// The door to the [runs](atoms_control::Runs) of the bus, with the feature `control`.
impl Routes {
    /// Opens the door to control for those whom this lets in: [`Tokens`](crate::Tokens), or an
    /// [extractor](Authenticate) of the application. Without it, there is no such route. Each of them sees and steers the
    /// runs that are [for](atoms_control::Runs::for_principal) them, and no others.
    pub fn control(mut self, auth: impl Authenticate<Identity = Principal>) -> Self {
        self.control.auth = Some(Arc::new(auth));
        self
    }

    /// Sets the role of those who may see and steer all runs, all sessions and the bus at the door to control. By default,
    /// nobody may.
    pub fn control_operators(mut self, role: impl Into<String>) -> Self {
        self.control.operators = Some(role.into());
        self
    }

    /// Sets how many may read the stream of events at the door to control at once: 64 by default, of which one principal may
    /// have a quarter. Further ones are answered with 503, or 429. The server does not start with zero.
    ///
    /// Each takes one of the [connections](crate::Server::connection_limit) of the server.
    pub fn control_stream_limit(mut self, streams: usize) -> Self {
        self.control.stream_limit = streams;
        self
    }

    /// Sets how often a comment is sent on the stream of events, and those who read it are authenticated again: every 15
    /// seconds by default. The server does not start with zero.
    pub fn control_heartbeat(mut self, interval: Duration) -> Self {
        self.control.heartbeat = interval;
        self
    }
}
