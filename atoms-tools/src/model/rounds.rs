//! The rounds of a loop: the model, its calls, their results, and the model again.

use std::pin::pin;
use std::sync::Arc;

use atoms_runtime::{Bus, Cancellation};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::answer::Said;
use super::error::LoopError;
use super::message::{Calls, ChatMessage, ModelCall};
use super::settings::Limits;
use super::{Model, Part};
use crate::caller::Caller;
use crate::face::ToolSet;
use crate::tool::ToolDefinition;

/// What the calls of a loop share.
pub(super) struct Asking {
    pub(super) bus: Bus,
    pub(super) tools: ToolSet,
    pub(super) definitions: Vec<ToolDefinition>,
    pub(super) caller: Caller,
    pub(super) limits: Limits,
    /// When the answer ends, if it has begun.
    pub(super) until: Option<Instant>,
    pub(super) say: Sender<Said>,
}

/// An answer that is under way.
pub(super) struct Work<M> {
    pub(super) model: M,
    pub(super) messages: Vec<ChatMessage>,
    pub(super) asking: Asking,
    /// How many bytes there is room for.
    pub(super) left: usize,
}

impl Asking {
    /// Says something. Waits until there is room for it.
    pub(super) async fn say(&self, said: Said) {
        // Who listens also does the work, and drops both together.
        let _gone = self.say.send(said).await;
    }
}

impl<M: Model> Work<M> {
    /// Answers within the time, unless the work is cancelled.
    pub(super) async fn bounded(mut self, cancellation: Option<Cancellation>) -> Result<(), LoopError> {
        let limit = self.asking.limits.time_in_all();
        self.asking.until = Instant::now().checked_add(limit);
        let cancelled = async {
            match cancellation {
                Some(cancellation) => cancellation.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancelled => Err(LoopError::Cancelled),
            ended = tokio::time::timeout(limit, self.rounds()) => ended.unwrap_or(Err(LoopError::TooLong { limit })),
        }
    }

    async fn rounds(mut self) -> Result<(), LoopError> {
        let limit = self.asking.limits.rounds;
        for round in 1..=limit {
            let (text, calls) = self.ask(round).await?;
            if calls.is_empty() {
                return Ok(());
            }
            if round == limit {
                break;
            }
            let results = self.call_all(&calls).await?;
            self.messages.push(ChatMessage::Assistant { text, calls });
            self.messages.extend(results);
        }
        Err(LoopError::TooManyRounds { limit })
    }

    /// The next answer of the model, whose text is said as it comes.
    async fn ask(&mut self, round: usize) -> Result<(String, Vec<ModelCall>), LoopError> {
        let failed = |error: M::Error| LoopError::Model(Arc::from(error.into()));
        let parts = self.model.answer(&self.messages, &self.asking.definitions).await.map_err(failed)?;
        let mut parts = pin!(parts);
        let (mut text, mut calls) = (String::new(), Calls::default());
        while let Some(part) = parts.next().await {
            // A stream need not wait for anything, and the time is looked at only if this does.
            tokio::task::consume_budget().await;
            match part.map_err(failed)? {
                Part::Text(said) => {
                    // An empty part counts, too: there may be any number of them.
                    take(&mut self.left, said.len().max(1), &self.asking.limits)?;
                    if said.is_empty() {
                        continue;
                    }
                    text.push_str(&said);
                    self.asking.say(Said::Text(said)).await;
                }
                Part::Call { index, id, name, arguments } => {
                    let size = calls.add(index, id, &name, &arguments);
                    take(&mut self.left, size.max(1), &self.asking.limits)?;
                }
                Part::End => return Ok((text, calls.finished(round))),
            }
        }
        Err(LoopError::BrokenOff)
    }

    /// Makes the calls, and returns their results in the same order.
    async fn call_all(&mut self, calls: &[ModelCall]) -> Result<Vec<ChatMessage>, LoopError> {
        let mut results: Vec<Option<ChatMessage>> = calls.iter().map(|_| None).collect();
        let each = calls.iter().enumerate().map(|(place, call)| {
            let asking = &self.asking;
            async move { (place, asking.call(call, place).await) }
        });
        let mut under_way: FuturesUnordered<_> = each.collect();
        while let Some((place, made)) = under_way.next().await {
            let content = self.asking.ended(&calls[place], made?, self.left).await;
            take(&mut self.left, content.len(), &self.asking.limits)?;
            results[place] = Some(ChatMessage::Tool { id: calls[place].id.clone(), content });
        }
        Ok(results.into_iter().flatten().collect())
    }
}

/// Takes room for bytes. Fails if there is not enough.
fn take(left: &mut usize, bytes: usize, limits: &Limits) -> Result<(), LoopError> {
    *left = left.checked_sub(bytes).ok_or(LoopError::TooLarge { limit: limits.bytes })?;
    Ok(())
}
