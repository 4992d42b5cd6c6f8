//! The query strings of requests about questions.

use std::time::Duration;

use atoms_control::{QuestionId, QuestionKind};

use crate::door::{Pairs, Problem, text, word};

/// How long a caller may wait at most.
const LONGEST: Duration = Duration::from_secs(60);

/// How many questions a page has by default, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The query of the list.
#[derive(Debug, PartialEq)]
pub(super) struct ListQuery {
    pub(super) kind: Option<QuestionKind>,
    pub(super) session: Option<String>,
    /// Whether to list only questions for a role of the caller, and not those for everybody.
    pub(super) mine: bool,
    pub(super) after: Option<QuestionId>,
    pub(super) limit: usize,
    pub(super) wait: Option<Duration>,
    pub(super) since: Option<String>,
    /// Whether the caller sees questions that they may not answer.
    pub(super) of_everybody: bool,
}

impl ListQuery {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Problem> {
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
            of_everybody: false,
        };
        pairs.end().map(|()| asked)
    }
}

/// Reads the query of one question: how long to wait for its end.
pub(super) fn wait_of(query: Option<&str>) -> Result<Option<Duration>, Problem> {
    let mut pairs = Pairs::of(query)?;
    let wait = pairs.take("wait", WAIT, duration)?;
    pairs.end().map(|()| wait)
}

const WAIT: &str = "a time of `60s` at most";

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|wait| *wait <= LONGEST)
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
            of_everybody: false,
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
