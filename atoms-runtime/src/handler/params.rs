//! What the further parameters of a handler may be.

use super::{Delivery, HandlerError, MissingState, StartContext};
use crate::event::EventTypes;

/// What a further parameter of a handler may be: it is extracted from the delivery.
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
    message = "a handler cannot have a parameter of type `{Self}`",
    label = "cannot be extracted",
    note = "after the event come `State<T>`, `Emitter<E>`, `Context`, and types that implement `FromDelivery`",
    note = "what is extracted is `Send + 'static`, and the `T` of `State<T>` is `Sync` too",
    note = "a shared value goes into the bus by `Bus::builder().state(value)`, and comes as `State<{Self}>`"
)]
pub trait FromDelivery: Sized + Send + 'static {
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
        match T::prepare(start) {
            Err(PrepareError::MissingState(_)) => Ok(None),
            prepared => prepared.map(Some),
        }
    }

    fn from_delivery(prepared: &Self::Prepared, delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let Some(prepared) = prepared else { return Ok(None) };
        match T::from_delivery(prepared, delivery) {
            Err(error) if error.is_missing() => Ok(None),
            extracted => extracted.map(Some),
        }
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
    /// A parameter's own reason.
    #[error(transparent)]
    Other(HandlerError),
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
    /// An error for this reason, which also fails the delivery of a handler that takes an `Option`.
    pub fn new(reason: impl Into<HandlerError>) -> Self {
        Self { reason: reason.into(), is_missing: false }
    }

    /// The value does not exist for this delivery, for this reason: a handler that takes an `Option` gets `None`.
    pub fn missing(reason: impl Into<HandlerError>) -> Self {
        Self { is_missing: true, ..Self::new(reason) }
    }

    /// Whether the value does not exist, as [`missing`](Self::missing) says.
    pub fn is_missing(&self) -> bool {
        self.is_missing
    }
}
