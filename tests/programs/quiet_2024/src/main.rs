//! Each macro, in a program that turns what the macros write into an error if a lint objects to it: whichever the edition,
//! `quiet_2018`, `quiet_2021` and `quiet_2024` are this file. Clippy reads it, too.

#![deny(warnings, missing_docs, unused)]
#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    missing_debug_implementations,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unused_lifetimes,
    unused_qualifications,
    unused_results
)]

pub mod desk;
mod no_prelude;
mod of_macros;
mod raw;
pub mod shop;

use atoms::prelude::*;

fn main() {
    let bus = Bus::start().expect("all is connected");
    assert!(bus.registry().handlers().len() > 10);
    assert_eq!(of_macros::edges(), 1);
    assert_eq!(desk::Desks::graph().edges(), [(0, 1)]);
}
