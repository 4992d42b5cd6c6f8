//! Asking people in a run.

use atoms_runtime::Cause;

use crate::face::{NotAnswered, Questions};
use crate::question::{Ask, Checkpoint, Decision, FromAnswer, Input, Kind};
use crate::work::Run;

impl Run {
    /// Asks whether to continue, and waits for the answer.
    ///
    /// When the run is cancelled, this returns [`NotAnswered::RunCancelled`] at once, and the question is cancelled. When
    /// the future is dropped, the question stays open, as long as the run goes on and has not said
    /// [`cancel_if_dropped`](crate::Ask::cancel_if_dropped).
    ///
    /// ```
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().start()?;
    /// let deploying = bus.runs().start("deploy", async |run: Run| {
    ///     match run.checkpoint(Checkpoint::new("plan-review").title("Review the plan")).await? {
    ///         Decision::Approved { .. } => Ok("deployed"),
    ///         Decision::Rejected { .. } => Ok("stopped"),
    ///     }
    /// });
    /// # while bus.questions().list().await?.is_empty() { tokio::task::yield_now().await; }
    /// bus.questions().reject("plan-review").by(&Principal::new("ada")).await?;
    /// assert_eq!(deploying.await?, "stopped");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<Decision, NotAnswered> {
        self.answered(checkpoint).await
    }

    /// Asks for something that the program does not know, and waits for the answer; as [`checkpoint`](Self::checkpoint)
    /// does.
    ///
    /// ```
    /// # use atoms::prelude::*;
    /// # async fn deploy(run: Run) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let replicas = run.ask::<u32>(Input::new("replicas").title("How many?")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ask<T: FromAnswer>(&self, input: Input<T>) -> Result<T, NotAnswered> {
        self.answered(input).await
    }

    async fn answered<K: Kind>(&self, ask: Ask<K>) -> Result<K::Answer, NotAnswered> {
        let bus = self.bus().ok_or(NotAnswered::Closed)?;
        let asking = async {
            let opened = Questions::of(&bus).open(ask).await?;
            drop(bus);
            opened.wait().await
        };
        let is_here = Cause::current().is_some_and(|cause| cause.carried::<Self>() == Some(self));
        tokio::select! {
            biased;
            () = self.cancelled() => Err(NotAnswered::RunCancelled { run: self.id(), name: self.name().into() }),
            answered = async { if is_here { asking.await } else { self.within(asking).await } } => answered,
        }
    }
}
