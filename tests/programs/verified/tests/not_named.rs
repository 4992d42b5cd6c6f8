//! Fails: it does not link the crate.

atoms::verify!();
