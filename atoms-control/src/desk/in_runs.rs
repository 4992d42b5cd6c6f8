//! Which open questions belong to which runs.

use std::collections::HashMap;
use std::sync::Arc;

use atoms_runtime::{Bus, NewPost, StoreError};

use super::Desk;
use crate::question::{End, Outcome, Question, QuestionId};
use crate::store::{Ending, Opening};
use crate::sync::Mutex;
use crate::work::Run;

/// The open questions that runs of this process have asked.
#[derive(Default)]
pub(super) struct InRuns(Mutex<HashMap<QuestionId, Run>>);

impl InRuns {
    /// Says that this run asks a question, and returns whether it is the run's: it is not while another goes on that has asked it.
    fn enter(&self, question: QuestionId, run: &Run) -> bool {
        let mut all = self.0.lock();
        let is_ours = all.get(&question).is_none_or(Run::has_ended);
        let before = if is_ours { all.insert(question, run.clone()) } else { None };
        drop(all);
        drop(before);
        is_ours
    }

    pub(super) fn forget(&self, question: QuestionId) {
        let forgotten = self.0.lock().remove(&question);
        drop(forgotten);
    }

    fn of(&self, runs: &[Run]) -> Vec<QuestionId> {
        let ours = |run: &Run| runs.contains(run);
        let mut questions: Vec<_> =
            self.0.lock().iter().filter(|(_, run)| ours(run)).map(|(id, _)| *id).collect();
        questions.sort();
        questions
    }
}

impl Desk {
    /// Opens a question that belongs to a run, if it does. One that was opened before, perhaps in an earlier process, belongs to
    /// the run that asks it again.
    pub(crate) async fn open_in(
        self: &Arc<Self>,
        bus: &Bus,
        run: Option<Run>,
        question: Arc<Question>,
        posts: Vec<NewPost>,
    ) -> Result<Opening, StoreError> {
        let Some(run) = run else { return self.open(bus, question, posts).await };
        let id = question.id;
        // Who cancels the run after this finds the question; who has done so before is seen below.
        let is_ours = self.in_runs.enter(id, &run);
        let opening = async {
            let opening = self.open(bus, question, posts).await?;
            let is_open = match opening {
                Opening::Opened => true,
                Opening::Known => self.store.get(id).await?.is_some_and(|known| known.is_open()),
                Opening::NameTaken(_) => false,
            };
            Ok((opening, is_open))
        };
        let opening = opening.await;
        if is_ours && !matches!(opening, Ok((_, true))) {
            self.in_runs.forget(id);
        } else if is_ours && run.is_cancelled() {
            self.cancel_in(bus, id, &run).await?;
        }
        opening.map(|(opening, _)| opening)
    }

    /// Cancels the open questions of these runs, and returns which these were.
    pub(crate) async fn cancel_of(self: &Arc<Self>, bus: &Bus, runs: &[Run]) -> Vec<QuestionId> {
        let mut cancelled = Vec::new();
        for id in self.in_runs.of(runs) {
            let run = self.in_runs.0.lock().get(&id).cloned();
            let Some(run) = run else { continue };
            match self.cancel_in(bus, id, &run).await {
                Ok(true) => cancelled.push(id),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, question = %id, %run, "a question of a cancelled run stays open");
                }
            }
        }
        cancelled
    }

    async fn cancel_in(self: &Arc<Self>, bus: &Bus, id: QuestionId, run: &Run) -> Result<bool, StoreError> {
        let Some(question) = self.store.get(id).await?.filter(|question| question.is_open()) else {
            return Ok(false);
        };
        let reason = Some(format!("the run `{run}` was cancelled"));
        let end = End::new(Outcome::Cancelled { reason }, None, self.now());
        Ok(matches!(self.end(bus, &question, end).await?, Ending::Ended(_)))
    }
}
