//! The functions of agents: the trait that `#[agent]` implements, and their calls.

use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Delivery, ExtractError, HandlerError, Params, PrepareError, StartContext};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::never::{Never, Nobody};

/// The function of an agent.
pub trait AgentFunction: 'static {
    /// What the agent works on.
    type Input: AgentInput;
    /// The parameters that are extracted.
    type Params: Params;
    /// What the function returns when awaited.
    type Output: AgentOutput;

    /// Calls the function.
    fn call(
        input: Self::Input,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Output> + Send;
}

/// What an agent may work on: it is read from JSON.
#[diagnostic::on_unimplemented(
    message = "an agent cannot work on `{Self}`",
    label = "cannot be read from JSON",
    note = "if the type is yours, derive `Deserialize` for it; in a crate without `serde`, derive that of `atoms::serde`, with `#[serde(crate = \"atoms::serde\")]`",
    note = "take `serde_json::Value` for any task; what is extracted, such as a `State`, comes after it"
)]
pub trait AgentInput: DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Send + 'static> AgentInput for T {}

/// Applies to nothing: see `Never`.
#[diagnostic::do_not_recommend]
impl<T> AgentInput for T
where
    T: for<'a> Never<'a> + AgentInput,
    for<'a> Nobody: Never<'a>,
{
}

/// What an agent may return.
#[diagnostic::on_unimplemented(
    message = "an agent cannot return `{Self}`",
    label = "not a `Result` of a value that can be written as JSON",
    note = "an agent returns `Result<T, E>`: `T` implements `Serialize`, and `E` is an error, or text: a `String` or a `&'static str`"
)]
pub trait AgentOutput: Send + 'static {
    /// The value as JSON, or why the agent has failed.
    fn into_value(self) -> Result<Value, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + Send + 'static, E: Into<HandlerError> + Send + 'static> AgentOutput for Result<T, E> {
    fn into_value(self) -> Result<Value, HandlerError> {
        Ok(serde_json::to_value(self.map_err(Into::into)?)?)
    }
}

/// The work of an agent, once its parameters are extracted.
pub(crate) type Working = Pin<Box<dyn Future<Output = Result<Value, HandlerError>> + Send>>;

/// What an agent is to do, which begins with a delivery to its function.
pub(crate) type Job = Box<dyn FnOnce(&Delivery<'_>) -> Result<Working, ExtractError> + Send>;

/// The function of an agent, ready to run.
pub(crate) trait RunAgent: Send + Sync {
    /// Reads what it is to work on.
    fn read(self: Arc<Self>, input: Value) -> Result<Job, serde_json::Error>;
}

struct Bound<F: AgentFunction>(<F::Params as Params>::Prepared);

impl<F: AgentFunction> RunAgent for Bound<F> {
    fn read(self: Arc<Self>, input: Value) -> Result<Job, serde_json::Error> {
        let input: F::Input = serde_json::from_value(input)?;
        Ok(Box::new(move |delivery| {
            let params = F::Params::from_delivery(&self.0, delivery)?;
            let returned = F::call(input, params);
            Ok(Box::pin(async move { returned.await.into_value() }))
        }))
    }
}

pub(super) fn bind<F: AgentFunction>(
    start: &StartContext<'_>,
) -> Result<Arc<dyn RunAgent>, Vec<PrepareError>> {
    Ok(Arc::new(Bound::<F>(F::Params::prepare(start)?)))
}
