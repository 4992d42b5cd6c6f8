//! The events of a graph, each with a number.

use atoms_runtime::{EventShape, EventTypes};

/// The events of a graph, each with a number.
pub(super) struct Events<'a> {
    /// The events, by their numbers.
    shapes: &'a mut [Option<EventShape>],
    /// The numbers plus one, at the places that the hashes of the names give.
    table: &'a mut [usize],
    known: usize,
}

impl<'a> Events<'a> {
    pub(super) const fn new(shapes: &'a mut [Option<EventShape>], table: &'a mut [usize]) -> Self {
        Self { shapes, table, known: 0 }
    }

    /// Returns the number of an event, which is a new one if it has none yet.
    pub(super) const fn number(&mut self, event: &EventShape) -> usize {
        let mut place = (event.hash % self.table.len() as u64) as usize;
        loop {
            let number = self.table[place];
            if number == 0 {
                self.shapes[self.known] = Some(*event);
                self.known += 1;
                self.table[place] = self.known;
                return self.known - 1;
            }
            if self.get(number - 1).hash == event.hash {
                return number - 1;
            }
            place = (place + 1) % self.table.len();
        }
    }

    pub(super) const fn known(&self) -> usize {
        self.known
    }

    pub(super) const fn get(&self, number: usize) -> &EventShape {
        match &self.shapes[number] {
            Some(event) => event,
            None => panic!("no event has this number"),
        }
    }

    /// The events in this word of a set that the client or the bus may send.
    pub(super) const fn sent_from_outside(&self, word: usize) -> u64 {
        let (mut events, mut bit) = (0, 0);
        while bit < 64 && word * 64 + bit < self.known {
            let flow = self.get(word * 64 + bit).flow;
            if flow.from_client || flow.from_bus {
                events |= 1 << bit;
            }
            bit += 1;
        }
        events
    }
}

/// The number of events in a list.
pub(super) const fn count(types: &EventTypes) -> usize {
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

/// Whether the event with this hash is in a list.
pub(super) const fn has(types: &EventTypes, hash: u64) -> bool {
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
