//! The routes of one question.

use std::sync::Arc;
use std::time::Duration;

use atoms_control::{Control, Question};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::response::Response;
use tokio::time::timeout;

use super::problem::unknown;
use super::query::wait_of;
use super::said::Said;
use super::view::shown;
use crate::door::{Caller, Door, Problem, nothing};

pub(super) async fn one(
    State(door): State<Arc<Door>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, _) = door.admit(request, Method::GET).await?;
    let wait = wait_of(caller.head.uri.query())?;
    let Path(name) = path.map_err(|_| unknown())?;
    let question = find(&caller, &name).await?;
    match wait {
        Some(wait) if question.is_open() => Ok(shown(&*ended(&door, &caller, question, wait).await?)),
        _ => Ok(shown(&question)),
    }
}

/// Waits until a question has ended, or until the time to wait is over.
async fn ended(
    door: &Door,
    caller: &Caller,
    question: Arc<Question>,
    wait: Duration,
) -> Result<Arc<Question>, Problem> {
    let _place = door.wait(caller)?;
    match timeout(wait, caller.bus.questions().ended(question.id)).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(question),
    }
}

pub(super) async fn act(
    State(door): State<Arc<Door>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, body) = door.admit(request, Method::POST).await?;
    nothing(caller.head.uri.query())?;
    let Path((name, action)) = path.map_err(|_| unknown())?;
    let body = door.read(&caller, body).await?;
    // The body is read before the question is looked up, so that the answer to a wrong one does not reveal the question.
    let said = Said::parse(&action, &body)?;
    let question = find(&caller, &name).await?;
    let ended = said.to(caller.bus.questions(), question.id).by(&caller.principal).await?;
    Ok(shown(&ended))
}

/// Returns the question with this id, or the open one with this name, if it is for the caller.
async fn find(caller: &Caller, question: &str) -> Result<Arc<Question>, Problem> {
    let found = caller.bus.questions().get(question).await?;
    found.filter(|found| found.may_be_answered_by(&caller.principal)).ok_or_else(unknown)
}
