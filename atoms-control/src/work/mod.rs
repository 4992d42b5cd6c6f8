//! What a run is: its id, its place among others, and whether it goes on.

mod dropped;
mod id;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atoms_runtime::{
    AnyEvent, Bus, Cancellation, Carried, Carrying, Delivery, ExtractError, FromDelivery, PrepareError,
    Shown, StartContext, Stored, Timestamp, WeakBus,
};

use dropped::Dropped;
pub use dropped::DroppedEvent;
pub use id::{RunId, RunIdError};

use crate::principal::Principal;
use crate::sync::Mutex;

/// A piece of work that can be watched, paused and cancelled. [`Runs::start`](crate::Runs::start) starts one.
///
/// It is a handle for those who do the work: they tell of it ([`Tell`](crate::Tell)), ask people, and see whether it
/// was cancelled. Clones are the same run. Handlers, nodes and tools take a `Run` as a parameter, or an `Option<Run>`
/// where their event may belong to no run.
///
/// ```
/// use atoms::control::Tell;
/// use atoms::prelude::*;
///
/// #[event(type = "shop.item.imported")]
/// struct ItemImported {
///     number: u64,
/// }
///
/// #[handler]
/// fn count(item: &ItemImported, run: Option<Run>) {
///     if let Some(run) = run {
///         drop(run.progress(item.number, 10, "importing")); // takes effect at once; awaiting it waits for room
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<count>().start()?;
/// let running = bus.runs().start("nightly import", {
///     let bus = bus.clone();
///     async move |_| Ok(bus.emit(ItemImported { number: 1 }).await.into_result()?)
/// });
/// running.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Run(Arc<Inner>);

struct Inner {
    id: RunId,
    name: String,
    parent: Option<Run>,
    /// How many there are, from this one to the outermost of which it is a part.
    depth: usize,
    /// How many there are in the chain of those that started each other, up to this one.
    generation: usize,
    session: Option<String>,
    principal: Option<Principal>,
    bus: WeakBus,
    begun: Instant,
    started_at: Timestamp,
    /// The event that tells of its start, from which all that it does follows. It carries the run, and so is dropped at
    /// its end.
    start: Mutex<Option<AnyEvent>>,
    /// Those who work for it are to end.
    cancelled: Cancellation,
    /// They have not ended in time: what waits is dropped.
    stopped: Cancellation,
    ended: Cancellation,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Why it was cancelled, if it was before it ended.
    cancelled: Option<Why>,
    has_ended: bool,
    /// Whether a task has begun in it.
    has_task: bool,
    children: BTreeMap<RunId, Run>,
    /// What is not delivered, since it was cancelled.
    dropped: Dropped,
}

/// Why a run was cancelled, and by whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Why {
    pub(crate) reason: Option<String>,
    pub(crate) by: Option<Principal>,
}

/// What is known of a run when it starts.
pub(crate) struct NewRun {
    pub(crate) name: String,
    pub(crate) parent: Option<Run>,
    pub(crate) generation: usize,
    pub(crate) session: Option<String>,
    pub(crate) principal: Option<Principal>,
}

impl Run {
    pub(crate) fn new(bus: &Bus, NewRun { name, parent, generation, session, principal }: NewRun) -> Self {
        Self(Arc::new(Inner {
            id: RunId::generate(),
            name,
            depth: parent.as_ref().map_or(0, Self::depth) + 1,
            parent,
            generation,
            session,
            principal,
            bus: bus.downgrade(),
            begun: Instant::now(),
            started_at: Timestamp::now(),
            start: Mutex::default(),
            cancelled: Cancellation::new(),
            stopped: Cancellation::new(),
            ended: Cancellation::new(),
            state: Mutex::default(),
        }))
    }

    /// Returns the id.
    pub fn id(&self) -> RunId {
        self.0.id
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the run in which it was started, if it was started in one. A run ends with its parent.
    pub fn parent(&self) -> Option<&Run> {
        self.0.parent.as_ref()
    }

    /// Returns the session in which it was started, if it was started in one.
    pub fn session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    /// Returns the principal for whom it was started: the one that was [said](crate::Runs::for_principal), or that of the run
    /// in which it was started, or that of the event in whose handler it was.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal.as_ref()
    }

    /// Returns whether this run, or one of which it is a part, was started for a principal of this name.
    pub fn is_for(&self, principal: &Principal) -> bool {
        let names = self.ancestry().filter_map(Run::principal).map(Principal::name);
        names.into_iter().any(|name| name == principal.name())
    }

    /// Returns when it was started.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// Returns how long ago it was started.
    pub fn elapsed(&self) -> Duration {
        self.0.begun.elapsed()
    }

    /// Returns whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_cancelled()
    }

    /// Waits until it is cancelled. Cancel-safe.
    pub async fn cancelled(&self) {
        self.0.cancelled.cancelled().await;
    }

    /// Returns whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Waits until it has ended. Cancel-safe.
    pub async fn ended(&self) {
        self.0.ended.cancelled().await;
    }

    /// Returns the runs that were started in it and go on, sorted by when they were started.
    pub fn parts(&self) -> Vec<Run> {
        self.0.state.lock().children.values().cloned().collect()
    }

    /// Returns the values that an event of this run carries. For those who make events in places where no event leads to
    /// them, such as the turns of a session.
    ///
    /// ```
    /// use atoms::prelude::*;
    /// use atoms::AnyEvent;
    ///
    /// #[event(type = "shop.item.imported")]
    /// struct ItemImported;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let running = bus.runs().start("import", async |run: Run| {
    ///     run.cancelled().await;
    ///     Ok(())
    /// });
    /// let run = running.run().expect("it was started");
    /// let event = AnyEvent::from(Envelope::new(ItemImported)).with_carrying(run.carrying());
    /// assert_eq!(event.carried::<Run>(), Some(run));
    /// # Ok(())
    /// # }
    /// ```
    pub fn carrying(&self) -> Carrying {
        let own = Carrying::new().with(self.clone()).with(self.0.cancelled.clone());
        match self.principal() {
            Some(principal) => own.with(principal.clone()),
            None => own,
        }
    }

    /// Returns the bus that it runs on, if that still exists.
    pub fn bus(&self) -> Option<Bus> {
        self.0.bus.upgrade()
    }

    pub(crate) fn weak_bus(&self) -> &WeakBus {
        &self.0.bus
    }

    /// This run, the one that it belongs to, and so on.
    pub(crate) fn ancestry(&self) -> impl Iterator<Item = &Run> {
        std::iter::successors(Some(self), |run| run.parent())
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.depth
    }

    pub(crate) fn generation(&self) -> usize {
        self.0.generation
    }

    pub(crate) fn token(&self) -> &Cancellation {
        &self.0.cancelled
    }

    pub(crate) fn stopped(&self) -> &Cancellation {
        &self.0.stopped
    }

    /// Says that it has ended to those who wait for that.
    pub(crate) fn tell_ended(&self) {
        self.0.ended.cancel();
    }

    /// The event from which all that it does follows, until it has ended.
    pub(crate) fn start(&self) -> Option<AnyEvent> {
        self.0.start.lock().clone()
    }

    pub(crate) fn set_start(&self, event: Option<AnyEvent>) {
        let before = std::mem::replace(&mut *self.0.start.lock(), event);
        drop(before);
    }

    /// Adds a run that ends with this one; fails if this one has ended or was cancelled.
    pub(crate) fn adopt(&self, child: &Run) -> bool {
        let mut state = self.0.state.lock();
        let goes_on = !state.has_ended && state.cancelled.is_none();
        if goes_on {
            state.children.insert(child.id(), child.clone());
        }
        goes_on
    }

    pub(crate) fn forget(&self, child: RunId) {
        let forgotten = self.0.state.lock().children.remove(&child);
        drop(forgotten);
    }

    /// Says to this run, and to all that belong to it, that they are cancelled; adds those to the list that were not
    /// before, and had not ended.
    pub(crate) fn cancel_all(&self, why: &Why, cancelled: &mut Vec<Run>) {
        let (mut next, mut going) = (vec![self.clone()], Vec::new());
        while let Some(run) = next.pop() {
            let mut state = run.0.state.lock();
            if !state.has_ended && state.cancelled.is_none() {
                state.cancelled = Some(why.clone());
                cancelled.push(run.clone());
            }
            next.extend(state.children.values().rev().cloned());
            let goes_on = !state.has_ended;
            drop(state);
            going.extend(goes_on.then_some(run));
        }
        // Only now, since one that ends at once cancels its parts as well, for another reason.
        for run in going {
            run.0.cancelled.cancel();
        }
    }

    /// Notes that a task begins in it; returns whether that is the first one.
    pub(crate) fn begins_task(&self) -> bool {
        !std::mem::replace(&mut self.0.state.lock().has_task, true)
    }

    /// Whether its work has ended, which may not have been told yet.
    pub(crate) fn is_over(&self) -> bool {
        self.0.state.lock().has_ended
    }

    /// Ends it, unless it has ended before; returns why it was cancelled, if it was.
    pub(crate) fn end(&self) -> Option<Why> {
        let mut state = self.0.state.lock();
        state.has_ended = true;
        state.cancelled.clone()
    }
}

impl Carried for Run {
    const STORED: Option<Stored<Self>> = None;
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Run {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let run = delivery.carried().cloned();
        run.ok_or_else(|| {
            ExtractError::missing("the event belongs to no run: take an `Option<Run>`, or emit it in a run")
        })
    }
}

impl PartialEq for Run {
    /// Two are equal if they are the same run.
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Run {}

/// The name, as a log line can show it.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0.name).fmt(f)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
