//! The further parameters of a handler together.

use std::marker::PhantomData;

use super::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};
use crate::event::EventTypes;

/// The further parameters of a handler together.
pub trait Params: 'static {
    /// The parameters, as a tuple.
    type Values: Send + 'static;
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

/// The first `COUNT` further parameters of the handler `H`: at most eight.
#[derive(Debug)]
pub struct Parameters<H, const COUNT: usize>(PhantomData<fn(H)>);

type At<H, const INDEX: usize> = <H as HandlerParam<INDEX>>::Type;

macro_rules! parameters {
    ($($count:literal: $($value:ident at $index:literal),*;)*) => {
        $(
            impl<H: $(HandlerParam<$index> +)* 'static> Params for Parameters<H, $count> {
                type Values = ($(At<H, $index>,)*);
                type Prepared = ($(<At<H, $index> as FromDelivery>::Prepared,)*);

                #[allow(unreachable_patterns, unused_mut, reason = "without parameters")]
                fn prepare(_start: &StartContext<'_>) -> Result<Self::Prepared, Vec<PrepareError>> {
                    let mut errors = Vec::new();
                    $(let $value = At::<H, $index>::prepare(_start).map_err(|error| errors.push(error));)*
                    match ($($value,)*) {
                        ($(Ok($value),)*) => Ok(($($value,)*)),
                        _ => Err(errors),
                    }
                }

                #[inline]
                fn from_delivery(
                    ($($value,)*): &Self::Prepared,
                    _delivery: &Delivery<'_>,
                ) -> Result<Self::Values, ExtractError> {
                    Ok(($(At::<H, $index>::from_delivery($value, _delivery)?,)*))
                }

                const EMITS: EventTypes = EventTypes::all(&[$(&At::<H, $index>::EMITS),*]);
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
