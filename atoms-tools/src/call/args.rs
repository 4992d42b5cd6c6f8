//! The arguments of a call, as a hook sees and changes them.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// The arguments of a call, as the tool's type or as JSON.
///
/// They know whether a hook has borrowed them mutably, so that they are checked again only then.
pub struct Arguments<A> {
    value: A,
    is_changed: bool,
}

impl<A> Arguments<A> {
    pub(crate) fn unchanged(value: A) -> Self {
        Self { value, is_changed: false }
    }

    pub(crate) fn into_inner(self) -> A {
        self.value
    }

    /// Returns whether they may have been changed since the last call of this.
    #[inline]
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }
}

/// These arguments in place of others.
impl<A> From<A> for Arguments<A> {
    fn from(value: A) -> Self {
        Self { value, is_changed: true }
    }
}

impl<A> Deref for Arguments<A> {
    type Target = A;

    #[inline]
    fn deref(&self) -> &A {
        &self.value
    }
}

impl<A> DerefMut for Arguments<A> {
    #[inline]
    fn deref_mut(&mut self) -> &mut A {
        self.is_changed = true;
        &mut self.value
    }
}

impl<A: fmt::Debug> fmt::Debug for Arguments<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
