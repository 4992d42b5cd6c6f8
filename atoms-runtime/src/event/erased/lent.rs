//! Values that are lent for the time of a call: with a lifetime, which `Any` does not have.

use std::any::TypeId;
use std::fmt;
use std::ptr::NonNull;

/// A kind of value that a layer lends to sync handlers: it may borrow, and need not be [`Send`].
///
/// The type that implements this only names the kind: [`SyncDelivery::lent`] finds the value by it, and
/// [`SyncNext::run_lending`] lends it.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use atoms::{Around, Bus, Delivery, ExtractError, FromSyncDelivery, Layer, Lent, Next, Outcome, PrepareError};
/// use atoms::{StartContext, SyncDelivery, SyncLayer, SyncNext, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// /// Lines that are printed if the handler succeeds.
/// struct Lines<'a> {
///     heading: &'a str,
///     lines: Rc<RefCell<Vec<String>>>,
/// }
///
/// /// The name of what is lent.
/// struct LinesLent;
///
/// impl Lent for LinesLent {
///     type Value<'a> = Lines<'a>;
///
///     fn shorten<'short, 'long: 'short>(lines: &'short Lines<'long>) -> &'short Lines<'short> {
///         lines
///     }
/// }
///
/// /// What a handler takes.
/// struct Printer<'a>(&'a Lines<'a>);
///
/// impl FromSyncDelivery for Printer<'_> {
///     type Prepared = ();
///     type Extracted<'d> = Printer<'d>;
///
///     fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
///         Ok(())
///     }
///
///     fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Printer<'d>, ExtractError> {
///         delivery.lent::<LinesLent>().map(Printer).ok_or_else(|| ExtractError::missing("there is no printer"))
///     }
/// }
///
/// #[handler]
/// fn bill(_: &OrderCreated, printer: Printer<'_>) {
///     printer.0.lines.borrow_mut().push(format!("{}: 42 cents", printer.0.heading));
/// }
///
/// struct Printing;
///
/// impl Layer for Printing {
///     async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
///         next.run().await // async handlers do not print
///     }
///
///     fn around(&self) -> Around {
///         Around::Attempt
///     }
///
///     fn as_sync(&self) -> Option<&dyn SyncLayer> {
///         Some(self)
///     }
/// }
///
/// impl SyncLayer for Printing {
///     fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
///         let lines = Lines { heading: delivery.event_type(), lines: Rc::default() };
///         next.run_lending::<LinesLent>(&lines)?;
///         println!("{}", lines.lines.take().join("\n"));
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<bill>().layer(Printing).start()?;
/// bus.emit(OrderCreated).await.into_result()?;
/// # Ok(())
/// # }
/// ```
///
/// [`SyncDelivery::lent`]: crate::SyncDelivery::lent
/// [`SyncNext::run_lending`]: crate::SyncNext::run_lending
pub trait Lent: 'static {
    /// The value.
    type Value<'a>;

    /// Returns `value` with a shorter lifetime. The body is just `value`, which compiles if the value is covariant in
    /// its lifetime: a `Cell<&'a str>` is not.
    fn shorten<'short, 'long: 'short>(value: &'short Self::Value<'long>) -> &'short Self::Value<'short>;
}

/// A value that is lent, with its lifetimes.
pub(crate) struct Slot<'a, 'v, K: Lent>(&'a K::Value<'v>);

impl<'a, 'v, K: Lent> Slot<'a, 'v, K> {
    pub(crate) fn new(value: &'a K::Value<'v>) -> Self {
        Self(value)
    }
}

/// A [`Slot`] of any kind.
trait Lendable {
    /// The kind of value.
    fn key(&self) -> TypeId;

    /// The value of that kind, for as long as `self` is borrowed.
    fn value(&self) -> NonNull<()>;
}

impl<K: Lent> Lendable for Slot<'_, '_, K> {
    fn key(&self) -> TypeId {
        TypeId::of::<K>()
    }

    fn value(&self) -> NonNull<()> {
        NonNull::from(K::shorten(self.0)).cast()
    }
}

/// What is lent to a handler: the last value, and those that were lent around it.
pub(crate) struct Lending<'a> {
    value: &'a (dyn Lendable + 'a),
    outer: Option<&'a Lending<'a>>,
}

impl<'a> Lending<'a> {
    pub(crate) fn new<K: Lent>(slot: &'a Slot<'_, '_, K>, outer: Option<&'a Lending<'a>>) -> Self {
        Self { value: slot, outer }
    }

    /// The value of this kind that was lent last.
    pub(crate) fn get<K: Lent>(&self) -> Option<&'a K::Value<'a>> {
        if self.value.key() != TypeId::of::<K>() {
            return self.outer?.get::<K>();
        }
        // SAFETY: `Lendable` is private to this module, and only `Slot` implements it. Its `key` is that of this `K`, so
        // it is a `Slot<'_, '_, K>`, and what `value` points to is what `K::shorten` returned for `&'a self.value`: an
        // `&'a K::Value<'a>`.
        Some(unsafe { self.value.value().cast::<K::Value<'a>>().as_ref() })
    }
}

impl fmt::Debug for Lending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lending")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    struct Text<'a>(&'a str, Rc<Cell<usize>>);

    struct TextLent;

    impl Lent for TextLent {
        type Value<'a> = Text<'a>;

        fn shorten<'short, 'long: 'short>(value: &'short Text<'long>) -> &'short Text<'short> {
            value
        }
    }

    struct NumberLent;

    impl Lent for NumberLent {
        type Value<'a> = u64;

        fn shorten<'short, 'long: 'short>(value: &'short u64) -> &'short u64 {
            value
        }
    }

    #[test]
    fn each_kind_comes_back_as_the_one_that_was_lent_last() {
        let count = Rc::new(Cell::new(0));
        let text = "hello".to_owned();
        let first = Text(&text, Rc::clone(&count));
        let slot = Slot::<TextLent>::new(&first);
        let outer = Lending::new(&slot, None);
        assert!(outer.get::<NumberLent>().is_none());
        {
            let other = "good day".to_owned();
            let (second, number) = (Text(&other, Rc::clone(&count)), 7);
            let (second, number) = (Slot::<TextLent>::new(&second), Slot::<NumberLent>::new(&number));
            let middle = Lending::new(&number, Some(&outer));
            let inner = Lending::new(&second, Some(&middle));
            assert_eq!(inner.get::<NumberLent>(), Some(&7));
            let (last, before) = (inner.get::<TextLent>().unwrap(), middle.get::<TextLent>().unwrap());
            assert_eq!((last.0, before.0), ("good day", "hello"));
            last.1.set(last.1.get() + 1);
        }
        assert_eq!(outer.get::<TextLent>().unwrap().1.get(), 1);
    }
}
