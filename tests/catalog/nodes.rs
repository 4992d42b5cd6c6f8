//! Nodes are entries.

use atoms::agent::NodeShape;
use atoms::agent::events::UserJoined;
use atoms::prelude::*;
use atoms::{Entry, Registry};

use crate::bus;

#[derive(Default)]
struct Greeter;

#[node]
impl Greeter {
    #[handler]
    fn greet(&mut self, _: &UserJoined) {}
}

const LINE_OF_GREETER: u32 = line!() - 6;

#[test]
fn a_node_that_is_linked_is_found_and_listed() {
    let [node] = Registry::linked().entries::<NodeShape>().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((node.name(), node.path()), ("Greeter", "catalog::nodes::Greeter"));
    assert_eq!(Entry::name(node), node.path());
    let line = format!("node catalog::nodes::Greeter (tests/catalog/nodes.rs:{LINE_OF_GREETER})\n");
    assert!(Registry::linked().to_string().contains(&line), "{}", Registry::linked());
}

#[test]
fn a_node_may_be_added_without_discovery() {
    let bus = bus().entry(NodeShape::of::<Greeter>()).start().unwrap();
    let [node] = bus.registry().entries::<NodeShape>().collect::<Vec<_>>()[..] else { panic!() };
    assert!(std::ptr::eq(node, Registry::linked().entries::<NodeShape>().next().unwrap()));
}
