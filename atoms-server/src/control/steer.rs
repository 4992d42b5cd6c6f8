//! Pausing, resuming and cancelling.

use std::sync::Arc;

use atoms_control::{Control, NotPaused, Scope};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Desk;
use super::runs::{find, shown, unknown};
use super::view::Ended;
use crate::door::{Caller, Problem, json_of, nothing, parse_if_any};

/// How long the id of a session, and the reason of a cancel, may be.
const MOST_SESSION_BYTES: usize = 128;
const MOST_REASON_BYTES: usize = 1_024;

/// The body of `pause` and `resume`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with nothing in it")]
struct Nothing {}

/// The body of `cancel`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have a `reason`")]
struct Reason {
    reason: Option<String>,
}

/// What is done.
enum Action {
    Pause,
    Resume,
    Cancel(Option<String>),
}

impl Action {
    fn parse(action: &str, body: &[u8]) -> Result<Self, Problem> {
        match action {
            "pause" => parse_if_any(body).map(|Nothing {}| Self::Pause),
            "resume" => parse_if_any(body).map(|Nothing {}| Self::Resume),
            "cancel" => match parse_if_any(body)? {
                Reason { reason: Some(reason) } if reason.len() > MOST_REASON_BYTES => {
                    let detail = format!("`reason` has more than {MOST_REASON_BYTES} bytes");
                    Err(Problem::bad_request(detail))
                }
                Reason { reason } => Ok(Self::Cancel(reason)),
            },
            _ => Err(Problem::new(StatusCode::NOT_FOUND, "the action is `pause`, `resume` or `cancel`")),
        }
    }

    async fn on(self, desk: &Desk, caller: &Caller, scope: Scope) -> Result<Response, Problem> {
        match self {
            Self::Pause => pause(caller, scope).await,
            Self::Resume => {
                let resumed = caller.bus.runs().resume(scope.clone()).by(&caller.principal).await;
                let detail = || Problem::new(StatusCode::CONFLICT, format!("{scope} is not paused"));
                Ok(answer(&json!({ "resumed": resumed.ok_or_else(detail)? })))
            }
            Self::Cancel(reason) => {
                // It waits until those that are cancelled have ended.
                let _place = desk.door.wait(caller)?;
                let cancelling = caller.bus.runs().cancel(scope).by(&caller.principal);
                let cancelled = match reason {
                    Some(reason) => cancelling.reason(reason).await,
                    None => cancelling.await,
                };
                Ok(answer(&Ended::from(cancelled)))
            }
        }
    }
}

async fn pause(caller: &Caller, scope: Scope) -> Result<Response, Problem> {
    let run = match &scope {
        Scope::Run(id) => caller.bus.runs().get(*id),
        _ => None,
    };
    caller.bus.runs().pause(scope).by(&caller.principal).await.map_err(|error| match error {
        NotPaused::Ended(_) => unknown(),
        NotPaused::TooMany { .. } => Problem::later(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        other => Problem::new(StatusCode::CONFLICT, other.to_string()),
    })?;
    match run {
        Some(run) => shown(caller, &run),
        None => Ok(answer(&json!({ "is_paused": true, "held": caller.bus.runs().held().events }))),
    }
}

fn answer(json: &impl Serialize) -> Response {
    let json = serde_json::to_string(json).expect("it has nothing that JSON cannot have");
    json_of(StatusCode::OK, "application/json", json)
}

/// Admits a request, and reads what it does to what.
async fn admit<T>(
    desk: &Desk,
    request: Request,
    path: Result<Path<T>, PathRejection>,
    action: impl FnOnce(&T) -> &str,
) -> Result<(Caller, T, Action), Problem> {
    let (caller, body) = desk.door.admit(request, Method::POST).await?;
    nothing(caller.head.uri.query())?;
    let Path(path) = path.map_err(|_| unknown())?;
    let body = desk.door.read(&caller, body).await?;
    let action = Action::parse(action(&path), &body)?;
    Ok((caller, path, action))
}

pub(super) async fn run(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, (id, _), action) = admit(&desk, request, path, |(_, action)| action).await?;
    let run = find(&desk, &caller, &id)?;
    action.on(&desk, &caller, (&run).into()).await
}

pub(super) async fn session(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, (session, _), action) = admit(&desk, request, path, |(_, action)| action).await?;
    desk.only_operators(&caller)?;
    if session.is_empty() || session.len() > MOST_SESSION_BYTES {
        return Err(Problem::bad_request("the id of a session has 1 to 128 bytes"));
    }
    action.on(&desk, &caller, Scope::Session(session)).await
}

pub(super) async fn bus(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, _, action) = admit(&desk, request, path, |action| action).await?;
    desk.only_operators(&caller)?;
    action.on(&desk, &caller, Scope::Bus).await
}
