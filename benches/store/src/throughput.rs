//! Events that many tasks post, until they are handled, against the same rows in batches.

use std::time::{Duration, Instant};

use atoms::AnyEvent;
use atoms::prelude::*;

use crate::orders::{OrderPlaced, bus, post};
use crate::rows::{Rows, Stored};
use crate::{Failure, commits, directory, runtime};

/// How many tasks post, and for how many posts each of them waits at once: no more events than that together can share a
/// commit.
const POSTERS: [(u64, usize); 4] = [(64, 1), (1_024, 1), (64, 16), (64, 64)];

/// How many events a turn has.
const EVENTS: u64 = 20_000;

/// How often each contender has its turn.
const ROUNDS: usize = 5;

const BATCHES: [usize; 5] = [16, 64, 256, 1_024, 4_096];

/// The share of the best batches' events that are to be handled in a second.
const TARGET: f64 = 0.6;

/// Measures both in turns, and prints the table.
pub(crate) fn table() -> Result<(), Failure> {
    let (directory, runtime) = (directory()?, runtime()?);
    let _runtime = runtime.enter();
    let file = directory.path().join("atoms.db");
    let bus = bus(&file)?;
    let mut rows = Rows::open(&directory.path().join("rows.db"))?;
    let events = stored(&bus)?;
    let mut of_rows = BATCHES.map(|_| Turns::default());
    let mut of_atoms = POSTERS.map(|_| (Turns::default(), 0));
    for _ in 0..ROUNDS {
        for (batch, turns) in BATCHES.into_iter().zip(&mut of_rows) {
            turns.add(|| Ok(rows.write(&events, batch)?))?;
        }
        for ((posters, at_once), (turns, commits)) in POSTERS.into_iter().zip(&mut of_atoms) {
            let before = commits::made(&file)?;
            turns.add(|| {
                runtime.block_on(async {
                    post(&bus, posters, at_once, EVENTS).await;
                    bus.idle().await;
                });
                Ok(())
            })?;
            *commits += commits::made(&file)?.wrapping_sub(before);
        }
    }
    let best = of_rows.iter().map(Turns::rate).fold(0.0, f64::max);
    println!("\n### Posted events until they are handled\n");
    println!(
        "| contender | events a second | ratio | target | commits for an event | processor for an event |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (batch, turns) in BATCHES.into_iter().zip(of_rows) {
        let (rate, commits, processor) = (turns.rate(), 2.0 / batch as f64, turns.processor());
        let ratio = rate / best;
        println!(
            "| rusqlite, in batches of {batch} | {rate:.0} | {ratio:.2} | | {commits:.3} | {processor:.1?} |"
        );
    }
    for ((posters, at_once), (turns, commits)) in POSTERS.into_iter().zip(of_atoms) {
        let (rate, commits) = (turns.rate(), f64::from(commits) / (ROUNDS as f64 * EVENTS as f64));
        let (ratio, processor) = (rate / best, turns.processor());
        println!(
            "| atoms, {posters} posters, {at_once} at once | {rate:.0} | {ratio:.2} | {TARGET} | {commits:.3} | {processor:.1?} |"
        );
    }
    Ok(())
}

/// The turns of one contender.
#[derive(Default)]
struct Turns {
    times: Vec<Duration>,
    processor: Duration,
}

impl Turns {
    fn add(&mut self, turn: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let (before, begun) = (processor()?, Instant::now());
        turn()?;
        self.times.push(begun.elapsed());
        self.processor += processor()? - before;
        Ok(())
    }

    /// Events a second in the median of the turns.
    fn rate(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        EVENTS as f64 / times[times.len() / 2].as_secs_f64()
    }

    /// The processor's time of an event.
    fn processor(&self) -> Duration {
        self.processor / (self.times.len() as u32 * EVENTS as u32)
    }
}

/// The processor's time of all threads of this process, which Linux counts in hundredths of a second.
fn processor() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in the state of the process")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(10 * times.sum::<Result<u64, _>>()?))
}

/// The events of a turn, as the store writes them.
fn stored(bus: &Bus) -> Result<Vec<Stored>, Failure> {
    let stored = |number| {
        let event = Envelope::new(OrderPlaced::new(number));
        let id = event.id().to_string();
        Ok(Stored { event: id, frame: bus.encode(&AnyEvent::from(event))? })
    };
    (0..EVENTS).map(stored).collect()
}
