//! The query strings of requests.

use std::collections::BTreeMap;

use atoms_runtime::Shown;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;

/// The keys and values that are not read yet.
pub(crate) struct Pairs(BTreeMap<String, String>);

impl Pairs {
    pub(crate) fn of(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if pairs.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad_request(format!("`{}` is given twice: give it once", Shown(key))));
            }
        }
        Ok(Self(pairs))
    }

    pub(crate) fn take<T>(
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
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(key) => Err(Problem::bad_request(format!("`{}` is not known here", Shown(key)))),
            None => Ok(()),
        }
    }
}

/// Fails if there is a query where none is allowed.
pub(crate) fn nothing(query: Option<&str>) -> Result<(), Problem> {
    Pairs::of(query)?.end()
}

/// Reads any text.
pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.into())
}

/// Reads a word that is one of those that a type has.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}
