//! Runs: pieces of work that can be watched, paused and cancelled.

mod asking;
mod board;
mod cancel;
mod deliveries;
mod drive;
mod error;
mod gate;
mod listen;
mod outbox;
mod pause;
mod running;
mod scope;
mod steering;
mod tell;
mod tracked;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{Bus, HandlerError};

pub use cancel::{Cancelled, Cancelling};
pub use error::{NotStarted, RunError};
pub use gate::{HeldEvents, NotPaused};
pub use outbox::NotTold;
pub use pause::{Pausing, Resuming};
pub use running::Running;
pub use scope::Scope;
pub use steering::Steering;
pub use tell::{Phase, Source, Task, Tell, Telling};
pub use tracked::Tracked;

use self::board::{Board, Wanted, Whereabouts};
pub(crate) use self::steering::Steered;
use crate::principal::Principal;
use crate::work::{Run, RunId};

/// How many runs may go on at once on one bus.
const MOST_RUNS: usize = 65_536;

/// How many runs may be within each other: a walk over those of which a run is a part takes place for each of its events.
const MOST_NESTED: usize = 256;

/// How many runs may start each other in a chain, and be no part of each other.
const MOST_IN_CHAIN: usize = 256;

/// How long the name of a run may be.
const MOST_NAME_BYTES: usize = 1_024;

/// How long the work of a cancelled run may take to end by itself, by default.
const GRACE: Duration = Duration::from_secs(1);

/// The runs of a bus, as [`Control::runs`](crate::Control::runs) returns them.
///
/// A run is a piece of work with an id of its own. What is done in it belongs to it: events that it emits, events and
/// runs that follow from those, calls of tools, and questions. It tells by itself that it has started, and that it has
/// completed, failed, or was cancelled ([`RunStarted`](crate::RunStarted), [`RunCompleted`](crate::RunCompleted),
/// [`RunFailed`](crate::RunFailed), [`RunCancelled`](crate::RunCancelled)).
///
/// ```
/// use atoms::control::{Progress, Tell};
/// use atoms::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().start()?;
/// let _shown = bus.on::<Progress>(|progress| println!("{}: {}", progress.source, progress.message));
///
/// let imported = bus.runs().start("nightly import", async |run: Run| {
///     for item in 1..=10 {
///         run.progress(item, 10, format!("item {item}")).await?;
///     }
///     Ok("all of it")
/// });
/// assert_eq!(imported.await?, "all of it");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runs<'a> {
    bus: &'a Bus,
    board: Arc<Board>,
    /// Where runs are started.
    place: Whereabouts,
    /// For whom runs are started.
    principal: Option<Principal>,
    /// Whether the runs that are started are the work of agents.
    are_of_agents: bool,
}

impl<'a> Runs<'a> {
    pub(crate) fn of(bus: &'a Bus) -> Self {
        Self { bus, board: Board::of(bus), place: Whereabouts::Here, principal: None, are_of_agents: false }
    }

    /// Returns the same, which starts runs in this session, and in no other run: for those who know the session, wherever they
    /// are called.
    ///
    /// ```
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let running = bus.runs().in_session("s-1").start("import", async |run: Run| Ok(run));
    /// assert_eq!(running.await?.session(), Some("s-1"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_session(self, session: impl Into<String>) -> Self {
        Self { place: Whereabouts::Session(session.into()), ..self }
    }

    /// Returns the same, which starts runs that are no part of another one, wherever it is called: they go on when that ends. They
    /// are in the session, and for the principal, of the event in whose handler they are started, if there is one. A chain of
    /// more than 256 runs, each started in the work of the one before or by an event of it, is stopped as a loop.
    ///
    /// ```
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let next = bus.clone();
    /// let collecting = bus.runs().start("collect", async move |_| {
    ///     Ok(next.runs().apart().start("process", async |run: Run| Ok(run.parent().is_none())))
    /// });
    /// assert!(collecting.await?.await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn apart(self) -> Self {
        Self { place: Whereabouts::Apart, ..self }
    }

    /// Returns the same, which starts runs for this principal: their events carry it, as do those that follow from them, so that
    /// it is known for whom a tool is called, and who may watch the run and steer it from outside.
    ///
    /// ```
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let ada = Principal::new("ada");
    /// let importing = bus.runs().for_principal(&ada).start("import", async |run: Run| Ok(run));
    /// assert!(importing.await?.is_for(&ada));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Without it, a run is for the principal of the run, or of the event, in whose handler it is started, if there is one.
    #[must_use]
    pub fn for_principal(self, principal: &Principal) -> Self {
        Self { principal: Some(principal.clone()), ..self }
    }

    /// Returns the same, which starts runs that are the work of agents, each of the agent that has the name of the run. They
    /// tell also that the agent was created, has started, and has completed or failed
    /// ([`AgentCreated`](crate::AgentCreated), [`AgentStarted`](crate::AgentStarted),
    /// [`AgentCompleted`](crate::AgentCompleted), [`AgentFailed`](crate::AgentFailed)).
    ///
    /// ```
    /// use atoms::control::AgentCompleted;
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let completed = bus.expect::<AgentCompleted>(|completed| completed.source == "aiagents.Main");
    /// bus.runs().of_agents().start("aiagents.Main", async |_| Ok(())).await?;
    /// completed.await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of_agents(self) -> Self {
        Self { are_of_agents: true, ..self }
    }

    /// Starts a run in a task of its own. Its name is shown to people, and need not be unique.
    ///
    /// In the work of another run, such as one of its handlers, it is a part of that run, and ends with it. Otherwise it
    /// is in the session of the event in whose handler it is started, if there is one.
    ///
    /// The returned [`Running`] owns the run: await it for the result, or drop it to cancel the run. A run that outlives it
    /// is [detached](Running::detach). All runs are cancelled when the bus is shut down.
    pub fn start<T, F, W>(self, name: impl Into<String>, work: W) -> Running<T>
    where
        W: FnOnce(Run) -> F + Send + 'static,
        F: Future<Output = Result<T, HandlerError>> + Send + 'static,
        T: Send + 'static,
    {
        let Self { bus, board, place, principal, are_of_agents } = self;
        running::start(
            bus,
            board,
            Wanted { name: name.into(), place, principal, is_agent: are_of_agents },
            work,
        )
    }

    /// Returns the runs that go on, sorted by when they were started.
    pub fn list(self) -> Vec<Run> {
        self.board.all()
    }

    /// Returns a run that goes on.
    pub fn get(self, id: RunId) -> Option<Run> {
        self.board.get(id)
    }

    /// Cancels a run with all that belong to it, or the runs of a session, or all. Await it for what became of them.
    ///
    /// ```
    /// use atoms::control::Scope;
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let importing = bus.runs().start("import", async |run: Run| {
    ///     run.cancelled().await;
    ///     Ok(())
    /// });
    /// let cancelled = bus.runs().cancel(Scope::Bus).reason("the day is over").await;
    /// assert_eq!(cancelled.runs.len(), 1);
    /// assert!(importing.await.unwrap_err().is_cancelled());
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(self, scope: impl Into<Scope>) -> Cancelling<'a> {
        Cancelling::new(self, scope.into())
    }

    /// Pauses a run with all that belong to it, or the runs and events of a session, or of the bus. Await it. Fails on a bus
    /// without [`Steering`].
    ///
    /// ```
    /// use atoms::control::{Scope, Steering};
    /// use atoms::prelude::*;
    ///
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().steering(Steering::new()).start()?;
    /// bus.runs().pause(Scope::Bus).await?;
    /// bus.post(OrderCreated).await?;
    /// # while bus.runs().held().events == 0 { tokio::task::yield_now().await; }
    /// assert_eq!(bus.runs().held().events, 1);
    /// assert_eq!(bus.runs().resume(Scope::Bus).await, Some(1));
    /// bus.idle().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(self, scope: impl Into<Scope>) -> Pausing<'a> {
        Pausing::new(self, scope.into())
    }

    /// Lets go on what was paused. Await it for how many events were held.
    pub fn resume(self, scope: impl Into<Scope>) -> Resuming<'a> {
        Resuming::new(self, scope.into())
    }

    /// Returns whether the bus has [`Steering`], so that it can be paused.
    pub fn is_steered(self) -> bool {
        self.bus.borrow_extension::<Steered>().is_some()
    }

    /// Returns whether this very scope is paused.
    pub fn is_paused(self, scope: impl Into<Scope>) -> bool {
        Steered::of(self.bus).is_some_and(|steered| steered.gate.is_paused(&scope.into()))
    }

    /// Returns how many events are held, because what they belong to is paused or has just been let go.
    pub fn held(self) -> HeldEvents {
        Steered::of(self.bus).map(|steered| steered.gate.held()).unwrap_or_default()
    }
}

impl Run {
    /// Starts a run that is a part of this one, and ends with it. Otherwise as [`Runs::start`].
    ///
    /// Runs are within each other up to 256 deep. It fails beyond that.
    pub fn start_part<T, F, W>(&self, name: impl Into<String>, work: W) -> Running<T>
    where
        W: FnOnce(Run) -> F + Send + 'static,
        F: Future<Output = Result<T, HandlerError>> + Send + 'static,
        T: Send + 'static,
    {
        match self.bus() {
            Some(bus) => {
                let place = Whereabouts::In(self.clone());
                let wanted = Wanted { name: name.into(), place, principal: None, is_agent: false };
                running::start(&bus, Board::of(&bus), wanted, work)
            }
            None => Running::refused(name.into(), NotStarted::Closed),
        }
    }
}

impl fmt::Debug for Runs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runs").field(&self.board).finish()
    }
}
