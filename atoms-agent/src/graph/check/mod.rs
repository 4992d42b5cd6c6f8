//! Checks that the edges of a graph form no circle, that each event that is emitted has a receiver, and that each handler
//! gets events. rustc runs it for `graph!`, and `GraphBuilder::build` for graphs that are built at run time.
//!
//! It takes time in proportion to nodes and edges, times the words of a set of events. It is `const`, and so has `while`
//! loops in place of iterators, and memory from the caller in place of vectors.

mod events;
mod twice;

use events::Events;
pub use twice::{emits, is_taken_before, taken_before};

use super::edge::{ALWAYS, Edge};
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
    /// Returns the memory for a graph of these nodes and edges.
    pub const fn of(nodes: &[&'static NodeShape], edges: &[Edge]) -> Self {
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
        let mut edge = 0;
        while edge < edges.len() {
            if let Some(carried) = &edges[edge].carries {
                names += events::count(carried) + events::count(&ALWAYS);
            }
            edge += 1;
        }
        let words = names.div_ceil(64) * (nodes.len() * SETS + edges.len());
        Self { names, words, numbers: order::room(nodes.len(), edges.len()) }
    }
}

/// Returns whether anything is wrong with a graph, at compile time. The sizes are those of [`Sizes::of`].
pub const fn is_wrong<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[Edge],
) -> bool {
    !at_compile_time::<NAMES, WORDS, NUMBERS>(nodes, edges, Report::new()).is_empty()
}

/// Returns what is wrong with the node at this place of a graph, at compile time. The sizes are those of [`Sizes::of`].
pub const fn of_node<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[Edge],
    node: usize,
) -> Report {
    at_compile_time::<NAMES, WORDS, NUMBERS>(nodes, edges, Report::about(node))
}

const fn at_compile_time<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[&'static NodeShape],
    edges: &[Edge],
    report: Report,
) -> Report {
    let (mut events, mut table) = ([None; NAMES], [0; NAMES]);
    let (mut sets, mut numbers) = ([0; WORDS], [0; NUMBERS]);
    Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers).report(report)
}

/// Checks a graph while the program runs.
pub(super) fn at_run_time(nodes: &[&'static NodeShape], edges: &[Edge]) -> String {
    let sizes = Sizes::of(nodes, edges);
    let (mut events, mut table) = (vec![None; sizes.names], vec![0; sizes.names]);
    let (mut sets, mut numbers) = (vec![0; sizes.words], vec![0; sizes.numbers]);
    let check = Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers);
    check.report(Report::new()).as_str().to_owned()
}

struct Check<'a> {
    nodes: &'a [&'static NodeShape],
    edges: &'a [Edge],
    events: Events<'a>,
    order: Order<'a>,
    sets: &'a mut [u64],
    /// The words of one set.
    words: usize,
}

impl<'a> Check<'a> {
    const fn new(
        nodes: &'a [&'static NodeShape],
        edges: &'a [Edge],
        events: &'a mut [Option<EventShape>],
        table: &'a mut [usize],
        sets: &'a mut [u64],
        numbers: &'a mut [usize],
    ) -> Self {
        let words = events.len().div_ceil(64);
        let order = Order::new(nodes.len(), edges, numbers);
        Self { nodes, edges, events: Events::new(events, table), order, sets, words }
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
                self.find_idle(node, word, &mut report);
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
                self.add(row(node, Set::Handled), &it.takes);
                if it.consumes {
                    self.add(row(node, Set::Consumed), &it.takes);
                    rest = rest || it.takes_every_event;
                }
                self.add(row(node, Set::Emitted), &it.returns);
                self.add(row(node, Set::Emitted), &it.emits);
                method += 1;
            }
            if rest {
                self.consume_rest(node);
            }
            node += 1;
        }
        let mut edge = 0;
        while edge < self.edges.len() {
            if let Some(carried) = &self.edges[edge].carries {
                let row = self.row_of_edge(edge);
                self.add(row, carried);
                self.add(row, &ALWAYS);
            }
            edge += 1;
        }
    }

    const fn consume_rest(&mut self, node: usize) {
        let mut word = 0;
        while word < self.words {
            self.sets[self.at(node, Set::Consumed, word)] |= !self.get(node, Set::Handled, word);
            word += 1;
        }
    }

    const fn add(&mut self, row: usize, types: &EventTypes) {
        match types {
            EventTypes::One(event) => {
                let number = self.events.number(event);
                self.sets[row * self.words + number / 64] |= 1 << (number % 64);
            }
            EventTypes::All(lists) => {
                let mut list = 0;
                while list < lists.len() {
                    self.add(row, lists[list]);
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
            let leaving = self.leaving(node, word);
            let mut next_edge = 0;
            while next_edge < self.order.edges_from(node).len() {
                let edge = self.order.edges_from(node)[next_edge];
                let carried = leaving & self.carried(edge, word);
                self.sets[self.at(self.edges[edge].to, Set::Coming, word)] |= carried;
                next_edge += 1;
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
            let (edges, mut next_edge) = (self.order.edges_from(node), 0);
            while next_edge < edges.len() {
                let to = self.edges[edges[next_edge]].to;
                let behind = self.passed(to, word, self.get(to, Set::Wanted, word));
                // A node that consumes every event handles these, too.
                let taken = self.get(to, Set::Handled, word) | self.get(to, Set::Consumed, word) | behind;
                wanted |= taken & self.carried(edges[next_edge], word);
                next_edge += 1;
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
                report.lost(self.nodes, node, event.name, self.has_routes());
            }
            lost &= lost - 1;
        }
    }

    /// Reports events that are handled, and never come.
    const fn find_missing(&self, node: usize, word: usize, report: &mut Report) {
        let mut missing = self.get(node, Set::Handled, word) & !self.get(node, Set::Coming, word);
        while missing != 0 {
            let event = self.events.get(word * 64 + missing.trailing_zeros() as usize);
            report.missing(self.nodes, node, event.name, self.has_routes());
            missing &= missing - 1;
        }
    }

    /// Reports events that an edge of the node carries, and that never leave the node.
    const fn find_idle(&self, node: usize, word: usize, report: &mut Report) {
        let (edges, mut next_edge) = (self.order.edges_from(node), 0);
        while next_edge < edges.len() {
            let edge = &self.edges[edges[next_edge]];
            next_edge += 1;
            let Some(_) = &edge.carries else { continue };
            let mut idle = self.carried(edges[next_edge - 1], word) & !self.leaving(node, word);
            while idle != 0 {
                let event = self.events.get(word * 64 + idle.trailing_zeros() as usize);
                if !events::has(&ALWAYS, event.hash) {
                    report.idle(self.nodes, node, edge.to, event.name);
                }
                idle &= idle - 1;
            }
        }
    }

    /// Whether some edges carry certain events only.
    const fn has_routes(&self) -> bool {
        let mut edge = 0;
        while edge < self.edges.len() {
            if self.edges[edge].carries.is_some() {
                return true;
            }
            edge += 1;
        }
        false
    }

    /// The events that leave a node.
    const fn leaving(&self, node: usize, word: usize) -> u64 {
        self.passed(node, word, self.get(node, Set::Coming, word)) | self.get(node, Set::Emitted, word)
    }

    /// The events that an edge carries.
    const fn carried(&self, edge: usize, word: usize) -> u64 {
        match self.edges[edge].carries {
            None => u64::MAX,
            Some(_) => self.sets[self.row_of_edge(edge) * self.words + word],
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
        row(node, set) * self.words + word
    }

    const fn row_of_edge(&self, edge: usize) -> usize {
        self.nodes.len() * SETS + edge
    }
}

/// The place of a set of a node among all sets.
const fn row(node: usize, set: Set) -> usize {
    node * SETS + set as usize
}
