//! Calling the code of users where a panic of it must not go on.

use std::any::Any;
use std::fmt::{self, Debug, Display};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::text::shown;

/// Returns what a panic says: its text, or `no message` if it has none. A panic that panics again when it is dropped does
/// no harm.
///
/// ```
/// let panic = std::panic::catch_unwind(|| panic!("out of paper")).unwrap_err();
/// assert_eq!(atoms::panic_message(panic), "out of paper");
/// ```
pub fn panic_message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    let text = text.unwrap_or("no message").to_owned();
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // It panicked when it was dropped, and would again.
        std::mem::forget(again);
    }
    text
}

/// The longest text of a panic that an error has, in bytes.
const MAX_PANIC: usize = 256;

/// What a panic says, unless that `hides` a value which no message may show.
#[cold]
pub(crate) fn panic_text(panic: Box<dyn Any + Send>, hides: bool) -> String {
    let text = panic_message(panic);
    if hides { "what it says may be about a sensitive field".into() } else { shown(text, MAX_PANIC) }
}

/// Returns what `call` returns, or what it panicked with.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(panic_message)
}

/// Drops what is the user's; if that panics, it is told in the log.
pub(crate) fn drop_caught<T>(value: T) {
    drop(DropCaught::<T>::new(value));
}

/// Shows a value of another crate's, such as an error, as it shows itself. If its `Display` or `Debug` panics, the text
/// says so, and what the panic says.
///
/// ```
/// use atoms::Guarded;
///
/// assert_eq!(Guarded("two\nlines").to_string(), "two\nlines");
/// ```
///
/// [`Shown`](crate::Shown) escapes and cuts off as well, as a log line needs it.
pub struct Guarded<'a, T: ?Sized>(pub &'a T);

fn show(f: &mut fmt::Formatter<'_>, text: impl FnOnce() -> String) -> fmt::Result {
    match caught(text) {
        Ok(text) => f.write_str(&text),
        Err(panic) => write!(f, "(panicked when it was shown: {panic})"),
    }
}

impl<T: Display + ?Sized> Display for Guarded<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { show(f, || format!("{:#}", self.0)) } else { show(f, || self.0.to_string()) }
    }
}

impl<T: Debug + ?Sized> Debug for Guarded<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { show(f, || format!("{:#?}", self.0)) } else { show(f, || format!("{:?}", self.0)) }
    }
}

/// Something that has a `Users` of the user's in it, whose drop does not panic: if it does, that is told in the log.
pub(crate) struct DropCaught<T, Users = T> {
    value: Option<T>,
    users: PhantomData<fn() -> Users>,
}

impl<T, Users> DropCaught<T, Users> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), users: PhantomData }
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.value.take().expect(UNTIL_DROPPED)
    }
}

impl<T: Clone, Users> Clone for DropCaught<T, Users> {
    #[inline]
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), users: PhantomData }
    }
}

impl<T, Users> Deref for DropCaught<T, Users> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.value.as_ref().expect(UNTIL_DROPPED)
    }
}

impl<T, Users> DerefMut for DropCaught<T, Users> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(UNTIL_DROPPED)
    }
}

const UNTIL_DROPPED: &str = "it is taken out by the drop only";

impl<T, Users> Drop for DropCaught<T, Users> {
    #[inline]
    fn drop(&mut self) {
        if !needs_drop::<Users>() {
            return;
        }
        // In place: to move an event costs more than a short handler does.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.value = None)) {
            tell_of_drop(panic);
        }
    }
}

#[cold]
fn tell_of_drop(panic: Box<dyn Any + Send>) {
    let panic = panic_message(panic);
    tracing::error!(panic, "an event, an error or a subscriber panicked when it was dropped");
}
