//! Runs the contenders of a table interleaved, so that what disturbs the machine disturbs all alike.
//!
//! The first contender of a table is its baseline. Only the ratios mean something elsewhere.

use std::time::{Duration, Instant};

use crate::allocations;

/// How often each contender of a table runs one batch.
const ROUNDS: usize = 101;

/// About how long a batch takes.
const BATCH: Duration = Duration::from_millis(1);

/// One table of contenders who do the same work.
pub struct Table<'a> {
    title: String,
    contenders: Vec<Contender<'a>>,
}

struct Contender<'a> {
    name: String,
    target: Option<f64>,
    run: Box<dyn FnMut(u64) + 'a>,
    iterations: u64,
    allocations: f64,
    /// Nanoseconds for one iteration, for each round.
    times: Vec<f64>,
}

impl<'a> Table<'a> {
    /// A table without contenders.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), contenders: Vec::new() }
    }

    /// Adds one who does its work once when called.
    pub fn add(&mut self, name: impl Into<String>, target: Option<f64>, mut once: impl FnMut() + 'a) {
        self.add_batch(name, target, move |iterations| (0..iterations).for_each(|_| once()));
    }

    /// Adds one who does its work as often as it is told.
    pub fn add_batch(&mut self, name: impl Into<String>, target: Option<f64>, run: impl FnMut(u64) + 'a) {
        self.contenders.push(Contender {
            name: name.into(),
            target,
            run: Box::new(run),
            iterations: 1,
            allocations: 0.0,
            times: Vec::with_capacity(ROUNDS),
        });
    }

    /// Runs all rounds, and prints the table.
    pub fn run(mut self) {
        self.contenders.iter_mut().for_each(Contender::calibrate);
        let count = self.contenders.len();
        for round in 0..ROUNDS {
            // Each round begins with another one, so that nobody always runs behind the same one.
            for turn in 0..count {
                self.contenders[(round + turn) % count].batch();
            }
        }
        self.print();
    }

    fn print(&self) {
        println!("\n### {}\n", self.title);
        println!("| contender | time | middle half | ratio | target | allocations |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        let baseline = self.contenders.first().map_or(f64::NAN, |first| quantile(&first.times, 0.5));
        for contender in &self.contenders {
            let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile(&contender.times, q));
            println!(
                "| {} | {} | {} to {} | {:.2} | {} | {} |",
                contender.name,
                duration(median),
                duration(low),
                duration(high),
                median / baseline,
                contender.target.map_or_else(String::new, |target| format!("{target}")),
                contender.allocations,
            );
        }
    }
}

impl Contender<'_> {
    /// Finds how many iterations make a batch, and counts the allocations of one.
    fn calibrate(&mut self) {
        loop {
            let elapsed = self.timed();
            if elapsed >= BATCH / 2 {
                break;
            }
            self.iterations *= 2;
        }
        let before = allocations::count();
        (self.run)(self.iterations);
        self.allocations = (allocations::count() - before) as f64 / self.iterations as f64;
        self.allocations = (self.allocations * 100.0).round() / 100.0;
    }

    fn batch(&mut self) {
        let elapsed = self.timed();
        self.times.push(elapsed.as_nanos() as f64 / self.iterations as f64);
    }

    fn timed(&mut self) -> Duration {
        let start = Instant::now();
        (self.run)(self.iterations);
        start.elapsed()
    }
}

/// The value below which this share of the samples lies.
pub fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Nanoseconds as one reads them.
pub fn duration(nanos: f64) -> String {
    match nanos {
        nanos if nanos < 1e3 => format!("{nanos:.1} ns"),
        nanos if nanos < 1e6 => format!("{:.2} us", nanos / 1e3),
        nanos if nanos < 1e9 => format!("{:.2} ms", nanos / 1e6),
        nanos => format!("{:.2} s", nanos / 1e9),
    }
}
