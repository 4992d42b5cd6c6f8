//! What has no effect is told when the bus starts.

use atoms::{AnyEvent, StartWarning};

use super::*;

struct Mailer;

struct Printer;

#[handler]
fn mail(_: &Asked, _: State<Mailer>) {}

#[handler]
fn print(_: &Asked, _: Option<State<Printer>>) {}

#[handler(pattern = "start.*")]
fn see(_: &AnyEvent) {}

#[handler(pattern = "starts.**")]
fn see_nothing(_: &AnyEvent) {}

fn warnings(builder: BusBuilder) -> Vec<String> {
    builder.start().unwrap().start_warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn a_state_that_nothing_takes_is_told() {
    let told = warnings(bus().handler::<mail>().state(Mailer).state(Printer));
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.contains("a state `start::warnings::Printer`, and nothing on it takes"), "{told}");
    assert_eq!(warnings(bus().handler::<mail>().handler::<print>().state(Mailer).state(Printer)), [""; 0]);
}

#[test]
fn a_state_that_replaces_another_is_told_once() {
    let told = warnings(bus().handler::<mail>().state(Mailer).state(Mailer).state(Mailer));
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.contains("two states `start::warnings::Mailer`, and the second one has replaced"), "{told}");
}

#[test]
fn a_pattern_that_selects_no_type_is_told() {
    let bus = bus().handler::<see>().handler::<see_nothing>().event::<Asked>().start().unwrap();
    let [StartWarning::PatternSelectsNothing { handler }] = bus.start_warnings() else {
        panic!("{:?}", bus.start_warnings())
    };
    assert_eq!(*handler, <see_nothing as Handler>::info());
    let told = bus.start_warnings()[0].to_string();
    assert!(
        told.starts_with("the pattern `starts.**` of handler start::warnings::see_nothing (tests/"),
        "{told}"
    );
}

/// Nodes take their states when sessions start.
mod nodes {
    use super::*;

    #[derive(Default)]
    struct Desk;

    #[node]
    impl Desk {
        #[handler(timeout = "2s")]
        async fn answer(&mut self, _: &Asked, _: State<Printer>) {}
    }

    #[test]
    fn a_state_that_a_node_may_take_is_not_told() {
        let told = warnings(bus().entry(<Desk as atoms::agent::Node>::SHAPE).state(Printer));
        assert_eq!(told, [""; 0]);
    }
}
