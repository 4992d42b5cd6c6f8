//! The types of arguments.
//!
//! rustc reports a wrong type of an argument once, where [`ArgumentAt`] names it. The derives on the struct of the arguments
//! would report it again, so they assume that each type is right. That assumption holds for every type that is given,
//! right or wrong.

use atoms_control::schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::never::{Never, Nobody};

/// The types that an argument of a tool may have.
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
    note = "if it is not an argument, but extracted, such as an `Identity`, a `Principal` or a `Sender`, write `#[extract]` before the parameter; for a value that the program shares, take a `State` of it, and give it to the bus with `.state(value)`",
    note = "if it is an argument and the type is yours, put `#[derive(Clone, Serialize, Deserialize, JsonSchema)]` on it: in a crate without these dependencies, derive those of `atoms::serde` and `atoms::schemars`, with `#[serde(crate = \"atoms::serde\")]` and `#[schemars(crate = \"atoms::schemars\")]`"
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

/// The assumption that the type at a place of the arguments, for which `A` stands, is right. The lifetime keeps rustc from
/// checking the assumption where it is made, since the type is checked where it is given.
pub trait IsArgument<'a, A, const PLACE: usize>:
    Clone + Serialize + JsonSchema + Send + Sync + 'static
{
}

impl<A: ArgumentAt<PLACE>, const PLACE: usize> IsArgument<'_, A, PLACE> for A::Type {}

/// The same for a type that is read.
pub trait IsReadArgument<'a, 'de, A, const PLACE: usize>: Deserialize<'de> {}

impl<'de, A: ArgumentAt<PLACE>, const PLACE: usize> IsReadArgument<'_, 'de, A, PLACE> for A::Type {}
