//! The list of open questions.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use atoms_control::{Control, Listing, Question, QuestionId};
use atoms_runtime::StoreError;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use tokio::time::{Instant, timeout_at};

use super::query::ListQuery;
use super::view::View;
use crate::door::{Caller, Door, Problem, json_of};

/// How many bytes of questions a page may have, if it has more than one.
const PAGE_BYTES: usize = 1024 * 1024;

/// How many questions are read from the store at once.
const READ: usize = 64;

pub(super) async fn list(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (caller, _) = door.admit(request, Method::GET).await?;
    listed(&door, &caller, false).await
}

/// Lists the questions that the caller may answer, or, for one who may see them, those of everybody.
pub(crate) async fn listed(door: &Door, caller: &Caller, of_everybody: bool) -> Result<Response, Problem> {
    let asked = ListQuery { of_everybody, ..ListQuery::parse(caller.head.uri.query())? };
    let page = match asked.wait {
        Some(wait) => changed(door, caller, &asked, wait).await?,
        None => Page::read(caller, &asked).await?,
    };
    Ok(json_of(StatusCode::OK, "application/json", page.into_json()))
}

/// Waits until the list has another version than the caller knows, or until the time to wait is over.
async fn changed(door: &Door, caller: &Caller, asked: &ListQuery, wait: Duration) -> Result<Page, Problem> {
    let deadline = Instant::now() + wait;
    let known = asked.since.clone().unwrap_or_else(|| version(&DefaultHasher::new()));
    let mut watch = listing(caller, asked).watch();
    let mut place = None;
    // No page is written, or held, for a caller that waits.
    while walk(caller, asked, |_| {}).await? == known {
        if place.is_none() {
            place = Some(door.wait(caller)?);
        }
        match timeout_at(deadline, watch.changed()).await {
            Ok(true) => {}
            Ok(false) => return Err(Problem::closed()),
            Err(_) => break,
        }
    }
    Ok(Page::read(caller, asked).await?)
}

/// The filter of the list: only what the caller may see.
fn listing<'a>(caller: &'a Caller, asked: &ListQuery) -> Listing<'a> {
    let mut listing = caller.bus.questions().list();
    if !asked.of_everybody {
        listing = listing.answerable_by(&caller.principal);
    }
    if let Some(kind) = asked.kind {
        listing = listing.kind(kind);
    }
    if let Some(session) = &asked.session {
        listing = listing.session(session);
    }
    listing
}

/// Calls `see` for each listed question, and returns the version of the list.
async fn walk(
    caller: &Caller,
    asked: &ListQuery,
    mut see: impl FnMut(&Question) + Send,
) -> Result<String, StoreError> {
    let (mut ids, mut above) = (DefaultHasher::new(), None);
    loop {
        let read = listing(caller, asked).page(above, READ).await?;
        let Some(last) = read.last() else { return Ok(version(&ids)) };
        above = Some(last.id);
        for question in read.iter().filter(|question| !asked.mine || !question.roles.is_empty()) {
            question.id.hash(&mut ids);
            see(question);
        }
    }
}

/// A part of the list, and the version of the whole.
struct Page {
    /// The questions as JSON, with commas between them.
    text: String,
    count: usize,
    last: Option<QuestionId>,
    /// Whether there are more after it.
    is_full: bool,
    version: String,
}

impl Page {
    async fn read(caller: &Caller, asked: &ListQuery) -> Result<Self, StoreError> {
        let mut page =
            Self { text: String::new(), count: 0, last: None, is_full: false, version: String::new() };
        page.version = walk(caller, asked, |question| page.add(question, asked)).await?;
        Ok(page)
    }

    fn add(&mut self, question: &Question, asked: &ListQuery) {
        if self.is_full || asked.after.is_some_and(|after| question.id <= after) {
            return;
        }
        let text = if self.count < asked.limit { View::of(question).text() } else { String::new() };
        self.is_full = text.is_empty() || self.count > 0 && self.text.len() + text.len() > PAGE_BYTES;
        if !self.is_full {
            if self.count > 0 {
                self.text.push(',');
            }
            self.text += &text;
            self.count += 1;
            self.last = Some(question.id);
        }
    }

    fn into_json(self) -> String {
        let mut json = format!(r#"{{"questions":[{}],"version":"{}""#, self.text, self.version);
        if let (true, Some(last)) = (self.is_full, self.last) {
            // Writing to a `String` cannot fail.
            let _ = write!(json, r#","next":"{last}""#);
        }
        json + "}"
    }
}

/// The version is made of the ids that the caller may see, which is enough, since an open question does not change. So it
/// reveals nothing of other questions, and is the same after a restart.
fn version(ids: &DefaultHasher) -> String {
    format!("{:016x}", ids.finish())
}
