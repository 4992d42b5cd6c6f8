//! What the further parameters of a handler may be.

use std::fmt;

use crate::bus::{Delivery, StartContext};
use crate::event::EventType;

use super::{HandlerError, MissingState};

/// What a further parameter of a handler may be: it is extracted from the delivery.
///
/// [`State`](super::State), [`Emitter`](super::Emitter) and [`Context`](super::Context) are. Users add their own:
///
/// ```
/// use atoms_runtime::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};
///
/// /// Who the event belongs to.
/// struct Tenant(String);
///
/// impl FromDelivery for Tenant {
///     type Prepared = ();
///
///     fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
///         Ok(())
///     }
///
///     fn from_delivery(_: &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
///         let tenant = delivery.metadata().get("tenant").and_then(|value| value.as_str());
///         let tenant = tenant.ok_or_else(|| ExtractError::new("the event has no tenant"))?;
///         Ok(Self(tenant.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot have a parameter of type `{Self}`",
    label = "cannot be extracted",
    note = "after the event come `State<T>`, `Emitter<E>`, `Context`, and types that implement `FromDelivery`",
    note = "a shared value goes into the bus by `Bus::builder().state(value)`, and comes as `State<{Self}>`"
)]
pub trait FromDelivery: Sized + Send + 'static {
    /// What is found once, when the bus starts, and used for each delivery.
    type Prepared: Send + Sync + 'static;

    /// Finds what each delivery will need; an error stops the bus from starting.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError>;

    /// Makes the parameter; an error is a failure of this one delivery.
    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError>;

    /// Names the types of the events that the handler may emit through this parameter.
    fn emits(_declare: &mut dyn FnMut(&'static EventType)) {}
}

/// Why a parameter could not be prepared when the bus started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The bus does not have a state that the parameter needs.
    #[error(transparent)]
    MissingState(#[from] MissingState),
    /// A parameter's own reason.
    #[error(transparent)]
    Other(HandlerError),
}

/// Why a parameter could not be extracted from one delivery.
#[derive(Debug, thiserror::Error)]
#[error("cannot extract a parameter: {0}")]
pub struct ExtractError(#[source] HandlerError);

impl ExtractError {
    /// An error for this reason.
    pub fn new(reason: impl Into<HandlerError>) -> Self {
        Self(reason.into())
    }
}

/// The parameter at place `INDEX` after the event, of a handler's type.
///
/// With a statement of its own for each parameter, rustc can point at the one that will not do.
#[doc(hidden)]
pub trait ParamAt<const INDEX: usize>: 'static {
    /// Its type.
    type Param: FromDelivery;
}

/// The parameter at place `INDEX` of the handler `H`.
#[doc(hidden)]
pub struct Param<H: ParamAt<INDEX>, const INDEX: usize>(pub H::Param);

impl<H: ParamAt<INDEX>, const INDEX: usize> FromDelivery for Param<H, INDEX> {
    type Prepared = <H::Param as FromDelivery>::Prepared;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError> {
        H::Param::prepare(start)
    }

    #[inline]
    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        H::Param::from_delivery(prepared, delivery).map(Self)
    }

    fn emits(declare: &mut dyn FnMut(&'static EventType)) {
        H::Param::emits(declare);
    }
}

impl<H: ParamAt<INDEX>, const INDEX: usize> fmt::Debug for Param<H, INDEX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Param").field(&INDEX).finish_non_exhaustive()
    }
}

/// The further parameters of a handler together: a tuple of up to eight.
pub trait Params: Sized + Send + 'static {
    /// What is found once, when the bus starts.
    type Prepared: Send + Sync + 'static;

    /// Prepares each parameter; the errors are those of all that cannot be.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>>;

    /// Extracts each parameter.
    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError>;

    /// Names the types of the events that the handler may emit through its parameters.
    fn emits(declare: &mut dyn FnMut(&'static EventType));
}

macro_rules! tuples {
    ($(($($T:ident)*))*) => {
        $(
            #[allow(non_snake_case, reason = "a variable for each type")]
            impl<$($T: FromDelivery),*> Params for ($($T,)*) {
                type Prepared = ($($T::Prepared,)*);

                #[allow(unreachable_patterns, unused_mut, reason = "the empty tuple")]
                fn prepare(_start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
                    let mut errors = Vec::new();
                    $(let $T = $T::prepare(_start).map_err(|error| errors.push(error));)*
                    match ($($T,)*) {
                        ($(Ok($T),)*) => Ok(($($T,)*)),
                        _ => Err(errors),
                    }
                }

                #[inline]
                fn from_delivery(
                    ($($T,)*): &Self::Prepared,
                    _delivery: &Delivery<'_>,
                ) -> Result<Self, ExtractError> {
                    Ok(($(<$T as FromDelivery>::from_delivery($T, _delivery)?,)*))
                }

                fn emits(_declare: &mut dyn FnMut(&'static EventType)) {
                    $($T::emits(_declare);)*
                }
            }
        )*
    };
}

tuples! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}
