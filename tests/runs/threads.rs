//! Many who start, pause, resume and cancel runs at once.
//!
//! For so many seconds as `ATOMS_RUNS_SECONDS` says: `cargo xtask runs` does so for 30.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atoms::control::{
    RunCancelled, RunCompleted, RunFailed, RunId, RunStarted, Running, Scope, Steering, Tell,
};
use atoms::prelude::*;
use atoms::{Interceptor, Receipt};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::{ada, until};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[event(type = "runs.step.made")]
struct StepMade {
    work: u64,
    number: u64,
}

#[event(type = "runs.step.posted")]
struct StepPosted {
    #[event(key)]
    work: u64,
    number: u64,
}

/// What has happened to the steps of all work, and to those who asked.
#[derive(Default)]
struct Counts {
    /// The next step of each piece of work: of those that are emitted, and of those that are posted.
    next: [Mutex<HashMap<u64, u64>>; 2],
    disorder: AtomicU64,
    /// Those that were handled, and of which the receipts say so.
    made: AtomicU64,
    told: AtomicU64,
    /// Those that a post has taken, and that were handled or refused.
    posted: AtomicU64,
    delivered: AtomicU64,
    refused: AtomicU64,
    /// Those who began to wait for an answer, and who do not wait any more.
    asking: AtomicU64,
    asked: AtomicU64,
    calls: AtomicU64,
}

impl Counts {
    fn of(&self, count: &AtomicU64) -> u64 {
        count.load(Ordering::SeqCst)
    }

    fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::SeqCst);
    }

    fn note(&self, kind: usize, work: u64, number: u64) {
        let mut next = self.next[kind].lock().unwrap();
        let next = next.entry(work).or_default();
        if number < *next {
            Self::add(&self.disorder);
        }
        *next = number + 1;
    }
}

#[handler]
fn note(step: &StepMade, counts: State<Counts>) {
    counts.note(0, step.work, step.number);
    Counts::add(&counts.made);
}

#[handler]
async fn note_posted(step: &StepPosted, counts: State<Counts>) {
    counts.note(1, step.work, step.number);
    Counts::add(&counts.delivered);
}

/// Sees which posted events are refused, since their run was cancelled.
struct Refusals(Arc<Counts>);

impl Interceptor for Refusals {
    fn after_emit(&self, event: &AnyEvent, receipt: &Receipt, _: Duration) {
        if event.is::<StepPosted>() && receipt.refusal().is_some() {
            Counts::add(&self.0.refused);
        }
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

/// One who waits for an answer, until this is dropped.
struct Asking<'a>(&'a Counts);

impl<'a> Asking<'a> {
    fn begin(counts: &'a Counts) -> Self {
        Counts::add(&counts.asking);
        Self(counts)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        Counts::add(&self.0.asked);
    }
}

type Worked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Emits two steps at once, of which the second does not overtake the first, posts one, and calls a tool.
async fn work(bus: Bus, run: Run, counts: Arc<Counts>, work: u64) -> Worked {
    let _phase = run.phase("work");
    let emit = async |number| {
        let made = bus.emit(StepMade { work, number }).await.into_result();
        if made.is_ok() {
            Counts::add(&counts.told);
        }
        made
    };
    for round in 0..3 {
        let (first, second) = tokio::join!(biased; emit(2 * round), emit(2 * round + 1));
        first.and(second).map_err(|_| "a step was refused")?;
        // It takes effect, or not, before it is known that it does.
        bus.post(StepPosted { work, number: round }).try_send().map(|_| Counts::add(&counts.posted))?;
        run.progress(round, 3, "").await?;
        say::call(&bus, SayArgs { text: "so".into() }).await?;
        Counts::add(&counts.calls);
    }
    if work.is_multiple_of(4) {
        let _asking = Asking::begin(&counts);
        let _decision = run.checkpoint(Checkpoint::unnamed()).await?;
    }
    Ok(())
}

/// What one of them does, until the time is over. Returns the runs whose ends it has not seen.
async fn play(bus: Bus, counts: Arc<Counts>, seed: u64, end: Instant) -> Vec<Running<()>> {
    let mut dice = Dice(seed);
    let mut running = Vec::new();
    let mut next = seed << 32;
    while Instant::now() < end {
        match dice.roll(8) {
            0..3 if running.len() < 64 => {
                next += 1;
                let (own, counts, number) = (bus.clone(), counts.clone(), next);
                let work = async move |run: Run| work(own, run, counts, number).await;
                running.push(bus.runs().start("work", work));
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
            // Who drops it, cancels it.
            _ => drop(running.pop()),
        }
        running.retain(|running: &Running<()>| running.run().is_some_and(|run| !run.has_ended()));
        tokio::task::yield_now().await;
    }
    running
}

/// How many starts and ends there were of each run.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<HashMap<RunId, [u32; 2]>>>);

impl Ends {
    fn on(bus: &Bus) -> Self {
        let ends = Self::default();
        let count = |at: usize| {
            let ends = ends.clone();
            move |run: Option<RunId>| {
                if let Some(run) = run {
                    ends.0.lock().unwrap().entry(run).or_default()[at] += 1;
                }
            }
        };
        let (started, completed, failed, cancelled) = (count(0), count(1), count(1), count(1));
        bus.on::<RunStarted>(move |event| started(event.run)).detach();
        bus.on::<RunCompleted>(move |event| completed(event.run)).detach();
        bus.on::<RunFailed>(move |event| failed(event.run)).detach();
        bus.on::<RunCancelled>(move |event| cancelled(event.run)).detach();
        ends
    }
}

fn started(counts: &Arc<Counts>) -> Bus {
    let bus = Bus::builder().without_discovery().handler::<note>().handler::<note_posted>().tool::<say>();
    let bus = bus.shared_state(counts.clone()).interceptor(Refusals(counts.clone()));
    bus.steering(Steering::new()).start().unwrap()
}

async fn all_play(bus: &Bus, counts: &Arc<Counts>, time: Duration) {
    let end = Instant::now() + time;
    let playing: Vec<_> =
        (1..=8).map(|seed| tokio::spawn(play(bus.clone(), counts.clone(), seed, end))).collect();
    let mut running = Vec::new();
    for playing in playing {
        running.extend(timeout(time + PATIENCE, playing).await.unwrap().unwrap());
    }
    bus.runs().resume(Scope::Bus).await;
    bus.runs().cancel(Scope::Bus).await;
    for running in running {
        // Each is told of the end of its own.
        let _ended = timeout(PATIENCE, running).await.unwrap();
    }
    until(async || bus.runs().list().is_empty()).await;
    timeout(PATIENCE, bus.idle()).await.unwrap();
}

#[test]
fn each_run_has_one_end_and_nothing_is_left() {
    let seconds = std::env::var("ATOMS_RUNS_SECONDS").map_or(2, |seconds| seconds.parse().unwrap());
    let runtime = Builder::new_multi_thread().worker_threads(8).enable_all().build().unwrap();
    let counts = Arc::<Counts>::default();
    runtime.block_on(async {
        let bus = started(&counts);
        let ends = Ends::on(&bus);
        all_play(&bus, &counts, Duration::from_secs(seconds)).await;
        assert_eq!((bus.runs().held().events, bus.runs().held().bytes), (0, 0));
        // A run that its owner dropped ends before its question does.
        until(async || bus.questions().count().await.unwrap() == 0).await;
        let ends = std::mem::take(&mut *ends.0.lock().unwrap());
        assert!(ends.len() > 20, "{}", ends.len());
        assert!(ends.values().all(|ends| *ends == [1, 1]), "each run starts once, and ends once: {ends:?}");
        println!("{} runs", ends.len());
        timeout(PATIENCE, bus.shutdown(PATIENCE)).await.unwrap().unwrap();
    });
    let of = |count| counts.of(count);
    println!(
        "{} steps were emitted, {} posted and {} of these refused, {} tools called, {} questions asked",
        of(&counts.told),
        of(&counts.posted),
        of(&counts.refused),
        of(&counts.calls),
        of(&counts.asking)
    );
    assert_eq!(of(&counts.disorder), 0, "nothing that was held is out of order");
    assert_eq!(of(&counts.made), of(&counts.told), "whose emit says that it was handled, was handled");
    assert_eq!(of(&counts.posted), of(&counts.delivered) + of(&counts.refused), "nothing posted is lost");
    assert_eq!(of(&counts.asking), of(&counts.asked), "each who waits is woken");
    assert!(of(&counts.asking) > 0 && of(&counts.calls) > 0 && of(&counts.posted) > 0);
    let alive = || runtime.metrics().num_alive_tasks();
    let deadline = Instant::now() + PATIENCE;
    while alive() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(alive(), 0, "no task is left");
}
