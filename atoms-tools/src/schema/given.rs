//! The types of arguments.
//!
//! [`ArgumentAt`] gives the type of an argument, and that is where rustc tells of one that is wrong, once. What is derived
//! for the arguments together would be wrong as well. So it assumes that each type is what it must be, which holds for
//! every type that is given, right or wrong.

use atoms_control::schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::never::{Never, Nobody};

/// What an argument of a tool may be.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::schemars::JsonSchema;
/// use atoms::serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize, JsonSchema)]
/// #[serde(crate = "atoms::serde")]
/// #[schemars(crate = "atoms::schemars")]
/// struct Money {
///     cents: u64,
///     currency: String,
/// }
///
/// #[tool]
/// fn pay(order_id: String, money: Money) -> String {
///     format!("{} {} for {order_id}", money.cents, money.currency)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an argument of a tool cannot be of type `{Self}`",
    label = "lacks `Clone`, `Serialize`, `Deserialize` or `JsonSchema`",
    note = "if the type is yours, put `#[derive(Clone, Serialize, Deserialize, JsonSchema)]` on it: without crates of your own, those of `atoms::serde` and `atoms::schemars`, with `#[serde(crate = \"atoms::serde\")]` and `#[schemars(crate = \"atoms::schemars\")]`",
    note = "if it is not sent by who calls the tool, but extracted as in a handler, write `#[extract]` in front of the parameter"
)]
pub trait ToolArgument: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static> ToolArgument for T {}

/// Applies to nothing: see `Never`.
#[diagnostic::do_not_recommend]
impl<T> ToolArgument for T
where
    T: for<'a> Never<'a> + ToolArgument,
    for<'a> Nobody: Never<'a>,
{
}

/// The type of an argument, by its place.
pub trait ArgumentAt<const PLACE: usize> {
    /// The type.
    type Type: ToolArgument;
}

/// What is assumed of the type at a place of the arguments that `A` stands for. The lifetime keeps rustc from checking again,
/// where it is assumed, what is checked where the type is given.
pub trait IsArgument<'a, A, const PLACE: usize>:
    Clone + Serialize + JsonSchema + Send + Sync + 'static
{
}

impl<A: ArgumentAt<PLACE>, const PLACE: usize> IsArgument<'_, A, PLACE> for A::Type {}

/// The same, of a type that is read.
pub trait IsReadArgument<'a, 'de, A, const PLACE: usize>: Deserialize<'de> {}

impl<'de, A: ArgumentAt<PLACE>, const PLACE: usize> IsReadArgument<'_, 'de, A, PLACE> for A::Type {}
