//! Fails: no crate can be named here.

atoms::verify!();
