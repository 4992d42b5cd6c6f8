//! What a tool is.

mod definition;
mod function;
mod info;

use std::fmt;

use atoms_runtime::Shown;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use definition::{NotStrict, ToolDefinition};
pub use function::{Async, AsyncFunction, IsResultOf, Plain, Returned, Sync, SyncFunction};
pub(crate) use function::{Function, NotRun, RunFunction, RunSync};
pub use info::ToolInfo;
pub(crate) use info::unhandled;

use crate::never::{Never, Nobody};
use crate::schema::masked;

/// A type that stands for a `#[tool]` function, and has the function's name.
///
/// ```
/// use atoms::prelude::*;
///
/// /// Adds two numbers.
/// #[tool]
/// fn add(left: i64, right: i64) -> i64 {
///     left + right
/// }
///
/// assert_eq!(<add as Tool>::info().name(), "add");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    label = "not a tool",
    note = "put `#[tool]` on the function `{Self}`"
)]
pub trait Tool: Send + std::marker::Sync + Sized + 'static {
    /// The arguments together.
    type Args: ToolArguments;
    /// What the function returns; of a `Result`, what it returns if it succeeds.
    type Output: ToolOutput;

    /// What the registry knows of this tool.
    fn info() -> &'static ToolInfo;
}

/// The arguments of a tool together: the struct that `#[tool]` makes of the parameters.
pub trait ToolArguments:
    Clone + Serialize + DeserializeOwned + fmt::Debug + Send + std::marker::Sync + 'static
{
}

impl<T: Clone + Serialize + DeserializeOwned + fmt::Debug + Send + std::marker::Sync + 'static> ToolArguments
    for T
{
}

/// What a tool may return: it is written as JSON for a model, and read back where a hook has replaced it.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "cannot be written as JSON and read back",
    note = "if the type is yours, derive `Serialize` and `Deserialize` for it; in a crate without `serde`, derive those of `atoms::serde`, with `#[serde(crate = \"atoms::serde\")]`",
    note = "a tool that can fail returns `Result<T, E>`, spelled so, with an error type or text as its `E`"
)]
pub trait ToolOutput: Serialize + DeserializeOwned + Send + std::marker::Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + std::marker::Sync + 'static> ToolOutput for T {}

/// Applies to nothing: see `Never`.
#[diagnostic::do_not_recommend]
impl<T> ToolOutput for T
where
    T: for<'a> Never<'a> + ToolOutput,
    for<'a> Nobody: Never<'a>,
{
}

/// Shows the arguments of a tool, with what is sensitive masked.
pub fn debug<T: Tool>(arguments: &T::Args, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let shown = serde_json::to_value(arguments).map(|value| masked(T::info().arguments(), value));
    match shown {
        Ok(Value::Object(members)) => {
            let mut shown = f.debug_map();
            for (name, value) in &members {
                shown.entry(&format_args!("{name}"), &format_args!("{value}"));
            }
            shown.finish()
        }
        Ok(other) => fmt::Display::fmt(&other, f),
        Err(error) => write!(f, "(cannot be written: {})", Shown(error)),
    }
}

/// Fails to compile if the name of a tool is invalid.
pub const fn assert_name(name: &str) {
    let mut rest = name.as_bytes();
    assert!(
        !rest.is_empty() && rest.len() <= 64,
        "the name of a tool has 1 to 64 characters: write `#[tool]`, which checks it"
    );
    while let [byte, others @ ..] = rest {
        assert!(
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            "the name of a tool is letters, digits, `_` and `-`: write `#[tool]`, which checks it"
        );
        rest = others;
    }
}

/// Decides whether a type is a `Result`: if it is not, its `IS_RESULT` is that of [`IsNoResult`].
#[derive(Debug)]
pub struct IsResult<T>(std::marker::PhantomData<fn() -> T>);

impl<T, E> IsResult<Result<T, E>> {
    /// The type is a `Result`.
    pub const IS_RESULT: bool = true;
}

/// Implemented for types that are not a `Result`.
pub trait IsNoResult {
    /// The type is not a `Result`.
    const IS_RESULT: bool = false;
}

impl<T> IsNoResult for IsResult<T> {}
