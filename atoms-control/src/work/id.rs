//! The ids of runs.

use std::fmt;
use std::str::FromStr;

use atoms_runtime::Shown;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a run: a [UUIDv7](https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7), unique, and sorted by the
/// time of its start.
///
/// To which run an event belongs is never read from a frame: the event [carries](atoms_runtime::Carried) its
/// [`Run`](crate::Run) in this process. In a field of an event, the id is data like any other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

/// The error of a text that is not a [`RunId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the id of a run, which is a UUID", Shown(text))]
pub struct RunIdError {
    text: String,
}

impl RunId {
    pub(super) fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| RunIdError { text: text.into() })
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
