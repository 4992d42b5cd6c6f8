//! Guides: one subject at a time, with programs that are compiled.

#[cfg(feature = "server")]
#[doc = include_str!("../docs/python_sdk.md")]
pub mod python_sdk {}

#[cfg(feature = "server")]
#[doc = include_str!("../docs/http.md")]
pub mod http {}

#[cfg(feature = "agent")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[cfg(feature = "agent")]
#[doc = include_str!("../docs/routing.md")]
pub mod routing {}
