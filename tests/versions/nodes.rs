//! Nodes that take old versions: no frame arrives as one.

use atoms::StartProblem;
use atoms::agent::{NodeProblem, NodeShape};
use atoms::prelude::*;

use super::chain::{Booking, BookingV1};

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    fn book(&mut self, _: &BookingV1) {}
}

#[test]
fn a_node_that_takes_an_old_version_is_named_with_the_newest() {
    let bus = || Bus::builder().without_discovery().entry(NodeShape::of::<Desk>());
    let error = bus().event::<Booking>().start().expect_err("the bus started");
    let message = error.to_string();
    for part in [
        "- node versions::nodes::Desk (tests/versions/nodes.rs:",
        "`book` takes `versions::chain::BookingV1`, which is version 1 of `versions.booking`, and",
        "arrive as `versions::chain::Booking`, version 3: take `&versions::chain::Booking`",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let [StartProblem::Entry { cause, .. }] = error.problems() else { panic!("{error}") };
    let Some(NodeProblem::TakesOldVersion { method, newest, .. }) = cause.downcast_ref() else { panic!() };
    assert_eq!((*method, *newest), ("book", Booking::event_type()));
    bus().start().unwrap(); // a bus that does not know of the newer versions
}
