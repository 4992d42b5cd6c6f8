//! Resumes a call when the question about it has ended, possibly in another process.

use std::sync::Arc;

use atoms_control::{
    Answer, Control, Question, QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionId, QuestionKind,
};
use atoms_runtime::{Bus, Cause, Context, Retryable, StoreError, handler};
use serde::Deserialize;

use super::Toolbox;
use super::any_bound::Answered;
use super::approval::{Body, StoredCall, denial};
use crate::call::ToolError;
use crate::events::ToolCallApproved;

/// Why an approved call is not made. Its event becomes a dead letter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotResumed {
    #[error("the question {0} is not there any more")]
    Gone(QuestionId),
    #[error("the question {0} was not approved")]
    NotApproved(QuestionId),
    #[error("the question {0} is not about this call of a tool")]
    NoCall(QuestionId),
    #[error(transparent)]
    NoTool(ToolError),
    /// The call has ended with this, and nobody waits for it any more.
    #[error(transparent)]
    Failed(ToolError),
    #[error("the question cannot be read: {0}")]
    Store(#[from] StoreError),
}

impl NotResumed {
    /// Whether the call is not made, and will not be. An event that nobody has approved says nothing of a call.
    fn is_never_made(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::NoCall(_) | Self::NoTool(_))
    }
}

impl Retryable for NotResumed {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

/// The identity of the handler below.
pub(super) const RUN_APPROVED: &str = "atoms.tool.run_approved";

/// Resumes a call that was approved.
#[handler(id = "atoms.tool.run_approved", retry(attempts = 3, delay = "100ms"), crate = atoms_runtime)]
pub(crate) async fn run_approved(approved: &ToolCallApproved, context: Context) -> Result<(), NotResumed> {
    let bus = context.bus();
    let made = run(bus, approved).await;
    if let Err(error) = &made
        && error.is_never_made()
    {
        Toolbox::of(bus).never_made(approved, error);
    }
    made
}

async fn run(bus: &Bus, approved: &ToolCallApproved) -> Result<(), NotResumed> {
    let (stored, answered) = found(bus, approved).await?;
    match resume(bus, approved.question, stored, answered).await {
        // The event has come again, for a call that is done.
        Err(NotResumed::Failed(ToolError::Repeated { .. })) => Ok(()),
        resumed => resumed,
    }
}

impl Toolbox {
    /// Tells who waits for a call that it is not made.
    fn never_made(&self, approved: &ToolCallApproved, why: &NotResumed) {
        if let Ok(tool) = self.find(&approved.tool) {
            let (tool, problem) = (tool.name(), why.to_string());
            // If nobody waits, the dead letter tells.
            let _untold = self.waiters.tell::<()>(&approved.call, Err(ToolError::NotMade { tool, problem }));
        }
    }
}

async fn found(bus: &Bus, approved: &ToolCallApproved) -> Result<(StoredCall, Answered), NotResumed> {
    let id = approved.question;
    let question = bus.questions().get(id).await?.ok_or(NotResumed::Gone(id))?;
    let Some(Answer::Approved { edited, .. }) = question.answer() else {
        return Err(NotResumed::NotApproved(id));
    };
    let stored = call_of(&question).filter(|stored| stored.id == approved.call);
    let answered = Answered::Approved { edited: edited.clone() };
    Ok((stored.ok_or(NotResumed::NoCall(id))?, answered))
}

/// Ends a call that was rejected.
#[handler(id = "atoms.tool.end_answered", crate = atoms_runtime)]
pub(crate) async fn end_answered(answered: &QuestionAnswered, context: Context) -> Result<(), NotResumed> {
    if answered.kind != QuestionKind::Approval || !answered.answer.is_rejected() {
        return Ok(());
    }
    end(context.bus(), answered.question).await
}

/// Ends a call that was not approved in time.
#[handler(id = "atoms.tool.end_expired", crate = atoms_runtime)]
pub(crate) async fn end_expired(expired: &QuestionExpired, context: Context) -> Result<(), NotResumed> {
    if expired.kind != QuestionKind::Approval {
        return Ok(());
    }
    end(context.bus(), expired.question).await
}

/// Ends a call whose question was cancelled.
#[handler(id = "atoms.tool.end_cancelled", crate = atoms_runtime)]
pub(crate) async fn end_cancelled(cancelled: &QuestionCancelled, context: Context) -> Result<(), NotResumed> {
    if cancelled.kind != QuestionKind::Approval {
        return Ok(());
    }
    end(context.bus(), cancelled.question).await
}

async fn end(bus: &Bus, id: QuestionId) -> Result<(), NotResumed> {
    // The caller looks at the question as well, and learns its end there.
    let Some(question) = bus.questions().get(id).await? else { return Ok(()) };
    let Some(stored) = call_of(&question) else { return Ok(()) };
    let tool = Toolbox::of(bus).find(&stored.tool).map_err(NotResumed::NoTool)?.name();
    match denial(tool, &question) {
        Some(denied) => match resume(bus, id, stored, Answered::Denied(denied)).await {
            Err(NotResumed::Failed(error)) if error.is_denied() => Ok(()),
            resumed => resumed,
        },
        None => Ok(()),
    }
}

/// The call that a question is about, if it is about a call.
pub(super) fn call_of(question: &Question) -> Option<StoredCall> {
    Body::deserialize(&question.body).ok().map(|body| body.tool_call)
}

/// Resumes a call, to its end once for each question. An event that is delivered again, or forged, makes no second call.
/// Fails if the call does, and nobody waits for it any more.
async fn resume(bus: &Bus, id: QuestionId, stored: StoredCall, answered: Answered) -> Result<(), NotResumed> {
    let toolbox = Toolbox::of(bus);
    let tool = toolbox.find(&stored.tool).and_then(|info| toolbox.tool(info)).map_err(NotResumed::NoTool)?;
    let tool = Arc::clone(tool);
    let Some(making) = toolbox.made.begin(id) else { return Ok(()) };
    let cause = Cause::current_on(bus).map(Box::new);
    let told = tool.resume(bus, cause, stored, answered).await;
    making.done();
    told.map_err(NotResumed::Failed)
}
