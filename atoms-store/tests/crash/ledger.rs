//! What all processes have said.

use std::collections::{BTreeMap, BTreeSet};

/// What was done with a number, for each key in order.
type Said = BTreeMap<u64, Vec<u64>>;

/// A key and a number.
pub(crate) type Item = (u64, u64);

/// The lines of all processes, by what they say.
#[derive(Default)]
pub(crate) struct Ledger {
    said: BTreeMap<String, Said>,
    /// How much was done again, since a process was killed in between.
    pub(crate) repeated: BTreeMap<String, usize>,
    /// What was not done in the order of its key.
    pub(crate) disordered: Vec<Item>,
}

/// What is done in the order of its key.
const IN_ORDER: [&str; 4] = ["posted", "handled", "seen", "followed"];

impl Ledger {
    /// Adds what one process has said. It does nothing twice, and goes on where the one before has ended.
    pub(crate) fn add(&mut self, lines: &[String]) {
        let mut own: BTreeMap<&str, Said> = BTreeMap::new();
        for line in lines {
            let [what, key, number] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
            let (Ok(key), Ok(number)) = (key.parse(), number.parse()) else { continue };
            own.entry(what).or_default().entry(key).or_default().push(number);
        }
        for (what, of_keys) in own {
            for (key, numbers) in of_keys {
                self.add_of_key(what, key, numbers);
            }
        }
    }

    fn add_of_key(&mut self, what: &str, key: u64, numbers: Vec<u64>) {
        let all = self.said.entry(what.into()).or_default().entry(key).or_default();
        if IN_ORDER.contains(&what) {
            let wrong = numbers.windows(2).filter(|pair| pair[0] >= pair[1]).map(|pair| (key, pair[1]));
            self.disordered.extend(wrong);
            self.disordered.extend(all.last().filter(|last| **last > numbers[0]).map(|_| (key, numbers[0])));
        }
        let before: BTreeSet<_> = all.iter().copied().collect();
        let again = numbers.iter().filter(|number| before.contains(number)).count();
        *self.repeated.entry(what.into()).or_default() += again;
        all.extend(numbers);
    }

    pub(crate) fn all(&self, what: &str) -> BTreeSet<Item> {
        let said = self.said.get(what).into_iter().flatten();
        said.flat_map(|(key, numbers)| numbers.iter().map(|number| (*key, *number))).collect()
    }

    /// What was promised and not done.
    pub(crate) fn missing(&self, promised: &str, done: &str) -> Vec<Item> {
        self.all(promised).difference(&self.all(done)).copied().collect()
    }

    /// What was done more than once.
    pub(crate) fn doubled(&self, what: &str) -> Vec<Item> {
        let (mut seen, mut doubled) = (BTreeSet::new(), Vec::new());
        for (key, numbers) in self.said.get(what).into_iter().flatten() {
            doubled.extend(numbers.iter().map(|number| (*key, *number)).filter(|it| !seen.insert(*it)));
        }
        doubled
    }

    /// The keys of which more than one number was said.
    pub(crate) fn ambiguous(&self, what: &str) -> Vec<Item> {
        let keys = self.said.get(what).into_iter().flatten();
        let several = keys.filter(|(_, numbers)| numbers.iter().any(|number| *number != numbers[0]));
        several.map(|(key, numbers)| (*key, numbers[0])).collect()
    }
}
