//! Checks that the edges of a graph form no circle, that each event that is emitted has a receiver, and that each handler
//! gets events. rustc runs it for `graph!`, and `GraphBuilder::build` for graphs that are built at run time.
//!
//! It takes time in proportion to nodes and edges, times the words of a set of events. It is `const`, and so has `while`
//! loops in place of iterators, and memory from the caller in place of vectors.

mod events;
mod twice;

use events::Events;
pub use twice::{emits, is_taken_before, taken_before};

use super::order::{self, Order};
use super::report::Report;
use crate::node::NodeShape;
use crate::node::shape::Kind;
use atoms_runtime::{EventShape, EventTypes};

/// The memory that a check needs.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// The number of named events, with those of one type counted each time.
    pub names: usize,
    /// The words of the sets of events.
    pub words: usize,
    /// The numbers of nodes and edges.
    pub numbers: usize,
}

/// The sets of events of a node, each with a bit for each event.
#[derive(Clone, Copy)]
enum Set {
    /// Those that it handles.
    Handled,
    /// Those that it does not pass on.
    Consumed,
    /// Those that it emits.
    Emitted,
    /// Those that may come to it.
    Coming,
    /// Those that a node behind it handles, if they leave it.
    Wanted,
}

const SETS: usize = 5;

impl Sizes {
    /// Returns the memory for a graph of these nodes with this number of edges.
    pub const fn of(nodes: &[&'static NodeShape], edges: usize) -> Self {
        let (mut names, mut node) = (0, 0);
        while node < nodes.len() {
            let (methods, mut method) = (nodes[node].methods, 0);
            while method < methods.len() {
                let it = &methods[method];
                names += events::count(&it.takes) + events::count(&it.returns) + events::count(&it.emits);
                method += 1;
            }
            node += 1;
        }
        let words = names.div_ceil(64) * nodes.len() * SETS;
        Self { names, words, numbers: order::room(nodes.len(), edges) }
    }
}

/// Returns whether anything is wrong with a graph, at compile time. The sizes are those of [`Sizes::of`].
pub const fn is_wrong<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[(usize, usize)],
) -> bool {
    !at_compile_time::<NAMES, WORDS, NUMBERS>(nodes, edges, Report::new()).is_empty()
}

/// Returns what is wrong with the node at this place of a graph, at compile time. The sizes are those of [`Sizes::of`].
pub const fn of_node<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[(usize, usize)],
    node: usize,
) -> Report {
    at_compile_time::<NAMES, WORDS, NUMBERS>(nodes, edges, Report::about(node))
}

const fn at_compile_time<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[(usize, usize)],
    report: Report,
) -> Report {
    let (mut events, mut table) = ([None; NAMES], [0; NAMES]);
    let (mut sets, mut numbers) = ([0; WORDS], [0; NUMBERS]);
    Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers).report(report)
}

/// Checks a graph while the program runs.
pub(super) fn at_run_time(nodes: &[&'static NodeShape], edges: &[(usize, usize)]) -> String {
    let sizes = Sizes::of(nodes, edges.len());
    let (mut events, mut table) = (vec![None; sizes.names], vec![0; sizes.names]);
    let (mut sets, mut numbers) = (vec![0; sizes.words], vec![0; sizes.numbers]);
    let check = Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers);
    check.report(Report::new()).as_str().to_owned()
}

struct Check<'a> {
    nodes: &'a [&'static NodeShape],
    events: Events<'a>,
    order: Order<'a>,
    sets: &'a mut [u64],
    /// The words of one set.
    words: usize,
}

impl<'a> Check<'a> {
    const fn new(
        nodes: &'a [&'static NodeShape],
        edges: &[(usize, usize)],
        events: &'a mut [Option<EventShape>],
        table: &'a mut [usize],
        sets: &'a mut [u64],
        numbers: &'a mut [usize],
    ) -> Self {
        let words = events.len().div_ceil(64);
        let order = Order::new(nodes.len(), edges, numbers);
        Self { nodes, events: Events::new(events, table), order, sets, words }
    }

    const fn report(mut self, mut report: Report) -> Report {
        if !self.order.circle().is_empty() {
            report.circle(self.nodes, self.order.circle());
            return report;
        }
        self.collect();
        let used = self.events.known().div_ceil(64);
        let mut word = 0;
        while word < used {
            self.send_on(word);
            self.ask_back(word);
            word += 1;
        }
        let mut node = 0;
        while node < self.nodes.len() {
            word = 0;
            while word < used {
                self.find_lost(node, word, &mut report);
                self.find_missing(node, word, &mut report);
                word += 1;
            }
            node += 1;
        }
        report
    }

    /// Notes what each node handles, consumes and emits.
    const fn collect(&mut self) {
        let mut node = 0;
        while node < self.nodes.len() {
            let (methods, mut method) = (self.nodes[node].methods, 0);
            let mut rest = false;
            while method < methods.len() {
                let it = &methods[method];
                self.add(node, Set::Handled, &it.takes);
                if it.consumes {
                    self.add(node, Set::Consumed, &it.takes);
                    rest = rest || it.takes_every_event;
                }
                self.add(node, Set::Emitted, &it.returns);
                self.add(node, Set::Emitted, &it.emits);
                method += 1;
            }
            if rest {
                self.consume_rest(node);
            }
            node += 1;
        }
    }

    const fn consume_rest(&mut self, node: usize) {
        let mut word = 0;
        while word < self.words {
            self.sets[self.at(node, Set::Consumed, word)] |= !self.get(node, Set::Handled, word);
            word += 1;
        }
    }

    const fn add(&mut self, node: usize, set: Set, types: &EventTypes) {
        match types {
            EventTypes::One(event) => {
                let number = self.events.number(event);
                let word = self.at(node, set, number / 64);
                self.sets[word] |= 1 << (number % 64);
            }
            EventTypes::All(lists) => {
                let mut list = 0;
                while list < lists.len() {
                    self.add(node, set, lists[list]);
                    list += 1;
                }
            }
        }
    }

    /// Finds which events come to each node.
    const fn send_on(&mut self, word: usize) {
        let from_outside = self.events.sent_from_outside(word);
        let mut next = 0;
        while next < self.nodes.len() {
            let node = self.order.sorted()[next];
            if next < self.order.roots().len() {
                self.sets[self.at(node, Set::Coming, word)] |= from_outside;
            }
            let passed = self.passed(node, word, self.get(node, Set::Coming, word));
            let leaving = passed | self.get(node, Set::Emitted, word);
            let (targets, mut target) = (self.order.targets(node), 0);
            while target < targets.len() {
                self.sets[self.at(targets[target], Set::Coming, word)] |= leaving;
                target += 1;
            }
            next += 1;
        }
    }

    /// Finds which events are handled behind each node.
    const fn ask_back(&mut self, word: usize) {
        let mut next = self.nodes.len();
        while next > 0 {
            next -= 1;
            let node = self.order.sorted()[next];
            let mut wanted = 0;
            let (targets, mut target) = (self.order.targets(node), 0);
            while target < targets.len() {
                let to = targets[target];
                let behind = self.passed(to, word, self.get(to, Set::Wanted, word));
                // A node that consumes every event handles these, too.
                wanted |= self.get(to, Set::Handled, word) | self.get(to, Set::Consumed, word) | behind;
                target += 1;
            }
            self.sets[self.at(node, Set::Wanted, word)] = wanted;
        }
    }

    /// Reports events that are emitted, and neither handled nor sent to anybody.
    const fn find_lost(&self, node: usize, word: usize, report: &mut Report) {
        let mut lost = self.get(node, Set::Emitted, word) & !self.get(node, Set::Wanted, word);
        while lost != 0 {
            let event = self.events.get(word * 64 + lost.trailing_zeros() as usize);
            if !event.flow.to_client && !event.flow.to_bus {
                report.lost(self.nodes, node, event.name);
            }
            lost &= lost - 1;
        }
    }

    /// Reports events that are handled, and never come.
    const fn find_missing(&self, node: usize, word: usize, report: &mut Report) {
        let mut missing = self.get(node, Set::Handled, word) & !self.get(node, Set::Coming, word);
        while missing != 0 {
            let event = self.events.get(word * 64 + missing.trailing_zeros() as usize);
            report.missing(self.nodes, node, event.name);
            missing &= missing - 1;
        }
    }

    /// Returns those of these events that the node passes on.
    const fn passed(&self, node: usize, word: usize, events: u64) -> u64 {
        match self.nodes[node].kind {
            Kind::Background => 0,
            Kind::Plain | Kind::Output => events & !self.get(node, Set::Consumed, word),
        }
    }

    const fn get(&self, node: usize, set: Set, word: usize) -> u64 {
        self.sets[self.at(node, set, word)]
    }

    const fn at(&self, node: usize, set: Set, word: usize) -> usize {
        (node * SETS + set as usize) * self.words + word
    }
}
