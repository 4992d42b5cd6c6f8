//! What the further parameters of a sync handler may be, beside those of every handler.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};
use crate::event::EventTypes;
use crate::event::erased::lent::{Lending, Lent};

/// A delivery to a sync handler, on its thread.
pub struct SyncDelivery<'d> {
    delivery: &'d Delivery<'d>,
    lent: Option<&'d Lending<'d>>,
}

impl<'d> SyncDelivery<'d> {
    #[inline]
    pub(crate) fn new(delivery: &'d Delivery<'d>, lent: Option<&'d Lending<'d>>) -> Self {
        Self { delivery, lent }
    }

    /// Returns a delivery to which nothing is lent. It is for code that calls functions which the bus does not call.
    #[inline]
    pub fn lending_nothing(delivery: &'d Delivery<'d>) -> Self {
        Self::new(delivery, None)
    }

    /// Returns the value of this kind that a layer lends to the handler. If several do, returns that of the innermost
    /// layer.
    pub fn lent<K: Lent>(&self) -> Option<&'d K::Value<'d>> {
        self.lent?.get::<K>()
    }
}

impl<'d> Deref for SyncDelivery<'d> {
    type Target = Delivery<'d>;

    #[inline]
    fn deref(&self) -> &Delivery<'d> {
        self.delivery
    }
}

impl fmt::Debug for SyncDelivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncDelivery").field(self.delivery).finish()
    }
}

/// A further parameter of a sync handler: one that [`FromDelivery`] extracts, or one that it cannot extract because it
/// borrows from the delivery. [`Lent`] has an example.
///
/// A handler writes the lifetime of a parameter that borrows as `'_`: `printer: Printer<'_>`.
#[diagnostic::on_unimplemented(
    message = "a parameter of type `{Self}` cannot be extracted",
    label = "cannot be extracted",
    note = "`State<T>`, `Emitter<E>`, `Context`, which has the bus, and types that implement `FromDelivery` are extracted; in a handler, they come after the event",
    note = "to share a value, give it to the bus with `Bus::builder().state(value)`, and take `State<{Self}>`",
    note = "what is extracted is `'static`, and in an `async` function `Send`"
)]
pub trait FromSyncDelivery {
    /// What is found once, when the bus starts, and used for each delivery.
    type Prepared: Send + Sync + 'static;

    /// The parameter of one delivery: this type, with the delivery's lifetime.
    type Extracted<'d>;

    /// Finds what each delivery will need; an error stops the bus from starting.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError>;

    /// Makes the parameter; an error is a failure of this one delivery.
    fn from_delivery<'d>(
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<Self::Extracted<'d>, ExtractError>;

    /// The types of the events that the handler may emit through this parameter: none by default.
    const EMITS: EventTypes = EventTypes::NONE;

    /// Whether the parameter may be extracted from what a layer [lends](super::SyncDelivery::lent): `true` by default.
    const IS_LENT: bool = true;
}

impl<T: FromDelivery> FromSyncDelivery for T {
    type Prepared = T::Prepared;
    type Extracted<'d> = T;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError> {
        T::prepare(start)
    }

    #[inline]
    fn from_delivery<'d>(
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<T, ExtractError> {
        T::from_delivery(prepared, delivery)
    }

    const EMITS: EventTypes = T::EMITS;
    const IS_LENT: bool = false;
}

/// An `Option` of a parameter of a sync handler, as [`FromDelivery`] has it for its own.
#[derive(Debug)]
pub struct Optional<T>(PhantomData<fn(T)>);

impl<T: FromSyncDelivery> FromSyncDelivery for Optional<T> {
    type Prepared = Option<T::Prepared>;
    type Extracted<'d> = Option<T::Extracted<'d>>;

    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, PrepareError> {
        PrepareError::unless_missing(T::prepare(start))
    }

    fn from_delivery<'d>(
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<Self::Extracted<'d>, ExtractError> {
        let Some(prepared) = prepared else { return Ok(None) };
        ExtractError::unless_missing(T::from_delivery(prepared, delivery))
    }

    const EMITS: EventTypes = T::EMITS;
    const IS_LENT: bool = T::IS_LENT;
}

/// The further parameters of a sync handler together.
pub trait SyncParams: 'static {
    /// The parameters, as a tuple.
    type Values<'d>;
    /// What is found once, when the bus starts.
    type Prepared: Send + Sync + 'static;

    /// Prepares each parameter; the errors are those of all that cannot be.
    fn prepare(start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>>;

    /// Extracts each parameter.
    fn from_delivery<'d>(
        prepared: &'d Self::Prepared,
        delivery: &SyncDelivery<'d>,
    ) -> Result<Self::Values<'d>, ExtractError>;

    /// The types of the events that the handler may emit through its parameters.
    const EMITS: EventTypes;

    /// Whether one of them may be extracted from what a layer lends.
    const ARE_LENT: bool;
}
