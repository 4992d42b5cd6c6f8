//! Many who start, pause, resume and cancel runs at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atoms::control::{RunCancelled, RunCompleted, RunFailed, RunId, RunStarted, Scope, Steering, Tell};
use atoms::prelude::*;
use tokio::time::timeout;

use crate::{Seen, ada, until};

#[event(type = "runs.step.made")]
struct StepMade {
    work: u64,
    number: u64,
}

/// The last step of each piece of work, and what came out of order.
#[derive(Default)]
struct Steps {
    last: Mutex<HashMap<u64, u64>>,
    disorder: AtomicU64,
}

#[handler]
fn note(step: &StepMade, steps: State<Steps>) {
    let last = steps.last.lock().unwrap().insert(step.work, step.number);
    if last.is_some_and(|last| last >= step.number) {
        steps.disorder.fetch_add(1, Ordering::SeqCst);
    }
}

/// Says something.
#[tool]
async fn say(text: String) -> String {
    tokio::task::yield_now().await;
    text
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

async fn work(bus: Bus, run: Run, work: u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let _phase = run.phase("work");
    for number in 0..5 {
        if bus.emit(StepMade { work, number }).await.into_result().is_err() {
            return Err("a step was refused".into());
        }
        run.progress(number, 5, "").await?;
        say::call(&bus, SayArgs { text: "so".into() }).await?;
    }
    if work.is_multiple_of(4) {
        let _asked = run.checkpoint(Checkpoint::unnamed()).await?;
    }
    Ok(())
}

/// What one of them does, until the time is over.
async fn play(bus: Bus, seed: u64, end: Instant) {
    let mut dice = Dice(seed);
    let mut running = Vec::new();
    let mut next = seed << 32;
    while Instant::now() < end {
        match dice.roll(8) {
            0..3 => {
                next += 1;
                let (own, number) = (bus.clone(), next);
                running.push(bus.runs().start("work", async move |run: Run| work(own, run, number).await));
            }
            3 => {
                let runs = bus.runs().list();
                if let Some(run) = runs.get(dice.roll(1 + runs.len() as u64) as usize) {
                    // It may have ended.
                    let _ = bus.runs().pause(run).await;
                    tokio::task::yield_now().await;
                    bus.runs().resume(run).await;
                }
            }
            4 => {
                bus.runs().pause(Scope::Bus).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
                bus.runs().resume(Scope::Bus).await;
            }
            5 => {
                let runs = bus.runs().list();
                if let Some(run) = runs.get(dice.roll(1 + runs.len() as u64) as usize) {
                    bus.runs().cancel(run).await;
                }
            }
            6 => {
                for question in bus.questions().list().await.unwrap() {
                    // Another one may be faster.
                    let _ = bus.questions().approve(question.id).by(&ada()).await;
                }
            }
            _ => drop(running.pop()),
        }
        running.retain(|running| running.run().is_some_and(|run| !run.has_ended()));
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn each_run_has_one_end_and_nothing_is_left() {
    let steps = Arc::<Steps>::default();
    let bus = Bus::builder().without_discovery().handler::<note>().tool::<say>().shared_state(steps.clone());
    let bus = bus.steering(Steering::new()).dead_letter_capacity(100_000).start().unwrap();
    let seen = Seen::on(&bus);
    let end = Instant::now() + Duration::from_secs(2);
    let playing: Vec<_> = (1..=8).map(|seed| tokio::spawn(play(bus.clone(), seed, end))).collect();
    for playing in playing {
        timeout(Duration::from_secs(30), playing).await.unwrap().unwrap();
    }
    bus.runs().resume(Scope::Bus).await;
    bus.runs().cancel(Scope::Bus).await;
    until(async || bus.runs().list().is_empty()).await;
    timeout(Duration::from_secs(30), bus.idle()).await.unwrap();

    assert_eq!(steps.disorder.load(Ordering::SeqCst), 0, "nothing that was held is out of order");
    assert_eq!(bus.runs().held().events, 0);
    // A run that its owner dropped ends before its question does.
    until(async || bus.questions().count().await.unwrap() == 0).await;
    let started: Vec<_> = seen.of::<RunStarted>().into_iter().filter_map(|started| started.run).collect();
    let mut ends: HashMap<RunId, u32> = HashMap::new();
    let completed = seen.of::<RunCompleted>().into_iter().map(|event| event.run);
    let failed = seen.of::<RunFailed>().into_iter().map(|event| event.run);
    let cancelled = seen.of::<RunCancelled>().into_iter().map(|event| event.run);
    for run in completed.chain(failed).chain(cancelled).flatten() {
        *ends.entry(run).or_default() += 1;
    }
    assert!(started.len() > 20, "{}", started.len());
    assert!(started.iter().all(|run| ends.get(run) == Some(&1)), "each run has one end");
    assert_eq!(ends.len(), started.len());
}
