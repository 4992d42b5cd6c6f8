//! Help for tests.

/// Says to the linker that this test program does without a handler of a `must_handle` event.
///
/// An event that declares `must_handle` does not link into a program that emits it and has no
/// handler of it; a test program may want to emit it all the same. On the bus nothing changes: the
/// receipt says that it was unhandled.
///
/// ```
/// use atoms_runtime::event;
///
/// #[event(type = "shop.order.confirmed", must_handle, crate = atoms_runtime)]
/// struct OrderConfirmed;
///
/// atoms_runtime::testing::handled!(OrderConfirmed);
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
                static HANDLED: fn() = <$event as $crate::Event>::__handled_by::<InTest>;
            };
        )+
    };
}
