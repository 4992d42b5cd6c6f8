//! Two threads that emit on clones of one bus.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use contenders::runner::{duration, quantile};

use super::sync::{Direct, bus, call, direct, emit};

const ROUNDS: usize = 41;

/// Emits of each thread in one round: some milliseconds.
const EMITS: u64 = 100_000;

/// Direct calls of each thread in one round, which should take as long: what other programs of the
/// machine take away they take from long rounds, and would be held against the slower contender.
const CALLS: u64 = 5 * EMITS;

/// Prints what a thread does when it is alone, and when there are two.
///
/// The direct calls say what the machine itself loses when both of its cores are busy.
pub(crate) fn table() {
    let (bus, direct): (_, Direct) = (bus(4), direct(4));
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        times[0].push(round(1, CALLS, || call(&direct)));
        times[1].push(round(2, CALLS, || call(&direct)));
        times[2].push(round(1, EMITS, || emit(&bus)));
        times[3].push(round(2, EMITS, || emit(&bus)));
    }
    let [direct_one, direct_two, one, two] = times.map(|of_one| quantile(&of_one, 0.5));
    println!("\n### One event to 4 sync handlers, from two threads at once\n");
    println!("| contender | alone | of two | throughput of each, alone = 1 | target |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, one, two, target) in [("direct calls", direct_one, direct_two, ""), ("atoms", one, two, "0.9")]
    {
        let share = one / two;
        println!("| {name} | {} | {} | {share:.2} | {target} |", duration(one), duration(two));
    }
}

/// Nanoseconds for one call, with so many threads calling at once; the mean of the threads.
fn round(threads: usize, count: u64, once: impl Fn() + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let of_thread = || {
        barrier.wait();
        let start = Instant::now();
        (0..count).for_each(|_| once());
        start.elapsed().as_nanos() as f64 / count as f64
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(of_thread)).collect();
        let times = running.into_iter().map(|thread| thread.join().expect("a thread of the benchmark"));
        times.sum::<f64>() / threads as f64
    })
}
