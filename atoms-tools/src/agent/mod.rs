//! What an agent is.

mod error;
mod function;
mod info;

pub use error::AgentError;
pub use function::{AgentFunction, AgentInput, AgentOutput};
pub(crate) use function::{Job, RunAgent};
pub use info::AgentInfo;

/// A type that stands for an `#[agent]` function, and has the function's name.
///
/// ```
/// use atoms::prelude::*;
///
/// /// Answers questions of customers.
/// #[agent(name = "aiagents.Main")]
/// async fn main_agent(question: String) -> Result<String, String> {
///     Ok(format!("{question}? Yes."))
/// }
///
/// assert_eq!(<main_agent as Agent>::info().name(), "aiagents.Main");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an agent",
    label = "not an agent",
    note = "put `#[agent(name = \"...\")]` on the function `{Self}`"
)]
pub trait Agent: 'static {
    /// What the registry knows of this agent.
    fn info() -> &'static AgentInfo;
}
