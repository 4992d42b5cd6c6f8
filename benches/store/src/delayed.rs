//! Very many events that are due later: what memory they take, and how long a start takes with them.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::orders::{OrderPlaced, bus};
use crate::{Failure, directory, runtime};

/// How the program is told to start with such a file.
pub(crate) const START: &str = "start";

const POSTERS: u64 = 1_024;

/// When they are due.
const LATER: Duration = Duration::from_secs(24 * 60 * 60);

/// In how many steps the memory is looked at.
const STEPS: u64 = 10;

/// Posts them, starts another process with the file, and prints the table.
pub(crate) fn table(events: u64) -> Result<(), Failure> {
    let (directory, runtime) = (directory()?, runtime()?);
    let file = directory.path().join("atoms.db");
    println!(
        "\n### {events} delayed events\n\n| events | memory | events a second |\n| ---: | ---: | ---: |"
    );
    runtime.block_on(async {
        let bus = bus(&file)?;
        println!("| 0 | {:.1} MiB | |", memory()?);
        for step in 1..=STEPS {
            let begun = Instant::now();
            let posters: Vec<_> = (0..POSTERS)
                .map(|poster| {
                    let bus = bus.clone();
                    tokio::spawn(async move {
                        for number in (poster..events / STEPS).step_by(POSTERS as usize) {
                            let post = bus.post(OrderPlaced::new(number)).after(LATER);
                            post.await.expect("the store takes it");
                        }
                    })
                })
                .collect();
            for poster in posters {
                poster.await?;
            }
            let rate = (events / STEPS) as f64 / begun.elapsed().as_secs_f64();
            println!("| {} | {:.1} MiB | {rate:.0} |", step * events / STEPS, memory()?);
        }
        bus.shutdown(Duration::from_secs(10)).await?;
        Ok::<_, Failure>(())
    })?;
    let started = Command::new(std::env::current_exe()?).arg(START).arg(&file).status()?;
    if started.success() { Ok(()) } else { Err("the start failed".into()) }
}

/// Starts a bus with this file, and waits until it has handled an event that is due at once.
pub(crate) fn start(file: &Path) -> Result<(), Failure> {
    let before = memory()?;
    runtime()?.block_on(async {
        let begun = Instant::now();
        let bus = bus(file)?;
        let started = begun.elapsed();
        bus.post(OrderPlaced::new(0)).await?;
        bus.idle().await;
        let handled = begun.elapsed();
        println!("\nThe next process starts in {started:.1?} (target: 1 s), and has handled a new event after {handled:.1?}.");
        println!("Its memory is {before:.1} MiB before, and {:.1} MiB after.", memory()?);
        Ok(())
    })
}

/// The resident set of this process, in MiB.
fn memory() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1_024.0)
}
