//! The query strings of requests.

use std::collections::BTreeMap;
use std::time::Duration;

use atoms_control::{QuestionId, QuestionKind};
use atoms_runtime::Shown;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;

/// How long a caller may wait at most.
const LONGEST: Duration = Duration::from_secs(60);

/// How many questions a page has by default, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The query of the list.
#[derive(Debug, PartialEq)]
pub(crate) struct ListQuery {
    pub(crate) kind: Option<QuestionKind>,
    pub(crate) session: Option<String>,
    /// Whether to list only questions for a role of the caller, and not those for everybody.
    pub(crate) mine: bool,
    pub(crate) after: Option<QuestionId>,
    pub(crate) limit: usize,
    pub(crate) wait: Option<Duration>,
    pub(crate) since: Option<String>,
}

impl ListQuery {
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = Pairs::of(query)?;
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
        let asked = Self {
            kind: pairs.take("kind", "`approval`, `checkpoint` or `input`", word)?,
            session: pairs.take("session", "the id of a session", text)?,
            mine: pairs.take("mine", "`true` or `false`", |text| text.parse().ok())?.unwrap_or(false),
            after: pairs.take("after", "the id of a question", |text| text.parse().ok())?,
            limit: pairs.take("limit", "a number from 1 to 1000", limit)?.unwrap_or(PAGE),
            wait: pairs.take("wait", WAIT, duration)?,
            since: pairs.take("since", "the `version` of a list", text)?,
        };
        pairs.end().map(|()| asked)
    }
}

/// Reads the query of one question: how long to wait for its end.
pub(crate) fn wait_of(query: Option<&str>) -> Result<Option<Duration>, Problem> {
    let mut pairs = Pairs::of(query)?;
    let wait = pairs.take("wait", WAIT, duration)?;
    pairs.end().map(|()| wait)
}

/// Fails if there is a query where none is allowed.
pub(crate) fn nothing(query: Option<&str>) -> Result<(), Problem> {
    Pairs::of(query)?.end()
}

const WAIT: &str = "a time of `60s` at most";

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|wait| *wait <= LONGEST)
}

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}

/// The keys and values that are not read yet.
struct Pairs(BTreeMap<String, String>);

impl Pairs {
    fn of(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if pairs.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad_request(format!("`{}` is given twice: give it once", Shown(key))));
            }
        }
        Ok(Self(pairs))
    }

    fn take<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.remove(key) else { return Ok(None) };
        let wrong = || Problem::bad_request(format!("`{key}` is {expected}, and not `{}`", Shown(&text)));
        read(&text).ok_or_else(wrong).map(Some)
    }

    /// Fails if there is a key that was not read.
    fn end(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(key) => Err(Problem::bad_request(format!("`{}` is not known here", Shown(key)))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_a_whole() {
        let id = QuestionId::generate();
        let query = format!("kind=input&session=s%2F1&mine=true&after={id}&limit=7&wait=1m&since=9a");
        let asked = ListQuery::parse(Some(&query)).unwrap();
        let expected = ListQuery {
            kind: Some(QuestionKind::Input),
            session: Some("s/1".into()),
            mine: true,
            after: Some(id),
            limit: 7,
            wait: Some(LONGEST),
            since: Some("9a".into()),
        };
        assert_eq!(asked, expected);
        assert_eq!(ListQuery::parse(None).unwrap().limit, PAGE);
        assert_eq!(wait_of(Some("wait=250ms")).unwrap(), Some(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "kind=vote",
            "mine=yes",
            "after=1",
            "limit=0",
            "limit=1001",
            "limit=-1",
            "wait=61s",
            "wait=30",
            "wait=",
            "wait=-1s",
            "roles=admin",
            "wait=1s&wait=2s",
            "x",
        ] {
            assert!(ListQuery::parse(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(wait_of(Some("since=1")).is_err());
    }
}
