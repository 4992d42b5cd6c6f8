//! Kinds of entries that other crates add to the registry.

mod kinds;
mod nodes;
mod problems;

use atoms::prelude::*;
use atoms::{BusBuilder, Entry, EntryInfo, Registry, StartError};

use kinds::{Job, Plan};

#[event(type = "catalog.reported")]
struct Reported {}

static NIGHTLY: Job = Job::new("nightly", "catalog.reported");
atoms::entry!(&NIGHTLY, unique: "catalog.", "job.", "nightly");

const LINE_OF_NIGHTLY: u32 = line!() - 3;

static DAILY: Job = Job::new("daily", "catalog.reported");
atoms::entry!(&DAILY);

static WEEK: Plan = Plan::new("week", &["daily", "nightly"]);
atoms::entry!(&WEEK);

fn bus() -> BusBuilder {
    Bus::builder().without_discovery().event::<Reported>()
}

#[track_caller]
fn refused(builder: BusBuilder) -> StartError {
    builder.start().expect_err("the bus started")
}

#[test]
fn what_is_linked_is_found_by_its_kind_in_the_order_of_names() {
    for registry in [Registry::linked(), Bus::start().unwrap().registry()] {
        let jobs: Vec<_> = registry.entries::<Job>().map(Entry::name).collect();
        assert_eq!(jobs, ["daily", "nightly"]);
        assert!(std::ptr::eq(registry.entries::<Plan>().next().unwrap(), &WEEK));
        // The crate of tools has an entry of its own.
        let others = registry.all_entries().iter().filter(|entry| entry.kind() != "asker");
        let all: Vec<_> = others.map(|entry| (entry.kind(), entry.name())).collect();
        let node = ("node", "catalog::nodes::Greeter");
        assert_eq!(all, [("job", "daily"), ("job", "nightly"), node, ("plan", "week")]);
    }
}

#[test]
fn what_is_linked_is_listed_with_events_and_handlers() {
    let list = Registry::linked().to_string();
    let place = format!("job nightly (tests/catalog/main.rs:{LINE_OF_NIGHTLY})\n");
    for line in ["catalog.reported (", &place, "plan week (tests/catalog/main.rs:"] {
        assert!(list.contains(line), "`{line}` is not in: {list}");
    }
}

#[test]
fn a_bus_without_discovery_has_what_it_is_given_and_each_once() {
    assert_eq!(bus().start().unwrap().registry().all_entries(), []);
    let bus = bus().entry(&DAILY).entry(&WEEK).entry(&NIGHTLY).entry(&DAILY).start().unwrap();
    let expected = [EntryInfo::of(&DAILY), EntryInfo::of(&NIGHTLY), EntryInfo::of(&WEEK)];
    assert_eq!(bus.registry().all_entries(), expected);
}

#[test]
fn what_is_discovered_and_given_is_there_once() {
    let bus = Bus::builder().entry(&DAILY).start().unwrap();
    assert_eq!(bus.registry().all_entries(), Registry::linked().all_entries());
}

#[test]
fn an_entry_is_of_one_kind() {
    let entry = EntryInfo::of(&DAILY);
    assert!(entry.downcast::<Job>().is_some_and(|job| std::ptr::eq(job, &DAILY)));
    assert!(entry.downcast::<Plan>().is_none());
    assert_eq!(format!("{entry:?}"), entry.to_string());
    assert!(entry != EntryInfo::of(&NIGHTLY) && entry == EntryInfo::of(&DAILY));
}

/// There is an entry to check, though no handler.
mod verified {
    atoms::verify!();
}
