//! What a handler may return, by what it handles: events to emit, or the reply of a request.

use std::marker::PhantomData;

use super::{Delivery, HandlerError, Input, Output};
use crate::event::{AllEmitted, Asked, AskedForUnknown, Emitted, EventTypes};

/// What the handler of an event of this [`Kind`](crate::Event::Kind) may return: an [`Output`], or the reply
/// of a request.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "cannot be emitted",
    note = "a handler returns `()`, an event, an event in its `Envelope`, an `#[event_set]` without `#[other]`, an `Option`, a `Vec` or a tuple of these, or a `Result`",
    note = "an event is a struct with `#[event(type = \"...\")]` on it",
    note = "the error of a `Result` is an error type that is `Send + Sync`, text, or `Box<dyn Error + Send + Sync>`"
)]
pub trait Returns<Kind> {
    /// What is known of it.
    #[doc(hidden)]
    const RETURNED: Returned;

    /// Emits the events, or hands over the reply.
    #[doc(hidden)]
    fn finish(self, delivery: &Delivery<'_>) -> Result<(), HandlerError>;
}

impl<T: Output<Events: AllEmitted>> Returns<Emitted> for T {
    const RETURNED: Returned = Returned { emits: T::EMITS, can_fail: T::CAN_FAIL };

    #[inline]
    fn finish(self, delivery: &Delivery<'_>) -> Result<(), HandlerError> {
        self.emit(delivery)
    }
}

impl<T, Reply: 'static> Returns<Asked<Reply>> for T
where
    Asked<Reply>: AnsweredBy<T, Reply>,
{
    /// A reply is not emitted.
    const RETURNED: Returned =
        Returned { emits: EventTypes::NONE, can_fail: <Asked<Reply> as AnsweredBy<T, Reply>>::CAN_FAIL };

    #[inline]
    fn finish(self, delivery: &Delivery<'_>) -> Result<(), HandlerError> {
        delivery.reply(<Asked<Reply>>::reply(self)?);
        Ok(())
    }
}

impl<T> Returns<AskedForUnknown> for T {
    const RETURNED: Returned = Returned::NOTHING;

    fn finish(self, _: &Delivery<'_>) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// The kind of a request whose handler may return a `T`: the reply, or a `Result` of it.
///
/// The error is whatever turns into a [`HandlerError`]: any error type, or text. The kind is `Self`, so that
/// rustc takes this message, and not that of [`Returns`], which has the `T` as its `Self`.
#[diagnostic::on_unimplemented(
    message = "a handler of this request cannot return `{T}`: the request declares the reply `{Reply}`",
    label = "not the declared reply",
    note = "return `{Reply}`, or a `Result` of it with an error type or text as its error"
)]
pub trait AnsweredBy<T, Reply> {
    /// Whether it may be an error.
    const CAN_FAIL: bool;

    /// Returns the reply, or why there is none.
    fn reply(returned: T) -> Result<Reply, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<Reply> AnsweredBy<Reply, Reply> for Asked<Reply> {
    const CAN_FAIL: bool = false;

    #[inline]
    fn reply(returned: Reply) -> Result<Reply, HandlerError> {
        Ok(returned)
    }
}

#[diagnostic::do_not_recommend]
impl<Reply, E: Into<HandlerError>> AnsweredBy<Result<Reply, E>, Reply> for Asked<Reply> {
    const CAN_FAIL: bool = true;

    #[inline]
    fn reply(returned: Result<Reply, E>) -> Result<Reply, HandlerError> {
        returned.map_err(Into::into)
    }
}

/// A handler's input, on which it depends what it may return.
///
/// It is the inherent function that is called, if the input is one. If it is not, rustc has told so at the
/// first parameter, and would tell so again at the return type, were it not for [`Untaken`].
#[derive(Debug)]
pub struct Taken<I>(PhantomData<fn(I)>);

impl<I: Input> Taken<I> {
    /// Emits the events that the handler returned, or hands over the reply.
    #[inline]
    pub fn finish<O: Returns<I::Kind>>(output: O, delivery: &Delivery<'_>) -> Result<(), HandlerError> {
        output.finish(delivery)
    }
}

/// For a type that cannot be an input.
pub trait Untaken {
    /// Never called.
    fn finish<O>(_: O, _: &Delivery<'_>) -> Result<(), HandlerError> {
        Ok(())
    }
}

impl<I> Untaken for Taken<I> {}

/// What is known of what a handler returns.
#[derive(Debug, Clone, Copy)]
pub struct Returned {
    /// The types of the events that are emitted.
    pub emits: EventTypes,
    /// Whether it is a `Result`.
    pub can_fail: bool,
}

impl Returned {
    /// That of a handler that returns nothing.
    pub const NOTHING: Self = Self { emits: EventTypes::NONE, can_fail: false };
}

/// A handler's input and output, by which it is known what the handler returns. Of what cannot be returned,
/// [`Taken::finish`] tells alone.
#[derive(Debug)]
pub struct Declared<I, O>(PhantomData<fn(I) -> O>);

impl<I: Input, O: Returns<I::Kind>> Declared<I, O> {
    /// What is known of the output.
    pub const RETURNED: Returned = O::RETURNED;
}

/// For what cannot be returned.
pub trait Undeclared {
    /// Nothing.
    const RETURNED: Returned = Returned::NOTHING;
}

impl<I, O> Undeclared for Declared<I, O> {}
