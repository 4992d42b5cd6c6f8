//! How much has happened on a bus.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atoms_runtime::{
    AnyEvent, Bus, BusBuilder, Delivery, Extension, FailureKind, Interceptor, QueueDepths, Receipt,
    StoreError, Timestamp,
};
use foldhash::fast::RandomState;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::face::Questions;
use crate::question::QuestionKind;
use crate::runs::Runs;
use crate::sync::Mutex;

/// The longest latency that is told from a longer one, in microseconds: an hour.
const MOST_MICROS: u64 = 3_600_000_000;

/// How events are counted whose types this program does not know: a client may send any number of types.
const UNKNOWN: &str = "(unknown)";

/// What has happened on a bus since its start, and what goes on: what [`Control::stats`](crate::Control::stats) returns.
///
/// The bus keeps a [`Tally`] for each handler that was called and each type that was emitted, of which a program has so many
/// and no more. The latencies of each take 1 KiB of memory if all are below 256 us, 7 KiB below a second, and 13 KiB at
/// most.
///
/// ```
/// use atoms::prelude::*;
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<confirm>().counted().start()?;
/// bus.emit(OrderCreated).await.into_result()?;
/// let stats = bus.stats().await?;
/// assert_eq!((stats.total_events, stats.handlers_registered, stats.pending_checkpoints), (1, 1, 0));
/// assert_eq!(stats.handlers.values().next().unwrap().count, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// How many events were emitted, or refused.
    pub total_events: u64,
    /// How many handlers the bus has, sync and async ones.
    pub handlers_registered: usize,
    /// How many checkpoints are open.
    pub pending_checkpoints: usize,
    /// How many questions are open, of all kinds.
    pub open_questions: usize,
    /// How many times a handler was called for an event and has ended.
    pub deliveries: u64,
    /// How many of these have failed.
    pub failures: u64,
    /// How many runs go on.
    pub runs: usize,
    /// How many events are held, since what they belong to is paused.
    pub held: usize,
    /// How many posted events are not done, and how many bytes they take.
    pub queue: QueueDepths,
    /// How many posted events nothing has taken, by their types, whether the bus counts or not:
    /// [`Bus::untaken_posts`].
    pub untaken_posts: BTreeMap<String, u64>,
    /// How many [warnings](Bus::start_warnings) there were when the bus started.
    pub start_warnings: usize,
    /// What each handler has done, by its identity.
    pub handlers: BTreeMap<String, Tally>,
    /// What became of the events of each type, with those of unknown types together. They fail if they are refused, or if a
    /// handler fails. The latency is that of all handlers together.
    pub types: BTreeMap<String, Tally>,
}

/// What handlers have done, and what became of events: what [`Control::activity`](crate::Control::activity) returns. It is a part
/// of the [`Stats`], for which no store is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Activity {
    /// How many events were emitted, or refused.
    pub total_events: u64,
    /// As [`Stats::untaken_posts`].
    pub untaken_posts: BTreeMap<String, u64>,
    /// As [`Stats::handlers`].
    pub handlers: BTreeMap<String, Tally>,
    /// As [`Stats::types`].
    pub types: BTreeMap<String, Tally>,
}

/// What one handler has done, or what became of the events of one type.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// How many there were.
    pub count: u64,
    /// How many have failed.
    pub failures: u64,
    /// The part that has failed: 0 if there were none.
    pub error_rate: f64,
    /// How long they took.
    pub latency: Quantiles,
    /// When one has last succeeded.
    pub last_success: Option<Timestamp>,
}

/// How long something took, in microseconds, to within a hundredth: half of all took no longer than `p50`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// Half of all.
    pub p50: u64,
    /// 90 of 100.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// All.
    pub max: u64,
}

/// Why there are no stats.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// The bus does not count.
    #[error("the bus does not count what happens: add `.counted()` to `Bus::builder()`")]
    NotCounted,
    /// The store of questions, or that of posted events, failed.
    #[error("what is in the store cannot be counted: {0}")]
    Store(#[from] StoreError),
}

/// What a bus counts.
pub(crate) struct Counted(Arc<Counters>);

#[derive(Default)]
struct Counters {
    events: AtomicU64,
    handlers: Tallies,
    types: Tallies,
}

/// By name.
#[derive(Default)]
struct Tallies(Mutex<HashMap<&'static str, Counter, RandomState>>);

#[derive(Default)]
struct Counter {
    failures: u64,
    latency: Option<Histogram<u32>>,
    count: u64,
    last_success: Option<Timestamp>,
}

impl Tallies {
    fn count(&self, name: &'static str, is_ok: bool, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, MOST_MICROS);
        let now = is_ok.then(Timestamp::now);
        let mut tallies = self.0.lock();
        let counter = tallies.entry(name).or_default();
        counter.count += 1;
        counter.failures += u64::from(!is_ok);
        counter.last_success = now.or(counter.last_success);
        if counter.latency.is_none() {
            counter.latency = Histogram::new(2).ok();
        }
        if let Some(latency) = &mut counter.latency {
            // It grows until it has a place for each number up to the longest.
            let _grown = latency.record(micros);
        }
    }

    fn all(&self) -> BTreeMap<String, Tally> {
        self.0.lock().iter().map(|(name, counter)| ((*name).to_owned(), counter.tally())).collect()
    }
}

impl Counter {
    fn tally(&self) -> Tally {
        let Self { count, failures, last_success, .. } = *self;
        let latency = self.latency.as_ref().map(Quantiles::of).unwrap_or_default();
        let error_rate = if count == 0 { 0.0 } else { failures as f64 / count as f64 };
        Tally { count, failures, error_rate, latency, last_success }
    }
}

impl Quantiles {
    fn of(latency: &Histogram<u32>) -> Self {
        let at = |quantile| latency.value_at_quantile(quantile);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: latency.max() }
    }
}

/// Counts at each emit and each delivery.
struct Counting(Arc<Counters>);

impl Interceptor for Counting {
    fn looks_at_posts(&self) -> bool {
        false
    }

    fn after_emit(&self, event: &AnyEvent, receipt: &Receipt, took: Duration) {
        self.0.events.fetch_add(1, Ordering::Relaxed);
        let name = event.known_type().map_or(UNKNOWN, |known| known.name());
        let failed = receipt.refusal().is_some() || receipt.deliveries().any(|(_, outcome)| outcome.is_err());
        self.0.types.count(name, !failed, took);
    }

    fn after_delivery(&self, delivery: &Delivery<'_>, outcome: Result<(), &FailureKind>, took: Duration) {
        self.0.handlers.count(delivery.handler().id(), outcome.is_ok(), took);
    }

    fn name(&self) -> &'static str {
        "counting"
    }
}

impl Counted {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }
}

impl Extension for Counted {
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        bus.interceptor(Counting(Arc::clone(&self.0)))
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("events", &self.0.events).finish_non_exhaustive()
    }
}

/// What the handlers of a bus have done; `None` if it does not count.
pub(crate) fn activity(bus: &Bus) -> Option<Activity> {
    let counters = &bus.borrow_extension::<Counted>()?.0;
    Some(Activity {
        total_events: counters.events.load(Ordering::Relaxed),
        untaken_posts: bus.untaken_posts().into_iter().map(|(name, count)| (name.into(), count)).collect(),
        handlers: counters.handlers.all(),
        types: counters.types.all(),
    })
}

/// The stats of a bus.
pub(crate) async fn of(bus: &Bus) -> Result<Stats, StatsError> {
    let Activity { total_events, untaken_posts, handlers, types } =
        activity(bus).ok_or(StatsError::NotCounted)?;
    let checkpoints = Questions::of(bus).list().kind(QuestionKind::Checkpoint).await?.len();
    Ok(Stats {
        total_events,
        handlers_registered: bus.registry().handlers().len(),
        pending_checkpoints: checkpoints,
        open_questions: Questions::of(bus).count().await?,
        deliveries: handlers.values().map(|tally| tally.count).sum(),
        failures: handlers.values().map(|tally| tally.failures).sum(),
        runs: Runs::of(bus).list().len(),
        held: Runs::of(bus).held().events,
        queue: bus.queue_depths().await?,
        untaken_posts,
        start_warnings: bus.start_warnings().len(),
        handlers,
        types,
    })
}
