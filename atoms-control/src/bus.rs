//! What control adds to a bus.

use std::sync::Arc;

use atoms_runtime::{Bus, BusBuilder};

use crate::desk::{LimitsSetting, StoreSetting};
use crate::face::Questions;
use crate::history::{History, HistoryQuery, Kept};
use crate::question::QuestionLimits;
use crate::runs::{Runs, Source, Steered, Steering};
use crate::stats::{self, Activity, Counted, Stats, StatsError};
use crate::store::QuestionStore;

/// What control adds to a [`Bus`].
pub trait Control {
    /// Returns the questions of this bus.
    fn questions(&self) -> Questions<'_>;

    /// Returns the runs of this bus.
    fn runs(&self) -> Runs<'_>;

    /// Returns somebody who tells of work without a run, such as an agent: see [`Tell`](crate::Tell).
    fn source(&self, name: impl Into<String>) -> Source;

    /// Returns a question about what has happened on this bus, if it keeps a history.
    fn history(&self) -> HistoryQuery<'_>;

    /// Counts what has happened on this bus, and what goes on. Fails on a bus that does not count.
    fn stats(&self) -> impl Future<Output = Result<Stats, StatsError>> + Send;

    /// Returns the part of the stats for which no store is asked, or `None` on a bus that does not count.
    ///
    /// ```
    /// use atoms::prelude::*;
    ///
    /// # #[event(type = "shop.order.created")]
    /// # struct OrderCreated;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().counted().start()?;
    /// let _ = bus.emit(OrderCreated).await;
    /// let activity = bus.activity().expect("it counts");
    /// assert_eq!(activity.types["shop.order.created"].count, 1);
    /// # Ok(())
    /// # }
    /// ```
    fn activity(&self) -> Option<Activity>;
}

impl Control for Bus {
    fn questions(&self) -> Questions<'_> {
        Questions::of(self)
    }

    fn runs(&self) -> Runs<'_> {
        Runs::of(self)
    }

    fn source(&self, name: impl Into<String>) -> Source {
        Source::new(self, name.into())
    }

    fn history(&self) -> HistoryQuery<'_> {
        HistoryQuery::new(self)
    }

    async fn stats(&self) -> Result<Stats, StatsError> {
        stats::of(self).await
    }

    fn activity(&self) -> Option<Activity> {
        stats::activity(self)
    }
}

/// What control adds to a [`BusBuilder`].
pub trait ControlBuilder: Sized {
    /// Keeps questions in this store instead of in memory. The store decides how many it keeps.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use atoms::Bus;
    /// use atoms::control::{Checkpoint, Control, ControlBuilder, MemoryQuestions, Principal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Arc::new(MemoryQuestions::new(100, 1024 * 1024));
    /// let start = || Bus::builder().question_store(store.clone()).start();
    ///
    /// let first = start()?;
    /// let id = first.questions().open(Checkpoint::new("plan-review")).await?.id();
    /// drop(first);
    ///
    /// let second = start()?; // goes on with the questions of the first one
    /// second.questions().approve(id).by(&Principal::new("ada")).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    fn question_store(self, store: Arc<dyn QuestionStore>) -> Self;

    /// Sets how large the parts of a question may be.
    #[must_use]
    fn question_limits(self, limits: QuestionLimits) -> Self;

    /// Lets the bus be paused, and handlers be cancelled: see [`Runs::pause`] and [`Runs::cancel`].
    #[must_use]
    fn steering(self, steering: Steering) -> Self;

    /// Keeps the latest events, for [`Control::history`].
    #[must_use]
    fn history(self, history: History) -> Self;

    /// Counts events, deliveries and failures, for [`Control::stats`].
    #[must_use]
    fn counted(self) -> Self;
}

impl ControlBuilder for BusBuilder {
    fn question_store(self, store: Arc<dyn QuestionStore>) -> Self {
        self.extension(StoreSetting(store))
    }

    fn question_limits(self, limits: QuestionLimits) -> Self {
        self.extension(LimitsSetting(limits))
    }

    fn steering(self, steering: Steering) -> Self {
        self.extension(Steered::new(steering))
    }

    fn history(self, history: History) -> Self {
        self.extension(Kept::new(history))
    }

    fn counted(self) -> Self {
        self.extension(Counted::new())
    }
}
