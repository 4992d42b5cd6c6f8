//! What the further parameters of a handler may be, each and together.

use std::marker::PhantomData;

use super::{Delivery, FromSyncDelivery, HandlerError, MissingState, StartContext, SyncDelivery, SyncParams};
use crate::event::EventTypes;

/// A further parameter of a handler, which is extracted from the delivery.
///
/// [`State`](super::State), [`Emitter`](super::Emitter) and [`Context`](crate::Context) are, and an `Option` of
/// any of them, which is `None` where the value does not exist. Users add their own:
///
/// ```
/// use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};
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
///         let tenant = tenant.ok_or_else(|| ExtractError::missing("the event has no tenant"))?;
///         Ok(Self(tenant.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a parameter of type `{Self}` cannot be extracted",
    label = "cannot be extracted",
    note = "`State<T>`, `Emitter<E>`, `Context`, which has the bus, and types that implement `FromDelivery` are extracted; in a handler, they come after the event",
    note = "to share a value, give it to the bus with `Bus::builder().state(value)`, and take `State<{Self}>`",
    note = "what is extracted is `'static`, and in an `async` function `Send`"
)]
pub trait FromDelivery: Sized + 'static {
    /// What is found once, when the bus starts, and used for each delivery.
    type Prepared: Send + Sync + 'static;

    /// Finds what each delivery will need; an error stops the bus from starting.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError>;

    /// Makes the parameter; an error is a failure of this one delivery.
    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError>;

    /// The types of the events that the handler may emit through this parameter: none by default.
    const EMITS: EventTypes = EventTypes::NONE;
}

/// What `T` extracts, or `None` where that does not exist: the bus does not have the state, or
/// [`from_delivery`](FromDelivery::from_delivery) returned an [`ExtractError::missing`]. Other errors stay errors.
#[diagnostic::do_not_recommend]
impl<T: FromDelivery> FromDelivery for Option<T> {
    type Prepared = Option<T::Prepared>;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError> {
        PrepareError::unless_missing(T::prepare(start))
    }

    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let Some(prepared) = prepared else { return Ok(None) };
        ExtractError::unless_missing(T::from_delivery(prepared, delivery))
    }

    const EMITS: EventTypes = T::EMITS;
}

/// Why a parameter could not be prepared when the bus started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The bus does not have a state that the parameter needs.
    #[error(transparent)]
    MissingState(#[from] MissingState),
    /// Something else that the parameter needs does not exist, for this reason. A handler that takes an `Option` gets
    /// `None`.
    #[error(transparent)]
    Missing(HandlerError),
    /// An error of the parameter itself.
    #[error(transparent)]
    Other(HandlerError),
}

impl PrepareError {
    /// What was prepared, or `None` if what this needs does not exist.
    pub(super) fn unless_missing<T>(prepared: Result<T, Self>) -> Result<Option<T>, Self> {
        match prepared {
            Err(Self::MissingState(_) | Self::Missing(_)) => Ok(None),
            prepared => prepared.map(Some),
        }
    }
}

/// Why a parameter could not be extracted from one delivery.
#[derive(Debug, thiserror::Error)]
#[error("cannot extract a parameter: {reason}")]
pub struct ExtractError {
    #[source]
    pub(crate) reason: HandlerError,
    is_missing: bool,
}

impl ExtractError {
    /// Creates an error for this reason. It also fails the delivery of a handler that takes an `Option`.
    pub fn new(reason: impl Into<HandlerError>) -> Self {
        Self { reason: reason.into(), is_missing: false }
    }

    /// Creates the error of a value that does not exist for this delivery, for this reason: a handler that takes an
    /// `Option` gets `None`.
    pub fn missing(reason: impl Into<HandlerError>) -> Self {
        Self { is_missing: true, ..Self::new(reason) }
    }

    /// What was extracted, or `None` if it does not exist.
    pub(super) fn unless_missing<T>(extracted: Result<T, Self>) -> Result<Option<T>, Self> {
        match extracted {
            Err(error) if error.is_missing => Ok(None),
            extracted => extracted.map(Some),
        }
    }

    /// Returns whether the value does not exist, as [`missing`](Self::missing) says.
    pub fn is_missing(&self) -> bool {
        self.is_missing
    }
}

/// The further parameters of a handler together.
pub trait Params: 'static {
    /// The parameters, as a tuple.
    type Values: 'static;
    /// What is found once, when the bus starts.
    type Prepared: Send + Sync + 'static;

    /// Prepares each parameter; the errors are those of all that cannot be.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>>;

    /// Extracts each parameter.
    fn from_delivery(
        prepared: &Self::Prepared,
        delivery: &Delivery<'_>,
    ) -> Result<Self::Values, ExtractError>;

    /// The types of the events that the handler may emit through its parameters.
    const EMITS: EventTypes;
}

/// No further parameters.
impl Params for () {
    type Values = ();
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), Vec<PrepareError>> {
        Ok(())
    }

    fn from_delivery((): &(), _: &Delivery<'_>) -> Result<(), ExtractError> {
        Ok(())
    }

    const EMITS: EventTypes = EventTypes::NONE;
}

/// A handler that has a further parameter at `INDEX`.
///
/// Each parameter is an associated type of its own, and not one of a tuple, so that rustc tells of a
/// type that cannot be extracted where it stands in the signature, and only there.
pub trait HandlerParam<const INDEX: usize>: 'static {
    /// The type of the parameter.
    type Type: FromDelivery;
}

/// As [`HandlerParam`], of a sync handler.
pub trait SyncHandlerParam<const INDEX: usize>: 'static {
    /// The type of the parameter, with the delivery's lifetime.
    type Type<'d>;

    /// What extracts it: the type of the parameter, with `'static` in the place of a lifetime.
    type Extracted: for<'d> FromSyncDelivery<Extracted<'d> = Self::Type<'d>>;
}

/// The first `COUNT` further parameters of the handler `H`: at most eight.
#[derive(Debug)]
pub struct Parameters<H, const COUNT: usize>(PhantomData<fn(H)>);

type At<H, const INDEX: usize> = <H as HandlerParam<INDEX>>::Type;

type SyncAt<H, const INDEX: usize> = <H as SyncHandlerParam<INDEX>>::Extracted;

/// Prepares each of these types.
macro_rules! prepared {
    ($start:ident, $($value:ident: $ty:ty as $extracted:ident),*) => {{
        #[allow(unused_mut, reason = "without parameters")]
        let mut errors = Vec::new();
        $(let $value = <$ty as $extracted>::prepare($start).map_err(|error| errors.push(error));)*
        #[allow(unreachable_patterns, reason = "without parameters")]
        match ($($value,)*) {
            ($(Ok($value),)*) => Ok(($($value,)*)),
            _ => Err(errors),
        }
    }};
}

macro_rules! parameters {
    ($($count:literal: $($value:ident at $index:literal),*;)*) => {
        $(
            impl<H: $(HandlerParam<$index> +)* 'static> Params for Parameters<H, $count> {
                type Values = ($(At<H, $index>,)*);
                type Prepared = ($(<At<H, $index> as FromDelivery>::Prepared,)*);

                fn prepare(_start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
                    prepared!(_start, $($value: At<H, $index> as FromDelivery),*)
                }

                #[inline]
                fn from_delivery(
                    ($($value,)*): &Self::Prepared,
                    _delivery: &Delivery<'_>,
                ) -> Result<Self::Values, ExtractError> {
                    Ok(($(<At<H, $index> as FromDelivery>::from_delivery($value, _delivery)?,)*))
                }

                const EMITS: EventTypes = EventTypes::all(&[$(&<At<H, $index> as FromDelivery>::EMITS),*]);
            }

            impl<H: $(SyncHandlerParam<$index> +)* 'static> SyncParams for Parameters<H, $count> {
                type Values<'d> = ($(<H as SyncHandlerParam<$index>>::Type<'d>,)*);
                type Prepared = ($(<SyncAt<H, $index> as FromSyncDelivery>::Prepared,)*);

                fn prepare(_start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
                    prepared!(_start, $($value: SyncAt<H, $index> as FromSyncDelivery),*)
                }

                #[inline]
                fn from_delivery<'d>(
                    ($($value,)*): &'d Self::Prepared,
                    _delivery: &SyncDelivery<'d>,
                ) -> Result<Self::Values<'d>, ExtractError> {
                    Ok(($(<SyncAt<H, $index> as FromSyncDelivery>::from_delivery($value, _delivery)?,)*))
                }

                const EMITS: EventTypes = EventTypes::all(&[$(&<SyncAt<H, $index> as FromSyncDelivery>::EMITS),*]);

                const ARE_LENT: bool = false $(|| <SyncAt<H, $index> as FromSyncDelivery>::IS_LENT)*;
            }
        )*
    };
}

parameters! {
    0: ;
    1: a at 0;
    2: a at 0, b at 1;
    3: a at 0, b at 1, c at 2;
    4: a at 0, b at 1, c at 2, d at 3;
    5: a at 0, b at 1, c at 2, d at 3, e at 4;
    6: a at 0, b at 1, c at 2, d at 3, e at 4, f at 5;
    7: a at 0, b at 1, c at 2, d at 3, e at 4, f at 5, g at 6;
    8: a at 0, b at 1, c at 2, d at 3, e at 4, f at 5, g at 6, h at 7;
}
