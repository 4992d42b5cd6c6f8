//! Finding an event by its type string.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;

use contenders::runner::Table;

use super::decode::bus;

/// Measures the look-up of each of a thousand types in turn.
pub(crate) fn table() {
    let bus = bus(1_000);
    let registry = bus.registry();
    let names: Vec<&str> = registry.events().iter().map(|event_type| event_type.name()).collect();
    let pairs = || registry.events().iter().map(|event_type| (event_type.name(), *event_type));
    let hash_map: HashMap<_, _> = pairs().collect();
    let tree: BTreeMap<_, _> = pairs().collect();
    // Not in the order of the names, which would flatter the tree.
    let name = |at: &mut usize| {
        *at = (*at + 617) % names.len();
        black_box(names[*at])
    };
    let [mut in_map, mut in_tree, mut in_registry] = [0_usize; 3];

    let mut table = Table::new("An event by its type string, of 1000");
    table.add("std `HashMap`", None, || {
        black_box(hash_map.get(name(&mut in_map)));
    });
    table.add("std `BTreeMap`", None, || {
        black_box(tree.get(name(&mut in_tree)));
    });
    table.add("atoms `Registry::event`", None, || {
        black_box(registry.event(name(&mut in_registry)));
    });
    table.run();
}
