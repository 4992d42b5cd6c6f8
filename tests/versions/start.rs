//! Old versions on a bus: nothing arrives as one, so no handler takes or emits one.

use atoms::prelude::*;
use atoms::{BusBuilder, StartError, StartProblem};

use super::chain::{Booking, BookingV1, BookingV2, Greeting};

fn bus() -> BusBuilder {
    Bus::builder().without_discovery().event::<Booking>()
}

fn refused(builder: BusBuilder) -> StartError {
    builder.start().expect_err("the bus started")
}

#[handler]
fn takes_old(_: &BookingV1) {}

#[handler]
fn takes_envelope(_: &Envelope<BookingV2>) {}

#[handler]
async fn returns_old(_: &Greeting) -> Option<BookingV2> {
    None
}

#[handler]
async fn emits_old(_: &Greeting, _: Emitter<(Greeting, BookingV1)>) {}

/// What a `From` is for.
#[handler]
fn converts(_: &BookingV2) -> Option<Booking> {
    None
}

#[test]
fn a_handler_that_takes_an_old_version_is_named_with_the_newest() {
    let error = refused(bus().handler::<takes_old>().handler::<takes_envelope>());
    let message = error.to_string();
    for part in [
        "handler versions::start::takes_old (tests/versions/start.rs:",
        "takes `versions::chain::BookingV1`, which is version 1 of `versions.booking`",
        "frames of it arrive as `versions::chain::Booking`, version 3: take `&versions::chain::Booking`",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let [
        StartProblem::TakesOldVersion { handler: one, old: v2, .. },
        StartProblem::TakesOldVersion { handler: other, old: v1, newest },
    ] = error.problems()
    else {
        panic!("{error}")
    };
    assert_eq!((one.path(), v2.version()), ("versions::start::takes_envelope", 2));
    assert_eq!((other.path(), v1.version()), ("versions::start::takes_old", 1));
    assert_eq!(*newest, Booking::event_type());
}

#[test]
fn a_handler_that_may_emit_an_old_version_is_named_with_the_newest() {
    let error = refused(bus().handler::<returns_old>().handler::<emits_old>().handler::<sees_all>());
    let message = error.to_string();
    for part in [
        "handler versions::start::emits_old (tests/versions/start.rs:",
        "emits `versions::chain::BookingV1`, which is version 1 of `versions.booking`",
        "emits `versions::chain::BookingV2`, which is version 2 of `versions.booking`",
        "handlers take `versions::chain::Booking`, version 3",
        "`versions::chain::Booking::from(...)`",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let old = error.problems().iter().filter(|it| matches!(it, StartProblem::EmitsOldVersion { .. }));
    assert_eq!((old.count(), error.problems().len()), (2, 3), "{error}");
}

#[test]
fn converting_by_a_handler_is_one_problem_and_no_circle() {
    let error = refused(bus().handler::<converts>());
    assert!(matches!(error.problems(), [StartProblem::TakesOldVersion { .. }]), "{error}");
}

#[handler]
fn sees_all(_: &AnyEvent) {}

#[handler]
fn echoes(_: &Booking) -> Option<Booking> {
    None
}

#[test]
fn a_circle_of_an_event_with_versions_is_told_once() {
    let error = refused(bus().event::<BookingV1>().event::<BookingV2>().handler::<echoes>());
    assert!(matches!(error.problems(), [StartProblem::Circle { .. }]), "{error}");
}

#[event(type = "versions.twice")]
struct First;

#[event(type = "versions.twice", version = 2, upcasts = First)]
struct Ours;

#[event(type = "versions.twice", version = 2, upcasts = First)]
struct Theirs;

impl From<First> for Ours {
    fn from(First: First) -> Self {
        Self
    }
}

impl From<First> for Theirs {
    fn from(First: First) -> Self {
        Self
    }
}

#[test]
fn versions_of_one_type_are_no_problem_and_one_version_twice_is() {
    bus().event::<BookingV1>().event::<BookingV2>().handler::<sees_all>().start().unwrap();
    let error = refused(bus().event::<Ours>().event::<Theirs>());
    assert!(matches!(error.problems(), [StartProblem::DuplicateType { .. }]), "{error}");
    assert!(error.to_string().contains("the type string `versions.twice` and version 2: "), "{error}");
}

/// On a bus that does not know of a newer one, an old version is the newest.
#[test]
fn only_what_a_bus_knows_counts() {
    Bus::builder().without_discovery().handler::<takes_old>().start().unwrap();
}
