//! Passes: it links the crate.

use verified as _;

atoms::verify!();
