//! A thousand events of one field, for the benchmarks that say what their number costs.
#![allow(missing_docs, reason = "they are all alike")]

include!(concat!(env!("OUT_DIR"), "/events.rs"));
