//! The net of the start: what only the whole program knows, and what the message says of it.

mod circles;
mod identities;
mod warnings;

use atoms::prelude::*;
use atoms::{BusBuilder, Handler, HandlerInfo, StartError, StartProblem};

#[event(type = "start.asked")]
struct Asked {}

#[event(type = "start.answered")]
struct Answered {}

#[event(type = "start.ended")]
struct Ended {}

#[event(type = "start.promised", must_handle)]
struct Promised {}

fn bus() -> BusBuilder {
    Bus::builder().without_discovery()
}

#[track_caller]
fn refused(builder: BusBuilder) -> StartError {
    builder.start().expect_err("the bus started")
}

mod states {
    use super::*;

    struct Mailer;

    #[handler]
    fn mail(_: &Asked, _: State<Mailer>) {}

    const LINE_OF_MAIL: u32 = line!() - 3;

    #[test]
    fn a_missing_state_is_named_with_its_handler_and_the_fix() {
        let error = refused(bus().handler::<mail>());
        let message = error.to_string();
        let handler = format!("start::states::mail (tests/start/main.rs:{LINE_OF_MAIL})");
        for part in [&handler, "start::states::Mailer", "`.state(...)`", "`Bus::builder()`"] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
        let [StartProblem::MissingState { handler, missing }] = error.problems() else { panic!("{error:?}") };
        assert_eq!(handler.path(), "start::states::mail");
        assert_eq!(missing.type_name(), "start::states::Mailer");
        assert!(std::error::Error::source(&error).is_some());
    }

    struct Clock;

    #[handler]
    async fn stamp(_: &Asked, _: State<Mailer>, _: State<Clock>) {}

    #[test]
    fn every_missing_state_of_every_handler_is_named() {
        let error = refused(bus().handler::<mail>().handler::<stamp>());
        assert_eq!(error.problems().len(), 3, "{error}");
        assert_eq!(error.to_string().matches("states::Clock").count(), 2, "{error}");
    }

    #[test]
    fn a_state_that_is_there_is_no_problem() {
        bus().handler::<mail>().state(Mailer).start().unwrap();
        bus().handler::<mail>().shared_state(std::sync::Arc::new(Mailer)).start().unwrap();
    }
}

#[derive(Debug)]
struct Unprepared;

impl atoms::FromDelivery for Unprepared {
    type Prepared = ();

    fn prepare(_: &atoms::StartContext<'_>) -> Result<(), atoms::PrepareError> {
        Err(atoms::PrepareError::Other("the moon is not full".into()))
    }

    fn from_delivery((): &(), _: &atoms::Delivery<'_>) -> Result<Self, atoms::ExtractError> {
        Ok(Self)
    }
}

#[handler]
fn unprepared(_: &Ended, _: Unprepared) {}

#[handler]
fn promise(_: &Ended) -> Promised {
    Promised {}
}

#[test]
fn several_problems_are_told_at_once() {
    let error = refused(bus().handler::<unprepared>().handler::<promise>().handler::<circles::echo>());
    let [circle, promised, prepare] = &kinds(&error)[..] else { panic!("{error}") };
    assert_eq!([*circle, *promised, *prepare], ["circle", "prepare", "unhandled"], "{error}");
    let message = error.to_string();
    assert!(message.starts_with("the bus does not start:\n- "), "{message}");
    assert!(message.contains("start::unprepared (") && message.contains("the moon is not full"), "{message}");
}

fn kinds(error: &StartError) -> Vec<&'static str> {
    let mut kinds: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| match problem {
            StartProblem::MissingState { .. } => "state",
            StartProblem::Prepare { .. } => "prepare",
            StartProblem::Circle { .. } => "circle",
            StartProblem::Unhandled { .. } => "unhandled",
            _ => "another",
        })
        .collect();
    kinds.sort_unstable();
    kinds
}

#[test]
fn what_must_be_handled_and_is_not_is_named_with_the_fix() {
    let error = refused(bus().handler::<promise>());
    let message = error.to_string();
    let parts = ["`start.promised`", "must be handled", "start::promise (tests/start/main.rs:"];
    for part in parts.into_iter().chain(["`&start::Promised`", "`#[handler]`", "`use the_crate as _;`"]) {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let [StartProblem::Unhandled { event_type, emitter }] = error.problems() else { panic!("{error}") };
    assert_eq!((event_type.name(), emitter.path()), ("start.promised", "start::promise"));
}

#[handler]
fn see_all(_: &AnyEvent) {}

#[handler]
fn keep(_: &Promised) {}

#[test]
fn seeing_every_event_is_not_handling_it() {
    assert_eq!(kinds(&refused(bus().handler::<promise>().handler::<see_all>())), ["unhandled"]);
    bus().handler::<promise>().handler::<keep>().start().unwrap();
}

#[test]
fn verify_checks_all_but_states() {
    assert_eq!(kinds(&bus().handler::<promise>().verify().unwrap_err()), ["unhandled"]);
    bus().handler::<asks_for_state>().verify().unwrap();
}

#[handler]
fn asks_for_state(_: &Ended, _: State<u64>) {}

mod one_type_string {
    use super::*;

    #[event(type = "start.shared")]
    struct Ours {}

    mod theirs {
        use super::*;

        #[event(type = "start.shared")]
        pub(super) struct Theirs {}
    }

    /// In tests, where the linker's symbols are left out.
    #[test]
    fn of_two_events_is_found_at_the_start() {
        let error = refused(bus().event::<Ours>().event::<theirs::Theirs>());
        let message = error.to_string();
        for part in
            ["`start.shared`", "one_type_string::Ours, tests/start/main.rs:", "theirs::Theirs, tests/"]
        {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
        assert!(matches!(error.problems(), [StartProblem::DuplicateType { .. }]), "{error}");
    }

    #[test]
    fn of_one_event_is_none() {
        bus().event::<Ours>().event::<Ours>().start().unwrap();
    }
}

/// A test that `verify!` writes; without a builder it would find what is wrong in this program.
mod verified {
    atoms::verify!(super::bus().handler::<super::see_all>());

    #[test]
    fn discovery_finds_what_is_wrong_in_this_program() {
        let error = atoms::Bus::builder().verify().unwrap_err();
        assert!(error.to_string().contains("two events have the type string `start.shared`"), "{error}");
    }
}

#[test]
fn a_handler_is_shown_by_its_path_and_place() {
    #[handler]
    fn shown(_: &Asked) {}

    let info = <shown as atoms::Handler>::info();
    assert_eq!(format!("{info:?}"), info.to_string());
    assert!(info.to_string().contains("shown (tests/start/main.rs:"), "{info}");
}

#[tokio::test]
async fn errors_that_main_returns_are_shown_as_text() {
    #[request(type = "start.counted", reply = u32)]
    struct Count;

    #[handler]
    fn count(_: &Count) -> Result<u32, &'static str> {
        Err("nobody counts")
    }

    let bus = bus().handler::<count>().start().unwrap();
    let error = bus.request(Count).await.unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    bus.shutdown(std::time::Duration::from_secs(10)).await.unwrap();
    let error = bus.post(Asked {}).await.unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}
