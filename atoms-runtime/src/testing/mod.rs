//! Help for tests.

pub mod backlog;
mod delivery;
mod emitted;
pub mod letters;
mod recording;
mod tree;

pub use delivery::{TestDelivery, emitter};
pub use emitted::Emitted;
pub use recording::Recording;

use crate::bus::BusBuilder;
use crate::event::{Asked, Request};
use crate::handler::AnsweredBy;

/// Answers requests in a test, in place of their handlers.
///
/// ```
/// use atoms::testing::StandIn;
/// use atoms::{Bus, handler, request};
///
/// #[request(type = "shop.stock.count", reply = u32)]
/// struct CountStock {
///     item: String,
/// }
///
/// #[handler]
/// fn count(_: &CountStock) -> Result<u32, String> {
///     Err("there is no warehouse in a test".into())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().stand_in(|ask: &CountStock| ask.item.len() as u32).start()?;
/// assert_eq!(bus.request(CountStock { item: "nails".into() }).await?, 5);
/// # Ok(())
/// # }
/// ```
pub trait StandIn: Sized {
    /// Answers the request on this one bus with `answer`, which returns the reply, or a `Result` of it. The handlers
    /// that are linked, or added to the builder, are not called, and need no states. A later stand-in for the same
    /// request replaces this one.
    ///
    /// A program without any handler of the request needs [`handled!`] as well.
    #[must_use]
    fn stand_in<R, T, F>(self, answer: F) -> Self
    where
        R: Request<Kind = Asked<<R as Request>::Reply>>,
        R::Kind: AnsweredBy<T, R::Reply>,
        T: 'static,
        F: Fn(&R) -> T + Send + Sync + 'static;
}

impl StandIn for BusBuilder {
    #[track_caller]
    fn stand_in<R, T, F>(self, answer: F) -> Self
    where
        R: Request<Kind = Asked<<R as Request>::Reply>>,
        R::Kind: AnsweredBy<T, R::Reply>,
        T: 'static,
        F: Fn(&R) -> T + Send + Sync + 'static,
    {
        self.with_stand_in(answer)
    }
}

/// Tells the linker that this test program needs no handler of a `must_handle` event, or of a request.
///
/// An event that declares `must_handle` does not link into a program that emits it and has no
/// handler of it; a test program may want to emit it all the same. On the bus nothing changes: the
/// receipt says that it was unhandled. The same goes for a request, which without a handler is
/// [`Unanswered`](crate::RequestError::Unanswered), or answered by a [`StandIn`]. A bus starts with handlers that emit
/// the event.
///
/// A library whose events other crates handle can do without this. With the feature `tests-without-handlers` the linker
/// does not look for handlers. As a feature of a dev-dependency, it applies to the tests, examples and benchmarks of the
/// library, and not to programs that depend on it (with the `resolver` 2 or 3 of Cargo, which editions since 2021 have):
///
/// ```toml
/// [dev-dependencies]
/// atoms-rs = { version = "0.1", features = ["tests-without-handlers"] }
/// ```
///
/// When Cargo builds these tests and a program at once, as `cargo test --workspace` does, it applies to both.
///
/// ```
/// use atoms::event;
///
/// #[event(type = "shop.order.confirmed", must_handle)]
/// struct OrderConfirmed;
///
/// atoms::testing::handled!(OrderConfirmed);
/// ```
#[doc(inline)]
pub use crate::__handled as handled;

#[doc(hidden)]
#[macro_export]
macro_rules! __handled {
    ($($event:ty),+ $(,)?) => {
        $(
            const _: () = {
                struct InTest;
                #[used]
                static HANDLED: extern "C" fn() = <$event as $crate::Event>::__handled_by::<InTest>;

                $crate::__private::inventory::submit! {
                    $crate::__private::Linked::Excused($crate::__private::event_type::<$event>)
                }
            };
        )+
    };
}
