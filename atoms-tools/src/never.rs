//! Lets rustc report that a trait is missing, and not the conditions of its only implementation. For that, the trait has a
//! second implementation, which applies to nothing.

/// Implemented for nothing.
///
/// The second implementation is `impl<T: for<'a> Never<'a> + Trait> Trait for T where for<'a> Nobody: Never<'a>`. Its last
/// condition, which no crate can meet, keeps it from overlapping with the first one. The lifetime keeps rustc from
/// checking the condition where it is written.
pub trait Never<'a> {}

/// A type that certainly does not implement [`Never`].
#[derive(Debug)]
pub struct Nobody;
