//! What is right compiles, without a warning, and does what it says.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications)]

mod attributes;
mod derived;
mod made_by_macros;
mod named_alike;
mod no_prelude;
mod nodes;
mod options;
mod places;
mod requests;
mod shadowed;
mod signatures;
mod structs;
mod tools;
