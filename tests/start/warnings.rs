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
    assert!(told.contains("a state `start::warnings::Printer`, and nothing takes"), "{told}");
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
    use atoms::agent::events::{Init, LlmRequest};
    use atoms::agent::{Node, Session, SessionState};
    use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

    use super::*;

    struct Of<const PLACE: u8>;

    /// Takes a state by itself.
    struct Extracted;

    impl FromDelivery for Extracted {
        type Prepared = ();

        fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
            start.state::<Of<5>>()?;
            Ok(())
        }

        fn from_delivery((): &(), _: &Delivery<'_>) -> Result<Self, ExtractError> {
            Ok(Self)
        }
    }

    struct Desk;

    #[node(output)]
    impl Desk {
        #[factory]
        fn new(_: &Init, _: State<Of<0>>) -> Self {
            Self
        }

        #[started]
        fn started(&mut self, _: Session, _: Option<State<Of<1>>>) {}

        #[handler(timeout = "2s")]
        async fn answer(&mut self, _: &Asked, _: State<Of<2>>, _: SessionState<u8>) {}

        #[respond]
        fn respond(&mut self, _: &LlmRequest, _: State<Of<3>>) -> futures_util::stream::Empty<String> {
            futures_util::stream::empty()
        }

        #[stopped]
        fn stopped(&mut self, _: State<Of<4>>, _: Extracted) {}
    }

    fn all(builder: BusBuilder) -> BusBuilder {
        builder.state(Of::<0>).state(Of::<1>).state(Of::<2>).state(Of::<3>).state(Of::<4>).state(Of::<5>)
    }

    #[test]
    fn a_state_that_no_node_takes_is_told_on_a_bus_with_nodes() {
        let told = warnings(all(bus().entry(Desk::SHAPE)).state(Of::<6>));
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.contains("nodes::Of<6>`, and nothing takes"), "{told}");
    }

    #[test]
    fn states_of_a_node_that_the_bus_does_not_list_are_not_told() {
        assert_eq!(warnings(all(bus())), [""; 0]);
    }

    #[test]
    fn a_state_that_a_node_misses_is_told_when_a_session_starts() {
        assert_eq!(warnings(bus().entry(Desk::SHAPE)), [""; 0]);
    }
}

mod tools {
    use super::*;

    struct Ledger;

    struct Rules;

    struct Till;

    #[tool]
    fn refund(cents: u64, _: State<Ledger>) -> u64 {
        cents
    }

    #[hook(before)]
    fn limit(_: &mut Call<refund>, _: State<Rules>) -> Verdict<refund> {
        Verdict::Allow
    }

    #[test]
    fn a_state_that_no_tool_and_no_hook_takes_is_told() {
        let builder = bus().tool::<refund>().tool_hook::<limit>();
        let told = warnings(builder.state(Ledger).state(Rules).state(Till));
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.contains("tools::Till`, and nothing takes"), "{told}");
    }
}
