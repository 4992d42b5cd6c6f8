//! What is wrong with arguments, in words that a model can act on.

use std::cell::Cell;
use std::fmt;

use atoms_control::Problem;
use atoms_runtime::Shown;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::Value;

use super::{Argument, MASK};
use crate::pattern;

/// How many problems of one call are listed at most.
const MAX_PROBLEMS: usize = 32;

/// Arguments are not what they must be.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::ToolError;
/// use serde_json::json;
///
/// #[tool]
/// fn pay(order_id: String, cents: u64) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<pay>().start()?;
/// let wrong = bus.tools().call("pay", json!({"order_id": 1, "cents": -1})).await.unwrap_err();
/// let ToolError::InvalidArguments { problems, .. } = wrong else { panic!("{wrong}") };
/// let mut paths: Vec<_> = problems.problems().iter().map(|problem| &*problem.path).collect();
/// paths.sort();
/// assert_eq!(paths, ["/cents", "/order_id"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongArguments {
    problems: Vec<Problem>,
}

impl WrongArguments {
    pub(super) fn of<'a>(errors: impl Iterator<Item = ValidationError<'a>>, arguments: &[Argument]) -> Self {
        Self { problems: errors.take(MAX_PROBLEMS + 1).map(|error| problem(&error, arguments)).collect() }
    }

    /// Arguments that match their schema, and cannot be read, with the place where reading them has ended.
    pub(super) fn unreadable<A: DeserializeOwned>(
        arguments: &Value,
        own: &[Argument],
        error: &serde_json::Error,
    ) -> Self {
        let last = Cell::new("");
        let members = arguments.as_object().into_iter().flatten();
        let members = members.map(|(name, value)| (name.as_str(), value)).inspect(|(name, _)| last.set(name));
        let is_found = A::deserialize(MapDeserializer::<_, serde_json::Error>::new(members)).is_err();
        let name = if is_found { last.get() } else { "" };
        let path = if name.is_empty() { String::new() } else { format!("/{}", Shown(name)) };
        let message = match own.iter().any(|argument| argument.is_sensitive && argument.name == name) {
            true => format!("{MASK} cannot be read as the type of the argument"),
            false => Shown(error).to_string(),
        };
        Self { problems: vec![Problem { path, message }] }
    }

    /// Returns the problems, each with its place in the arguments. There are at most 33.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn problem(error: &ValidationError<'_>, arguments: &[Argument]) -> Problem {
    let path = error.instance_path().to_string();
    let first = path.split('/').nth(1);
    let is_sensitive = arguments.iter().any(|it| it.is_sensitive && first == Some(it.name));
    let message = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } if path.is_empty() => {
            let unknown = unexpected.iter().map(|name| unknown(name, arguments));
            Shown(unknown.collect::<Vec<_>>().join("; ")).to_string()
        }
        _ if is_sensitive => Shown(error.masked_with(MASK)).to_string(),
        _ => Shown(error).to_string(),
    };
    Problem { path: Shown(path).to_string(), message }
}

fn unknown(name: &str, arguments: &[Argument]) -> String {
    match pattern::nearest(name, arguments.iter().map(|argument| argument.name)) {
        Some(nearest) => format!("there is no argument `{name}`: did you mean `{nearest}`?"),
        None => format!("there is no argument `{name}`: leave it out"),
    }
}

impl fmt::Display for WrongArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().take(MAX_PROBLEMS).enumerate() {
            let Problem { path, message } = problem;
            let separator = if number == 0 { "" } else { "; " };
            let path = if path.is_empty() { "the arguments" } else { path };
            write!(f, "{separator}{path}: {message}")?;
        }
        if self.problems.len() > MAX_PROBLEMS { f.write_str("; and more") } else { Ok(()) }
    }
}

impl std::error::Error for WrongArguments {}
