//! What is wrong with entries is told with all else that is wrong.

use std::error::Error;
use std::sync::Arc;

use atoms::{MemoryLetters, MissingState, StartProblem};

use crate::kinds::{Calendar, Job, JobProblem, Plan};
use crate::{NIGHTLY, bus, refused};

static WRONG: Job = Job::new("wrong", "catalog.reportd").in_calendar();

const LINE_OF_WRONG: u32 = line!() - 2;

static BAD_PLAN: Plan = Plan::new("bad", &["nightly", "monthly", "yearly"]);

#[test]
fn all_of_all_entries_are_told_with_their_places() {
    let error = refused(bus().frame_limit(0).entry(&WRONG).entry(&NIGHTLY).entry(&BAD_PLAN));
    let message = error.to_string();
    let place = format!("tests/catalog/problems.rs:{LINE_OF_WRONG}");
    for part in [
        &format!("- job wrong ({place}): it emits `catalog.reportd`, which no event of the bus is called\n"),
        &format!("- job wrong ({place}): the bus has no state `catalog::kinds::Calendar`: add `.state(...)`"),
        "- plan bad (tests/catalog/problems.rs:",
        "): there is no job `monthly`",
        "): there is no job `yearly`",
        "`frame_limit(0)`",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    assert_eq!(error.problems().len(), 5, "{message}");
}

#[test]
fn the_error_of_a_kind_is_the_source_and_typed() {
    let error = refused(bus().entry(&WRONG).state(Calendar(0)));
    let [StartProblem::Entry { entry, cause: unknown }, StartProblem::Entry { cause: full, .. }] =
        error.problems()
    else {
        panic!("{error}")
    };
    assert_eq!((entry.kind(), entry.name(), entry.place().line()), ("job", "wrong", LINE_OF_WRONG));
    assert!(entry.downcast::<Job>().is_some());
    assert_eq!(unknown.downcast_ref(), Some(&JobProblem::Unknown("catalog.reportd")));
    assert_eq!(full.downcast_ref(), Some(&JobProblem::Full));
    assert!(error.problems()[0].source().is_some_and(|source| source.is::<JobProblem>()));
}

static RIGHT: Job = Job::new("right", "catalog.reported").in_calendar();

#[test]
fn a_check_sees_the_states_and_whether_there_is_a_store() {
    bus().entry(&RIGHT).state(Calendar(1)).start().unwrap();
    let store = Arc::new(MemoryLetters::new(1, 1_000));
    let error = refused(bus().entry(&RIGHT).state(Calendar(1)).letter_store(store));
    let [StartProblem::Entry { cause, .. }] = error.problems() else { panic!("{error}") };
    assert_eq!(cause.downcast_ref(), Some(&JobProblem::NoId));
}

#[test]
fn verify_checks_entries_for_all_but_states() {
    let error = refused(bus().entry(&RIGHT));
    let [StartProblem::Entry { cause, .. }] = error.problems() else { panic!("{error}") };
    assert!(cause.is::<MissingState>());
    bus().entry(&RIGHT).verify().unwrap();
    let error = bus().entry(&WRONG).verify().unwrap_err();
    assert!(matches!(error.problems(), [StartProblem::Entry { .. }]), "{error}");
}

#[test]
fn verify_has_something_to_check_if_there_is_an_entry() {
    assert!(matches!(bus().verify().unwrap_err().problems(), [StartProblem::NoHandlers]));
    bus().entry(&NIGHTLY).verify().unwrap();
}

static SAME: Job = Job::new("nightly", "catalog.reported");
static SAME_PLAN: Plan = Plan::new("bad", &[]);

#[test]
fn names_are_unique_in_a_kind_that_says_so() {
    let error = refused(bus().entry(&NIGHTLY).entry(&SAME));
    let [StartProblem::SameName { first, second }] = error.problems() else { panic!("{error}") };
    assert_eq!((first.name(), second.name()), ("nightly", "nightly"));
    let message = error.to_string();
    for part in [
        "two entries of one kind have one name: job nightly (tests/catalog/main.rs:",
        ", and job nightly (tests/catalog/problems.rs:",
        "; give one of them another",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let empty: Plan = Plan::new("bad", &[]);
    bus().entry(&SAME_PLAN).entry(Box::leak(Box::new(empty))).start().unwrap();
}

#[test]
fn an_entry_that_is_linked_twice_is_told_so() {
    let copies = [(); 2].map(|()| &*Box::leak(Box::new(Job::new("copied", "catalog.reported"))));
    let message = refused(bus().entry(copies[0]).entry(copies[1])).to_string();
    assert!(message.contains("is there twice, because its crate is linked twice"), "{message}");
}
