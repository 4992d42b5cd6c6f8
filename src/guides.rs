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

#[cfg(feature = "agent")]
#[doc = include_str!("../docs/memory.md")]
pub mod memory {}

#[cfg(feature = "server")]
#[doc = include_str!("../docs/mounting.md")]
pub mod mounting {}

#[cfg(feature = "server")]
#[doc = include_str!("../docs/metadata.md")]
pub mod metadata {}
