//! The stream of events: who reads it, and which events they ask for.

use std::sync::Arc;

use atoms_control::{Control, HistoryPosition, HistoryQuery, NoHistory, RunId};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::Desk;
use super::feed::Feed;
use crate::door::{Pairs, Problem};

/// How long each filter may be.
const MOST_FILTER_BYTES: usize = 128;

/// What goes before the id of the event after which to go on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The query of the stream.
#[derive(Default)]
struct Asked {
    pattern: Option<String>,
    source: Option<String>,
    session: Option<String>,
    run: Option<RunId>,
}

impl Asked {
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = Pairs::of(query)?;
        let short = |text: &str| (text.len() <= MOST_FILTER_BYTES).then(|| text.to_owned());
        let asked = Self {
            pattern: pairs.take("type", "a pattern of types, of 128 bytes at most", short)?,
            source: pairs.take("source", "a source, of 128 bytes at most", short)?,
            session: pairs.take("session", "the id of a session", short)?,
            run: pairs.take("run", "the id of a run", |text| text.parse().ok())?,
        };
        pairs.end().map(|()| asked)
    }

    fn narrow(self, mut history: HistoryQuery<'_>) -> HistoryQuery<'_> {
        if let Some(pattern) = self.pattern {
            history = history.pattern(pattern);
        }
        if let Some(source) = self.source {
            history = history.source(source);
        }
        if let Some(session) = self.session {
            history = history.session(session);
        }
        if let Some(run) = self.run {
            history = history.run(run);
        }
        history
    }
}

/// Reads the id of the last event that the caller has seen.
fn last_seen(headers: &HeaderMap) -> Result<Option<HistoryPosition>, Problem> {
    let Some(last) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let position = last.to_str().ok().and_then(|last| last.parse().ok());
    position
        .map(Some)
        .ok_or_else(|| Problem::bad_request("`Last-Event-ID` is not the id of an event of this stream"))
}

pub(super) async fn events(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Problem> {
    let (caller, _) = desk.door.admit(request, Method::GET).await?;
    let asked = Asked::parse(caller.head.uri.query())?;
    let after = last_seen(&caller.head.headers)?;
    let place = desk.streams.enter(&caller.principal)?;
    let mut history = asked.narrow(caller.bus.history());
    if !desk.is_operator(&caller) {
        history = history.principal(&caller.principal);
    }
    let following = match after {
        Some(position) => history.follow_after(position),
        None => history.follow(),
    };
    let following =
        following.map_err(|error: NoHistory| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?;
    let feed = Feed::new(desk, caller, following, place);
    let pace = feed.pace();
    let mut response = Response::new(Body::from_stream(feed.into_stream()));
    response.extensions_mut().insert(pace);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A proxy is to pass on each event at once.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    Ok(response)
}
