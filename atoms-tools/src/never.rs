//! What lets rustc tell of a trait, and not of what its only implementation asks for: a second implementation, which
//! applies to nothing.

/// Implemented for nothing.
///
/// The second implementation is `impl<T: for<'a> Never<'a> + Trait> Trait for T where for<'a> Nobody: Never<'a>`. By its last
/// condition, which no crate can meet, it does not overlap with the first one. The lifetime keeps rustc from checking
/// the condition where it is written.
pub trait Never<'a> {}

/// What [`Never`] is certainly not implemented for.
#[derive(Debug)]
pub struct Nobody;
