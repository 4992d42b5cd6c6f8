//! Overload: ten times more events are posted than the handler can take. Memory stays flat, nothing that was
//! accepted is lost, and every post that was refused is told so; otherwise this fails.
//!
//! `cargo run --release --example soak -- 30` runs for 30 seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{PostRefusal, Priority};
use tokio::time::{Instant, interval, sleep};

/// How many tasks post.
const POSTERS: u64 = 8;

/// How many events a second all of them post: the handler takes 8 at once, each for 4 ms or more, which
/// makes 2,000 a second at most.
const POSTS_A_SECOND: u64 = 20_000;

/// How much the memory may grow from a third of the time on, when the allocator has settled.
const GROWTH: f64 = 1.1;

#[event(type = "soak.job")]
struct Job {
    poster: u64,
    /// So that an event that is kept is seen in the memory.
    payload: String,
}

#[derive(Default)]
struct Counts {
    handled: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }
}

#[handler(concurrency = 8)]
async fn work(job: &Job, counts: State<Counts>) -> Result<(), String> {
    sleep(Duration::from_millis(4)).await;
    counts.handled.fetch_add(1, Ordering::Relaxed);
    if job.payload.is_empty() { Err(format!("no payload from {}", job.poster)) } else { Ok(()) }
}

/// Posts at a steady rate, whether there is room or not.
async fn post(bus: Bus, poster: u64, counts: Arc<Counts>, end: Instant) -> Result<(), atoms::PostError> {
    let mut ticks = interval(Duration::from_millis(10));
    while Instant::now() < end {
        ticks.tick().await;
        for number in 0..POSTS_A_SECOND / POSTERS / 100 {
            let priority = if number % 2 == 0 { Priority::Normal } else { Priority::Background };
            let job = Job { poster, payload: "x".repeat(1_024) };
            match bus.post(job).priority(priority).try_send() {
                Ok(()) => counts.accepted.fetch_add(1, Ordering::Relaxed),
                Err(error) if matches!(error.reason(), PostRefusal::Full { .. }) => {
                    counts.refused.fetch_add(1, Ordering::Relaxed)
                }
                Err(error) => return Err(error),
            };
        }
    }
    Ok(())
}

/// The memory of this process that is in use, in KiB.
fn resident_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(kib.parse()?)
}

/// Prints a line a second until the end; the memory after a third of the time, and at the end.
async fn watch(counts: &Counts, end: Instant) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    println!("{:>10} {:>10} {:>10} {:>12}", "handled", "accepted", "refused", "memory KiB");
    let (mut settled, mut last) = (None, 0);
    let settles = Instant::now() + (end - Instant::now()) / 3;
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        last = resident_kib()?;
        if Instant::now() >= settles {
            settled.get_or_insert(last);
        }
        let [handled, accepted, refused] =
            [&counts.handled, &counts.accepted, &counts.refused].map(Counts::of);
        println!("{handled:>10} {accepted:>10} {refused:>10} {last:>12}");
    }
    Ok((settled.unwrap_or(last), last))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(5), |seconds| seconds.parse())?;
    let counts = Arc::new(Counts::default());
    let bus = Bus::builder().shared_state(counts.clone()).start()?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let posting: Vec<_> =
        (0..POSTERS).map(|poster| tokio::spawn(post(bus.clone(), poster, counts.clone(), end))).collect();
    let (first, last) = watch(&counts, end).await?;
    for posting in posting {
        posting.await??;
    }
    let handled_in_time = Counts::of(&counts.handled);
    bus.shutdown(Duration::from_secs(60)).await?;

    let [handled, accepted, refused] = [&counts.handled, &counts.accepted, &counts.refused].map(Counts::of);
    let overload = (accepted + refused) as f64 / handled_in_time as f64;
    println!("\n{overload:.1} times more posts than could be handled; memory {first} -> {last} KiB");
    println!("{accepted} accepted, {handled} handled, {refused} refused and told so");
    if handled != accepted || !bus.dead_letters().is_empty().await? {
        return Err("an accepted event was lost".into());
    }
    if last as f64 > first as f64 * GROWTH {
        return Err("the memory grew".into());
    }
    Ok(())
}
