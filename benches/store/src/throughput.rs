//! Events that many tasks post, until they are handled, against the same rows in batches.

use std::time::{Duration, Instant};

use atoms::AnyEvent;
use atoms::prelude::*;

use crate::orders::{OrderPlaced, bus, post};
use crate::rows::{Rows, Stored};
use crate::{Failure, commits, directory, runtime};

/// How many tasks post, each of which waits for one post before the next: no more events than that can share a commit.
const POSTERS: [u64; 2] = [64, 1_024];

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
    let mut of_rows = BATCHES.map(|_| Vec::with_capacity(ROUNDS));
    let mut of_atoms = POSTERS.map(|_| (Vec::with_capacity(ROUNDS), 0));
    for _ in 0..ROUNDS {
        for (batch, times) in BATCHES.into_iter().zip(&mut of_rows) {
            let begun = Instant::now();
            rows.write(&events, batch)?;
            times.push(begun.elapsed());
        }
        for (posters, (times, commits)) in POSTERS.into_iter().zip(&mut of_atoms) {
            let (before, begun) = (commits::made(&file)?, Instant::now());
            runtime.block_on(async {
                post(&bus, posters, EVENTS).await;
                bus.idle().await;
            });
            times.push(begun.elapsed());
            *commits += commits::made(&file)?.wrapping_sub(before);
        }
    }
    let of_rows = of_rows.map(|times| rate(&times));
    let best = of_rows.into_iter().fold(0.0, f64::max);
    println!("\n### Posted events until they are handled\n");
    println!("| contender | events a second | ratio | target | commits for an event |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (batch, rate) in BATCHES.into_iter().zip(of_rows) {
        let (ratio, commits) = (rate / best, 2.0 / batch as f64);
        println!("| rusqlite, in batches of {batch} | {rate:.0} | {ratio:.2} | | {commits:.3} |");
    }
    for (posters, (times, commits)) in POSTERS.into_iter().zip(of_atoms) {
        let (rate, commits) = (rate(&times), f64::from(commits) / (ROUNDS as f64 * EVENTS as f64));
        println!("| atoms, {posters} posters | {rate:.0} | {:.2} | {TARGET} | {commits:.3} |", rate / best);
    }
    Ok(())
}

/// Events a second in the median of the turns.
fn rate(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    EVENTS as f64 / times[times.len() / 2].as_secs_f64()
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
