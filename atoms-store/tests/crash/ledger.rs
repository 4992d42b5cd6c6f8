//! What all processes have said.

use std::collections::{BTreeMap, BTreeSet};

/// What was done with a number, for each key in order.
type Said = BTreeMap<u64, Vec<u64>>;

/// The lines of all processes, by what they say.
#[derive(Default)]
pub(crate) struct Ledger {
    said: BTreeMap<String, Said>,
    /// How much was done again, since a process was killed in between.
    pub(crate) repeated: BTreeMap<String, usize>,
}

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
                let is_in_order = ["posted", "handled", "seen", "followed"].contains(&what);
                if is_in_order {
                    assert!(
                        numbers.is_sorted_by(|one, next| one < next),
                        "{what} of {key} out of order: {numbers:?}"
                    );
                }
                let all = self.said.entry(what.into()).or_default().entry(key).or_default();
                if let (true, Some(last)) = (is_in_order, all.last()) {
                    assert!(*last <= numbers[0], "{what} of {key}: {} after {last}", numbers[0]);
                }
                let before: BTreeSet<_> = all.iter().copied().collect();
                let again = numbers.iter().filter(|number| before.contains(number)).count();
                *self.repeated.entry(what.into()).or_default() += again;
                all.extend(numbers);
            }
        }
    }

    fn all(&self, what: &str) -> BTreeSet<(u64, u64)> {
        let said = self.said.get(what).into_iter().flatten();
        said.flat_map(|(key, numbers)| numbers.iter().map(|number| (*key, *number))).collect()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.all(what).len()
    }

    /// What was promised and not done.
    pub(crate) fn missing(&self, promised: &str, done: &str) -> Vec<(u64, u64)> {
        self.all(promised).difference(&self.all(done)).copied().collect()
    }

    /// What was done more than once.
    pub(crate) fn doubled(&self, what: &str) -> Vec<(u64, u64)> {
        let (mut seen, mut doubled) = (BTreeSet::new(), Vec::new());
        for (key, numbers) in self.said.get(what).into_iter().flatten() {
            doubled.extend(numbers.iter().map(|number| (*key, *number)).filter(|it| !seen.insert(*it)));
        }
        doubled
    }
}
