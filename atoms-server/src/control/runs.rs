//! The runs that go on.

use std::sync::Arc;

use atoms_control::{Control, Run, RunId};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};

use super::Desk;
use super::view::View;
use crate::door::{Caller, Pairs, Problem, json_of, nothing, text};

/// How many runs a page has by default, and at most. Each has a name of at most 1 KiB.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The query of the list.
struct ListQuery {
    session: Option<String>,
    after: Option<RunId>,
    limit: usize,
}

impl ListQuery {
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = Pairs::of(query)?;
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
        let asked = Self {
            session: pairs.take("session", "the id of a session", text)?,
            after: pairs.take("after", "the id of a run", |text| text.parse().ok())?,
            limit: pairs.take("limit", "a number from 1 to 1000", limit)?.unwrap_or(PAGE),
        };
        pairs.end().map(|()| asked)
    }

    fn wants(&self, run: &Run) -> bool {
        self.after.is_none_or(|after| run.id() > after)
            && self.session.as_deref().is_none_or(|session| run.session() == Some(session))
    }
}

pub(super) async fn list(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    let (caller, _) = desk.door.admit(request, Method::GET).await?;
    let asked = ListQuery::parse(caller.head.uri.query())?;
    let all = caller.bus.runs().list();
    let mut runs = all.iter().filter(|run| asked.wants(run) && desk.may_see(&caller, run));
    let page: Vec<_> = runs.by_ref().take(asked.limit).collect();
    let views = page.iter().map(|run| serde_json::to_value(View::of(&caller.bus, run)));
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(Problem::failed)?;
    let mut json = Map::from_iter([("runs".into(), Value::from(views))]);
    if let (Some(last), Some(_)) = (page.last(), runs.next()) {
        json.insert("next".into(), last.id().to_string().into());
    }
    Ok(json_of(StatusCode::OK, "application/json", Value::Object(json).to_string()))
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, _) = desk.door.admit(request, Method::GET).await?;
    nothing(caller.head.uri.query())?;
    let Path(id) = path.map_err(|_| unknown())?;
    shown(&caller, &find(&desk, &caller, &id)?)
}

pub(super) fn shown(caller: &Caller, run: &Run) -> Result<Response, Problem> {
    let json = serde_json::to_string(&View::of(&caller.bus, run)).map_err(Problem::failed)?;
    Ok(json_of(StatusCode::OK, "application/json", json))
}

/// Returns the run with this id, if it goes on and the caller may see it.
pub(super) fn find(desk: &Desk, caller: &Caller, id: &str) -> Result<Run, Problem> {
    let found = id.parse().ok().and_then(|id| caller.bus.runs().get(id));
    found.filter(|run| desk.may_see(caller, run)).ok_or_else(unknown)
}

/// There is no such run, or the caller may not see it. Both are answered alike.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no such run goes on, or it is not yours")
}
