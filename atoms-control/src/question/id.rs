//! The ids and names of questions.

use std::fmt;
use std::str::FromStr;

use atoms_runtime::{EventId, Shown};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a question: a [UUIDv7](https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7), unique, and sorted by
/// the time of its creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(Uuid);

/// The error of a text that is not a [`QuestionId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the id of a question, which is a UUID", Shown(text))]
pub struct QuestionIdError {
    text: String,
}

impl QuestionId {
    /// Creates a new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl FromStr for QuestionId {
    type Err = QuestionIdError;

    fn from_str(text: &str) -> Result<Self, QuestionIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| QuestionIdError { text: text.into() })
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A reference to a question: by its id, or to an open one by its name.
///
/// A text that is a UUID is an id, since questions cannot have such a text as their name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QuestionRef {
    /// The question with this id.
    Id(QuestionId),
    /// The open question with this name.
    Name(String),
}

impl From<QuestionId> for QuestionRef {
    fn from(id: QuestionId) -> Self {
        Self::Id(id)
    }
}

impl From<&QuestionId> for QuestionRef {
    fn from(id: &QuestionId) -> Self {
        Self::Id(*id)
    }
}

impl From<&str> for QuestionRef {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.into()), Self::Id)
    }
}

impl From<String> for QuestionRef {
    fn from(text: String) -> Self {
        text.parse().map_or(Self::Name(text), Self::Id)
    }
}

impl fmt::Display for QuestionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => Shown(name).fmt(f),
        }
    }
}

/// Returns why a text cannot be a name or a role, or `None` if it can.
pub(crate) fn name_problem(name: &str) -> Option<String> {
    if name.parse::<QuestionId>().is_ok() {
        return Some("it looks like an id".into());
    }
    let max = EventId::MAX_BYTES;
    match name.len() {
        0 => Some("it is empty".into()),
        1..=EventId::MAX_BYTES => name
            .parse::<EventId>()
            .is_err()
            .then(|| "it has a control character, or one that begins a line or changes the direction".into()),
        longer => Some(format!("it has {longer} bytes, and the limit is {max}")),
    }
}
