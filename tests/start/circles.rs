//! Handlers that emit each other's events in a circle.

use atoms::prelude::*;
use atoms::{CircleEdge, DeliveryFailed, StartError, StartProblem};

use crate::{Answered, Asked, Ended, Promised, bus, refused};

#[handler]
pub(crate) fn echo(_: &Asked) -> Asked {
    Asked {}
}

#[handler]
fn answer(_: &Asked) -> Option<Vec<Answered>> {
    None
}

#[handler]
async fn ask_again(_: &Answered, _: Emitter<(Ended, Asked)>) {}

#[handler]
fn end(_: Answered) -> Result<Ended, String> {
    Ok(Ended {})
}

#[handler]
fn restart(_: &Envelope<Ended>) -> (Promised, Asked) {
    (Promised {}, Asked {})
}

#[handler(allow_cycle)]
fn restart_knowingly(_: &Ended) -> Asked {
    Asked {}
}

#[handler]
fn keep(_: &Promised) {}

#[handler]
async fn audit(_: &AnyEvent, _: Emitter<Answered>) {}

fn circles(error: &StartError) -> Vec<Vec<&'static str>> {
    let edges = |edges: &[CircleEdge]| {
        // Each edge begins where the one before it ends, and the first where the last ends.
        for (at, edge) in edges.iter().enumerate() {
            assert_eq!(edge.emits, edges[(at + 1) % edges.len()].takes);
        }
        edges.iter().map(|edge| edge.handler.path().rsplit("::").next().unwrap()).collect()
    };
    let circle = |problem: &_| match problem {
        StartProblem::Circle { edges: of } => edges(of),
        other => panic!("{other}"),
    };
    error.problems().iter().map(circle).collect()
}

#[test]
fn of_one_handler() {
    let error = refused(bus().handler::<echo>());
    assert_eq!(circles(&error), [["echo"]]);
    let message = error.to_string();
    assert!(message.contains("`start.asked` -> start::circles::echo (tests/start/circles.rs:"), "{message}");
    assert!(message.contains("-> `start.asked`"), "{message}");
    assert!(message.contains("`#[handler(allow_cycle)]`"), "{message}");
}

#[handler]
async fn echo_either_way(_: &Asked, _: Emitter<(Asked, Answered)>) -> Vec<Asked> {
    vec![]
}

#[test]
fn is_told_once_though_the_event_is_declared_twice() {
    assert_eq!(circles(&refused(bus().handler::<echo_either_way>())), [["echo_either_way"]]);
}

#[test]
fn of_two_handlers() {
    let error = refused(bus().handler::<answer>().handler::<ask_again>());
    assert_eq!(circles(&error), [["ask_again", "answer"]]);
}

#[test]
fn of_three_handlers_is_named_whole_and_in_order() {
    let builder = bus().handler::<restart>().handler::<end>().handler::<answer>().handler::<keep>();
    let error = refused(builder);
    assert_eq!(circles(&error), [["end", "restart", "answer"]]);
    let message = error.to_string();
    let places: Vec<_> =
        ["::end (", "::restart (", "::answer ("].map(|name| message.find(name).unwrap()).into();
    assert!(places.is_sorted(), "{message}");
}

#[test]
fn each_is_named() {
    let builder = bus().handler::<echo>().handler::<answer>().handler::<ask_again>();
    assert_eq!(circles(&refused(builder)), [&["ask_again", "answer"][..], &["echo"]]);
}

#[test]
fn one_handler_that_allows_it_allows_the_circle() {
    bus().handler::<restart_knowingly>().handler::<end>().handler::<answer>().start().unwrap();
}

#[test]
fn one_handler_that_allows_it_allows_no_other_circle() {
    let builder = bus().handler::<restart_knowingly>().handler::<end>().handler::<answer>();
    let error = refused(builder.handler::<ask_again>());
    assert_eq!(circles(&error), [["ask_again", "answer"]]);
}

#[test]
fn through_a_handler_of_every_event() {
    assert_eq!(circles(&refused(bus().handler::<audit>())), [["audit"]]);
    let error = refused(bus().handler::<audit>().handler::<end>());
    assert_eq!(circles(&error), [&["audit"][..], &["end", "audit"]]);
}

#[test]
fn a_chain_is_none() {
    bus().handler::<answer>().handler::<end>().start().unwrap();
}

#[handler]
fn tell(_: &DeliveryFailed) -> DeliveryFailed {
    DeliveryFailed {
        dead_letter: 0,
        event_type: String::new(),
        event_id: String::new(),
        handler: None,
        attempts: 0,
        error: String::new(),
    }
}

#[test]
fn of_a_handler_that_emits_a_failure_of_its_own_for_each() {
    assert_eq!(circles(&refused(bus().handler::<tell>())), [["tell"]]);
}
