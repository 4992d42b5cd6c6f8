//! What is emitted while a test runs, and what the test says of it.

use std::fmt;
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::emitted::{Emitted, Order};
use super::tree;
use crate::engine::{Bus, Subscription};
use crate::event::{AnyEvent, DeliveryFailed, Envelope, Event, EventId, Timestamp};
use crate::handler::EventSet;

/// How many events a recording keeps.
const MAX_EVENTS: usize = 65_536;

/// How many bytes of memory they may take.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How long a test waits for an event, unless it says so.
const PATIENCE: Duration = Duration::from_secs(10);

/// The events that were emitted while a test ran, in order, and assertions about them. It is cheap to clone, and all
/// clones are the same.
///
/// [`Recording::of`] records a bus. An assertion that fails panics with a text that says what was expected, and shows
/// all that was recorded as a tree: under each event those that followed from it.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::testing::Recording;
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// #[event(type = "shop.order.confirmed")]
/// struct OrderConfirmed {
///     order_id: String,
/// }
///
/// #[handler]
/// fn confirm(order: &OrderCreated) -> OrderConfirmed {
///     OrderConfirmed { order_id: order.order_id.clone() }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::start()?;
/// let recorded = Recording::of(&bus);
/// bus.emit(OrderCreated { order_id: "o-1".into() }).await.into_result()?;
///
/// let confirmed = recorded.emitted::<OrderConfirmed>().once();
/// assert_eq!(confirmed.order_id, "o-1");
/// recorded.in_order::<(OrderCreated, OrderConfirmed)>();
/// recorded.nothing_else();
/// # Ok(())
/// # }
/// ```
///
/// A recording keeps 65,536 events, or 64 MiB of them. If there were more, all its assertions fail.
///
/// As soon as a program has made a recording, [timestamps](Timestamp::now) that are made in a tokio runtime follow the
/// runtime's clock: if a test pauses it, they stand still, and if it is advanced, they are as well.
#[derive(Clone)]
pub struct Recording {
    log: Arc<Log>,
    patience: Duration,
    /// The events come until it is dropped.
    _subscription: Option<Arc<Subscription>>,
}

/// What is recorded.
struct Log {
    began: Instant,
    records: Mutex<Records>,
    added: Notify,
}

#[derive(Default)]
struct Records {
    all: Vec<Record>,
    bytes: usize,
    /// How many events there was no room for.
    missed: usize,
}

/// One event.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) event: AnyEvent,
    /// How long after the beginning of the recording it was emitted, by the clock of the runtime.
    pub(super) at: Duration,
    /// Whether an assertion was about it.
    is_expected: bool,
    /// Whether the test itself has sent it.
    is_sent: bool,
}

impl Recording {
    /// Creates a recording to which nothing is added by itself: see [`add`](Self::add).
    pub fn new() -> Self {
        Timestamp::follow_runtime();
        let log = Log { began: Instant::now(), records: Mutex::default(), added: Notify::new() };
        Self { log: Arc::new(log), patience: PATIENCE, _subscription: None }
    }

    /// Records the events of this bus from now on, until this is dropped.
    ///
    /// An event is there once its sync handlers have run, and a posted one when it is delivered. A delivery that fails
    /// is there as a [`DeliveryFailed`]. To the events of sessions their id is added, as the bus sees them.
    #[track_caller]
    pub fn of(bus: &Bus) -> Self {
        let mut recording = Self::new();
        let log = Arc::clone(&recording.log);
        let subscription = bus.on_any(move |event| {
            // What begins a chain, the test has sent.
            let is_sent = event.hops() == 0 && !event.is::<DeliveryFailed>();
            log.add(event.clone(), is_sent);
        });
        recording._subscription = Some(Arc::new(subscription));
        recording
    }

    /// Sets how long [`expect`](Self::expect) waits, by the clock of the runtime: 10 seconds by default.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Adds an event, for recordings of something else than a bus.
    pub fn add(&self, event: AnyEvent) {
        self.log.add(event, false);
    }

    /// Returns the events `E`, for assertions about them.
    #[track_caller]
    pub fn emitted<E: Event>(&self) -> Emitted<'_, E> {
        self.assert_complete();
        Emitted::new(self, self.find(|_: &E| true))
    }

    /// Waits for the first event `E` that no assertion and no other `expect` was about yet, and returns it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use atoms::prelude::*;
    /// # use atoms::testing::Recording;
    /// #[event(type = "shop.payment.due")]
    /// struct PaymentDue {
    ///     cents: u64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().event::<PaymentDue>().start()?;
    /// let recorded = Recording::of(&bus).patience(Duration::from_secs(7_200));
    /// bus.post(PaymentDue { cents: 250 }).after(Duration::from_secs(3_600)).await?;
    /// assert_eq!(recorded.expect::<PaymentDue>().await.cents, 250); // at once, since the time is paused
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it does not come within 10 seconds, or the time that [`patience`](Self::patience) sets.
    #[track_caller]
    pub fn expect<E: Event>(&self) -> impl Future<Output = Arc<Envelope<E>>> + Send + use<'_, E> {
        self.expect_that(|_: &E| true)
    }

    /// As [`expect`](Self::expect), for an event for which the predicate holds.
    #[track_caller]
    pub fn expect_that<'a, E: Event, F>(
        &'a self,
        predicate: F,
    ) -> impl Future<Output = Arc<Envelope<E>>> + Send + use<'a, E, F>
    where
        F: Fn(&E) -> bool + Send + Sync + 'a,
    {
        let place = Location::caller();
        async move {
            match timeout(self.patience, self.next(&predicate)).await {
                Ok(event) => event,
                Err(_) => {
                    let (name, patience) = (E::TYPE, self.patience);
                    let known = self.find(&predicate).len();
                    let but = if known > 0 { ", beside those that were expected before" } else { "" };
                    self.fail(format_args!("{place}: `{name}` did not come within {patience:?}{but}"), &[])
                }
            }
        }
    }

    /// Waits for the first event of which no assertion was about.
    async fn next<E: Event>(&self, predicate: impl Fn(&E) -> bool) -> Arc<Envelope<E>> {
        loop {
            let mut added = pin!(self.log.added.notified());
            added.as_mut().enable();
            self.assert_complete();
            let found = self.find(&predicate).into_iter().find(|(index, _)| !self.is_expected(*index));
            if let Some((index, event)) = found {
                self.note_expected([index]);
                return event;
            }
            added.await;
        }
    }

    /// Asserts that events of these types were emitted in this order. Others may have been emitted between them.
    ///
    /// # Panics
    ///
    /// If they were not.
    #[track_caller]
    pub fn in_order<S: EventSet>(&self) {
        self.assert_complete();
        let order = Order::find(&S::EVENTS.to_vec(), self.all());
        self.note_expected(order.found.iter().copied());
        if let Some(missing) = &order.missing {
            self.fail(format_args!("{missing}"), &order.found);
        }
    }

    /// Asserts that each event was in an assertion before: in one of [`emitted`](Self::emitted), in
    /// [`in_order`](Self::in_order), or in [`expect`](Self::expect).
    ///
    /// In a recording of a bus, events that a chain begins with do not count: the test has sent them. Those of handlers
    /// follow from another event.
    ///
    /// # Panics
    ///
    /// If there was another event.
    #[track_caller]
    pub fn nothing_else(&self) {
        self.assert_complete();
        let is_else = |record: &Record| !record.is_expected && !record.is_sent;
        let all = self.all();
        let others: Vec<_> = (0..all.len()).filter(|&index| is_else(&all[index])).collect();
        if !others.is_empty() {
            let count = others.len();
            let events = if count == 1 { "1 event was" } else { &*format!("{count} events were") };
            self.fail(format_args!("{events} emitted that no assertion was about"), &others);
        }
    }

    /// Returns all events that were recorded, in order.
    #[track_caller]
    pub fn events(&self) -> Vec<AnyEvent> {
        self.assert_complete();
        self.all().into_iter().map(|record| record.event).collect()
    }

    /// Returns the type strings of all events that were recorded, in order.
    #[track_caller]
    pub fn types(&self) -> Vec<String> {
        self.events().iter().map(|event| event.event_type().to_owned()).collect()
    }

    /// Forgets what was recorded.
    pub fn clear(&self) {
        *self.records() = Records::default();
    }

    /// Panics with this text and the tree of all that was recorded, in which these are marked.
    #[track_caller]
    pub(super) fn fail(&self, why: fmt::Arguments<'_>, marked: &[usize]) -> ! {
        panic!("{why}\n{}", tree::show(&self.all(), marked))
    }

    /// Notes that an assertion was about these.
    pub(super) fn note_expected(&self, indices: impl IntoIterator<Item = usize>) {
        let mut records = self.records();
        for index in indices {
            if let Some(record) = records.all.get_mut(index) {
                record.is_expected = true;
            }
        }
    }

    /// Whether an assertion was about it.
    pub(super) fn is_expected(&self, index: usize) -> bool {
        self.records().all.get(index).is_some_and(|record| record.is_expected)
    }

    /// The place of the event with this id.
    pub(super) fn place_of(&self, id: &EventId) -> Option<usize> {
        self.records().all.iter().position(|record| record.event.id() == id)
    }

    /// The events `E` for which the predicate holds, each with its place.
    fn find<E: Event>(&self, predicate: impl Fn(&E) -> bool) -> Vec<(usize, Arc<Envelope<E>>)> {
        let events = self.all().into_iter().map(|record| record.event.downcast::<E>());
        let events = events.enumerate().filter_map(|(index, event)| Some((index, event.ok()?)));
        events.filter(|(_, event)| predicate(event)).collect()
    }

    /// A copy, so that no code of the test runs under the lock.
    fn all(&self) -> Vec<Record> {
        self.records().all.clone()
    }

    #[track_caller]
    fn assert_complete(&self) {
        let missed = self.records().missed;
        assert!(
            missed == 0,
            "the recording is full, and {missed} events are not in it: a recording keeps {MAX_EVENTS} events, or \
             {MAX_BYTES} bytes; call `clear()` between parts of the test"
        );
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.log.lock()
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: AnyEvent, is_sent: bool) {
        let (at, size) = (self.began.elapsed(), event.size());
        // The time of an event that nobody has looked at yet is that of the recording.
        let _ = event.timestamp();
        let mut records = self.lock();
        if records.all.len() == MAX_EVENTS || records.bytes + size > MAX_BYTES {
            records.missed += 1;
        } else {
            records.bytes += size;
            records.all.push(Record { event, at, is_expected: false, is_sent });
        }
        drop(records);
        self.added.notify_waiters();
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::new()
    }
}

/// The tree of all events.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tree::show(&self.all(), &[]))
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("events", &self.records().all.len()).finish_non_exhaustive()
    }
}
