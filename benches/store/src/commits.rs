//! How many commits an event takes that one task posts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use atoms::prelude::*;

use crate::orders::{OrderPlaced, bus};
use crate::{Failure, directory, runtime};

const EVENTS: u64 = 2_000;

const TARGET: f64 = 2.0;

/// Counts the commits, and prints the table.
pub(crate) fn table() -> Result<(), Failure> {
    let (directory, runtime) = (directory()?, runtime()?);
    let _runtime = runtime.enter();
    let file = directory.path().join("atoms.db");
    let bus = bus(&file)?;
    println!("\n### Commits of one poster\n");
    println!("| it posts | commits for an event | target | time of an event |\n| --- | ---: | ---: | ---: |");
    for waits in [false, true] {
        let (before, begun) = (made(&file)?, Instant::now());
        runtime.block_on(post(&bus, waits));
        let time = begun.elapsed() / EVENTS as u32;
        let commits = made(&file)?.wrapping_sub(before);
        let when =
            if waits { "each when the one before is handled" } else { "each when the one before is posted" };
        println!("| {when} | {:.2} | {TARGET} | {time:.1?} |", f64::from(commits) / EVENTS as f64);
    }
    Ok(())
}

async fn post(bus: &Bus, waits: bool) {
    for number in 0..EVENTS {
        bus.post(OrderPlaced::new(number)).await.expect("the store takes it");
        if waits {
            bus.idle().await;
        }
    }
    bus.idle().await;
}

/// How many commits SQLite has made: the counter in the index of the log, of which `walformat.html` of its documentation says
/// that each transaction increments it.
pub(crate) fn made(file: &Path) -> Result<u32, Failure> {
    let mut name = file.as_os_str().to_owned();
    name.push("-shm");
    let (mut index, mut counter) = (File::open(name)?, [0; 4]);
    index.seek(SeekFrom::Start(8))?;
    index.read_exact(&mut counter)?;
    Ok(u32::from_ne_bytes(counter))
}
