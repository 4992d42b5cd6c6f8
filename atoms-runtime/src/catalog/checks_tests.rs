use super::*;
use crate::handler::{Handler, HandlerInfo, StartContext, States};
use crate::{Event, handler, request};

#[request(type = "checks.answered", reply = u32, crate = atoms_runtime)]
struct Answered {}

#[request(type = "checks.unanswered", reply = u32, crate = atoms_runtime)]
struct NotAnswered {}

#[crate::event(type = "checks.emitted", crate = atoms_runtime)]
struct Emitted {}

#[handler(crate = atoms_runtime)]
fn answer(_: &Answered) -> u32 {
    1
}

fn registry(handlers: Vec<&'static HandlerInfo>) -> Registry {
    let events = vec![Answered::event_type(), NotAnswered::event_type(), Emitted::event_type()];
    Registry::new(events, handlers, Vec::new())
}

#[test]
fn a_request_without_a_handler_is_found() {
    let registry = registry(vec![<answer as Handler>::info()]);
    let requests: Vec<_> = unanswered(&registry).map(EventType::name).collect();
    assert_eq!(requests, ["checks.unanswered"]);
}

#[test]
fn a_detached_handler_of_a_request_is_found() {
    static DETACHED: HandlerInfo =
        HandlerInfo::stand_in::<Answered>("checks::detached", here()).with_detached();
    let (registry, states) = (registry(vec![&DETACHED]), States::default());
    let problems = check(&StartCheck::new(&registry, StartContext::new(&states), false));
    let [problem @ StartProblem::DetachedAnswer { request, handler }] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert_eq!((request.name(), handler.path()), ("checks.answered", "checks::detached"));
    assert!(problem.to_string().ends_with("remove `detached`"), "{problem}");
}

const fn here() -> &'static std::panic::Location<'static> {
    std::panic::Location::caller()
}
