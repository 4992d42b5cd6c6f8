//! Whether all events of a graph reach somebody, and all handlers get some: checked by rustc for `graph!`,
//! and by the same code for graphs that are put together at run time.
//!
//! In time linear in nodes and edges, for so many events as there are bits in a few words. Loops are `while`
//! loops, and the room comes from the caller, since this is `const`: it has neither iterators nor vectors.

use atoms_runtime::__private::EventShape;
use atoms_runtime::EventTypes;

use super::NodeEntry;
use super::report::Report;
use crate::node::shape::Kind;
use crate::node::shape::MethodShape;

/// How much room a check needs.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// As many as events are named, and those of one type counted as often.
    pub names: usize,
    /// Words of the sets of events.
    pub words: usize,
    /// Numbers of nodes and edges.
    pub numbers: usize,
}

/// The sets of events of a node, each of so many bits as there are events.
#[derive(Clone, Copy)]
enum Set {
    /// It handles them.
    Handled,
    /// It does not pass them on.
    Consumed,
    /// It emits them.
    Emitted,
    /// They may come to it.
    Coming,
    /// A node behind it handles them, if they leave it.
    Wanted,
}

const SETS: usize = 5;

impl Sizes {
    /// The room for a graph of these nodes, with so many edges.
    pub const fn of(nodes: &[NodeEntry], edges: usize) -> Self {
        let (mut names, mut node) = (0, 0);
        while node < nodes.len() {
            let (methods, mut method) = (nodes[node].shape.methods, 0);
            while method < methods.len() {
                let it = &methods[method];
                names += count(&it.takes) + count(&it.returns) + count(&it.emits);
                method += 1;
            }
            node += 1;
        }
        let words = names.div_ceil(64) * nodes.len() * SETS;
        Self { names, words, numbers: 3 * nodes.len() + 1 + edges }
    }
}

const fn count(types: &EventTypes) -> usize {
    match types {
        EventTypes::One(_) => 1,
        EventTypes::All(lists) => {
            let (mut sum, mut list) = (0, 0);
            while list < lists.len() {
                sum += count(lists[list]);
                list += 1;
            }
            sum
        }
    }
}

/// Checks a graph at compile time; the sizes are those of [`Sizes::of`] it.
pub const fn at_compile_time<const NAMES: usize, const WORDS: usize, const NUMBERS: usize>(
    nodes: &[NodeEntry],
    edges: &[(usize, usize)],
) -> Report {
    let (mut events, mut sets, mut numbers) = ([None; NAMES], [0; WORDS], [0; NUMBERS]);
    let mut table = [0; NAMES];
    Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers).report()
}

/// Checks a graph while the program runs.
pub(super) fn at_run_time(nodes: &[NodeEntry], edges: &[(usize, usize)], sizes: Sizes) -> String {
    let (mut events, mut table) = (vec![None; sizes.names], vec![0; sizes.names]);
    let (mut sets, mut numbers) = (vec![0; sizes.words], vec![0; sizes.numbers]);
    Check::new(nodes, edges, &mut events, &mut table, &mut sets, &mut numbers).report().as_str().to_owned()
}

struct Check<'a> {
    nodes: &'a [NodeEntry],
    /// The events by their numbers.
    events: &'a mut [Option<EventShape>],
    /// The numbers of the events plus one, at places that their hashes say.
    table: &'a mut [usize],
    known: usize,
    sets: &'a mut [u64],
    words: usize,
    /// The nodes, each behind those that lead to it.
    order: &'a mut [usize],
    /// Where the targets of each node begin.
    first: &'a mut [usize],
    targets: &'a mut [usize],
    /// How many edges lead to each node.
    leading: &'a mut [usize],
}

impl<'a> Check<'a> {
    const fn new(
        nodes: &'a [NodeEntry],
        edges: &[(usize, usize)],
        events: &'a mut [Option<EventShape>],
        table: &'a mut [usize],
        sets: &'a mut [u64],
        numbers: &'a mut [usize],
    ) -> Self {
        let words = events.len().div_ceil(64);
        let (order, numbers) = numbers.split_at_mut(nodes.len());
        let (leading, numbers) = numbers.split_at_mut(nodes.len());
        let (first, targets) = numbers.split_at_mut(nodes.len() + 1);
        let mut check = Self { nodes, events, table, known: 0, sets, words, order, first, targets, leading };
        check.sort_edges(edges);
        check.sort_nodes();
        check
    }

    /// Puts the targets of each node beside each other.
    const fn sort_edges(&mut self, edges: &[(usize, usize)]) {
        let mut edge = 0;
        while edge < edges.len() {
            let (from, to) = edges[edge];
            self.first[from + 1] += 1;
            self.leading[to] += 1;
            edge += 1;
        }
        let mut node = 0;
        while node < self.nodes.len() {
            self.first[node + 1] += self.first[node];
            // For a while, where the node's next target is to be put.
            self.order[node] = self.first[node];
            node += 1;
        }
        edge = 0;
        while edge < edges.len() {
            let (from, to) = edges[edge];
            self.targets[self.order[from]] = to;
            self.order[from] += 1;
            edge += 1;
        }
    }

    /// Kahn's algorithm; that there is no circle has been checked.
    const fn sort_nodes(&mut self) {
        let (mut sorted, mut node) = (0, 0);
        while node < self.nodes.len() {
            if self.leading[node] == 0 {
                self.order[sorted] = node;
                sorted += 1;
            }
            node += 1;
        }
        let mut next = 0;
        while next < sorted {
            let node = self.order[next];
            let mut target = self.first[node];
            while target < self.first[node + 1] {
                let to = self.targets[target];
                self.leading[to] -= 1;
                if self.leading[to] == 0 {
                    self.order[sorted] = to;
                    sorted += 1;
                }
                target += 1;
            }
            next += 1;
        }
    }

    const fn report(mut self) -> Report {
        self.collect();
        self.send_on();
        self.ask_back();
        let mut report = Report::new();
        let mut node = 0;
        while node < self.nodes.len() {
            self.find_lost(node, &mut report);
            self.find_missing(node, &mut report);
            node += 1;
        }
        report
    }

    /// Notes what each node handles, consumes and emits.
    const fn collect(&mut self) {
        let mut node = 0;
        while node < self.nodes.len() {
            let (methods, mut method) = (self.nodes[node].shape.methods, 0);
            while method < methods.len() {
                let it = &methods[method];
                self.add(node, Set::Handled, &it.takes);
                if it.consumes {
                    self.add(node, Set::Consumed, &it.takes);
                    if it.takes_every_event {
                        self.consume_all(node);
                    }
                }
                self.add(node, Set::Emitted, &it.returns);
                self.add(node, Set::Emitted, &it.emits);
                method += 1;
            }
            node += 1;
        }
    }

    const fn consume_all(&mut self, node: usize) {
        let mut word = 0;
        while word < self.words {
            self.sets[self.at(node, Set::Consumed, word)] = u64::MAX;
            word += 1;
        }
    }

    const fn add(&mut self, node: usize, set: Set, types: &EventTypes) {
        match types {
            EventTypes::One(event) => {
                let number = self.number(event);
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

    /// The number of an event, a new one if it has none yet.
    const fn number(&mut self, event: &EventShape) -> usize {
        let mut place = (event.hash % self.table.len() as u64) as usize;
        loop {
            let number = self.table[place];
            if number == 0 {
                self.events[self.known] = Some(*event);
                self.known += 1;
                self.table[place] = self.known;
                return self.known - 1;
            }
            if let Some(known) = &self.events[number - 1]
                && known.hash == event.hash
            {
                return number - 1;
            }
            place = (place + 1) % self.table.len();
        }
    }

    /// Finds which events come to each node.
    const fn send_on(&mut self) {
        let mut next = 0;
        while next < self.nodes.len() {
            let node = self.order[next];
            let mut word = 0;
            while word < self.words {
                if self.is_root(node) {
                    let from_outside = self.from_outside(word);
                    self.sets[self.at(node, Set::Coming, word)] |= from_outside;
                }
                let leaving = self.passed(node, word, self.get(node, Set::Coming, word))
                    | self.get(node, Set::Emitted, word);
                let mut target = self.first[node];
                while target < self.first[node + 1] {
                    self.sets[self.at(self.targets[target], Set::Coming, word)] |= leaving;
                    target += 1;
                }
                word += 1;
            }
            next += 1;
        }
    }

    /// Finds which events are handled behind each node.
    const fn ask_back(&mut self) {
        let mut next = self.nodes.len();
        while next > 0 {
            next -= 1;
            let node = self.order[next];
            let mut word = 0;
            while word < self.words {
                let mut wanted = 0;
                let mut target = self.first[node];
                while target < self.first[node + 1] {
                    let to = self.targets[target];
                    wanted |= self.get(to, Set::Handled, word)
                        | self.passed(to, word, self.get(to, Set::Wanted, word));
                    target += 1;
                }
                self.sets[self.at(node, Set::Wanted, word)] = wanted;
                word += 1;
            }
        }
    }

    /// What is emitted, and neither handled nor sent to anybody.
    const fn find_lost(&self, node: usize, report: &mut Report) {
        let mut number = 0;
        while number < self.known {
            if let Some(event) = &self.events[number]
                && self.has(node, Set::Emitted, number)
                && !self.has(node, Set::Wanted, number)
                && !event.directions.to_client
                && !event.directions.to_bus
            {
                report.lost(self.nodes[node].shape.name, event.name);
            }
            number += 1;
        }
    }

    /// What is handled, and never comes.
    const fn find_missing(&self, node: usize, report: &mut Report) {
        let mut number = 0;
        while number < self.known {
            if let Some(event) = &self.events[number]
                && self.has(node, Set::Handled, number)
                && !self.has(node, Set::Coming, number)
            {
                report.missing(self.nodes[node].shape.name, event.name);
            }
            number += 1;
        }
    }

    /// Of these events, those that the node passes on.
    const fn passed(&self, node: usize, word: usize, events: u64) -> u64 {
        match self.nodes[node].shape.kind {
            Kind::Background => 0,
            Kind::Plain | Kind::Output => events & !self.get(node, Set::Consumed, word),
        }
    }

    const fn from_outside(&self, word: usize) -> u64 {
        let (mut events, mut bit) = (0, 0);
        while bit < 64 && word * 64 + bit < self.known {
            if let Some(event) = &self.events[word * 64 + bit]
                && (event.directions.from_client || event.directions.from_bus)
            {
                events |= 1 << bit;
            }
            bit += 1;
        }
        events
    }

    const fn is_root(&self, node: usize) -> bool {
        let mut target = 0;
        while target < self.targets.len() {
            if self.targets[target] == node {
                return false;
            }
            target += 1;
        }
        true
    }

    const fn has(&self, node: usize, set: Set, number: usize) -> bool {
        self.get(node, set, number / 64) & (1 << (number % 64)) != 0
    }

    const fn get(&self, node: usize, set: Set, word: usize) -> u64 {
        self.sets[self.at(node, set, word)]
    }

    const fn at(&self, node: usize, set: Set, word: usize) -> usize {
        (node * SETS + set as usize) * self.words + word
    }
}

/// Whether a method takes an event that one before it takes as well.
pub const fn taken_before(methods: &[MethodShape], index: usize) -> Report {
    let mut report = Report::new();
    let second = &methods[index];
    let mut before = 0;
    while before < index {
        let first = &methods[before];
        if first.takes_every_event && second.takes_every_event {
            report.taken_twice(None, first.name, second.name);
        }
        each_in_both(&first.takes, &second.takes, &mut report, (first.name, second.name));
        before += 1;
    }
    report
}

const fn each_in_both(first: &EventTypes, second: &EventTypes, report: &mut Report, names: (&str, &str)) {
    match second {
        EventTypes::One(event) => {
            if has(first, event.hash) {
                report.taken_twice(Some(event.name), names.0, names.1);
            }
        }
        EventTypes::All(lists) => {
            let mut list = 0;
            while list < lists.len() {
                each_in_both(first, lists[list], report, names);
                list += 1;
            }
        }
    }
}

const fn has(types: &EventTypes, hash: u64) -> bool {
    match types {
        EventTypes::One(event) => event.hash == hash,
        EventTypes::All(lists) => {
            let mut list = 0;
            while list < lists.len() {
                if has(lists[list], hash) {
                    return true;
                }
                list += 1;
            }
            false
        }
    }
}
