//! Which of the two an event is: one that is emitted, or a request, which is asked.

use std::fmt;
use std::marker::PhantomData;

use super::never::{Never, Nobody};
use super::{Envelope, Event};

/// A request: an event with a reply, which exactly one handler gives.
///
/// Written by [`#[request]`](macro@crate::request), and asked by [`Bus::request`](crate::Bus::request).
///
/// ```
/// use atoms::{Bus, RequestError, handler, request};
///
/// #[derive(Debug, PartialEq)]
/// struct Quote {
///     cents: u64,
/// }
///
/// #[request(type = "shop.quote.get", reply = Quote)]
/// struct GetQuote {
///     item: String,
/// }
///
/// #[handler]
/// async fn quote(ask: &GetQuote) -> Result<Quote, String> {
///     if ask.item == "nails" { Ok(Quote { cents: 250 }) } else { Err("no such item".into()) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::start()?;
/// assert_eq!(bus.request(GetQuote { item: "nails".into() }).await?, Quote { cents: 250 });
/// let failed = bus.request(GetQuote { item: "moon".into() }).await;
/// assert!(matches!(failed, Err(RequestError::Failed { .. })));
/// # Ok(())
/// # }
/// ```
pub trait Request: Event {
    /// What the handler returns, or a `Result` of it.
    type Reply: Send + 'static;
}

impl<E: Event<Kind: IsAsked<E>>> Request for E {
    type Reply = <E::Kind as IsAsked<E>>::Reply;
}

/// What can be asked: a request, or one in its [`Envelope`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be requested",
    label = "not a request",
    note = "a request is a struct with `#[request(type = \"...\", reply = Reply)]` on it, and is passed by value: pass a `.clone()` of a reference",
    note = "an event is emitted: `bus.emit(...).await`"
)]
pub trait IntoRequest: Send {
    /// The request.
    type Request: Request;

    /// Returns the request in its envelope, which is a new one if it has none.
    fn into_envelope(self) -> Envelope<Self::Request>;

    /// The type `T`, as [`IntoEnvelope::Returned`](super::IntoEnvelope::Returned) is.
    type Returned<T: IntoFuture>: IntoFuture<Output = T::Output, IntoFuture = T::IntoFuture>;

    /// Returns `value`.
    fn returned<T: IntoFuture>(value: T) -> Self::Returned<T>;
}

impl<R: Request> IntoRequest for R {
    type Request = R;
    type Returned<T: IntoFuture> = T;

    #[inline]
    fn into_envelope(self) -> Envelope<R> {
        Envelope::new(self)
    }

    #[inline(always)]
    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}

#[diagnostic::do_not_recommend]
impl<R: Request> IntoRequest for Envelope<R> {
    type Request = R;
    type Returned<T: IntoFuture> = T;

    #[inline]
    fn into_envelope(self) -> Envelope<R> {
        self
    }

    #[inline(always)]
    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}

/// Applies to nothing: see `Never`.
#[diagnostic::do_not_recommend]
impl<R: for<'a> Never<'a> + Send> IntoRequest for R
where
    for<'a> Nobody: Never<'a>,
{
    type Request = <R as Never<'static>>::Request;
    type Returned<T: IntoFuture> = T;

    fn into_envelope(self) -> Envelope<Self::Request> {
        unreachable!("nothing implements `Never`")
    }

    fn returned<T: IntoFuture>(value: T) -> T {
        value
    }
}

/// The [`Kind`](Event::Kind) of events that are emitted.
#[derive(Debug)]
pub struct Emitted;

/// The [`Kind`](Event::Kind) of requests, which have a reply.
pub struct Asked<Reply>(PhantomData<fn() -> Reply>);

impl<Reply> fmt::Debug for Asked<Reply> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

/// The [`Kind`](Event::Kind) of a request whose reply could not be read, so that its handler has nothing
/// else to complain of.
#[derive(Debug)]
pub struct AskedForUnknown;

/// [`Emitted`], or [`Asked`].
pub trait EventKind: 'static {
    /// Whether it is that of requests.
    const IS_REQUEST: bool;
}

impl EventKind for Emitted {
    const IS_REQUEST: bool = false;
}

impl<Reply: 'static> EventKind for Asked<Reply> {
    const IS_REQUEST: bool = true;
}

impl EventKind for AskedForUnknown {
    const IS_REQUEST: bool = true;
}

/// The kind of what can be emitted.
#[diagnostic::on_unimplemented(
    message = "`{E}` is a request, not an event",
    label = "a request is not emitted",
    note = "a request is asked for its reply: `bus.request(...).await?`, or `context.request(...)` in a handler",
    note = "to emit `{E}`, make it an event: `#[event(type = \"...\")]`"
)]
pub trait IsEmitted<E> {}

impl<E> IsEmitted<E> for Emitted {}

impl<E> IsEmitted<E> for AskedForUnknown {}

/// One event, among those that a signature says are emitted.
#[derive(Debug)]
pub struct One<E>(PhantomData<fn(E)>);

/// The events that a signature says are emitted: [`One`], or a tuple of them. None of them is a request.
pub trait AllEmitted {}

impl<E: Event<Kind: IsEmitted<E>>> AllEmitted for One<E> {}

macro_rules! tuples {
    ($(($($T:ident)*))*) => {
        $(impl<$($T: AllEmitted),*> AllEmitted for ($($T,)*) {})*
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

/// The kind of what can be asked.
#[diagnostic::on_unimplemented(
    message = "`{E}` is an event, not a request",
    label = "an event has no reply",
    note = "an event is emitted: `bus.emit(...).await`",
    note = "to ask `{E}`, make it a request: `#[request(type = \"...\", reply = Reply)]`"
)]
pub trait IsAsked<E> {
    /// What the handler returns.
    type Reply: Send + 'static;
}

impl<E, Reply: Send + 'static> IsAsked<E> for Asked<Reply> {
    type Reply = Reply;
}

impl<E> IsAsked<E> for AskedForUnknown {
    type Reply = ();
}
