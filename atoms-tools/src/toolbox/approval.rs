//! Asks a person whether a call may be made.

use std::time::Duration;

use atoms_control::{Approval, Control, Decision, OpenError, Opened, Outcome, Question, QuestionId};
use atoms_runtime::{Bus, Cause, EventId, InSession, LetterRecipient, Shown};
use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;

use super::any_bound::{approvable, schema};
use super::before::within;
use super::judging::{Asked, Judging};
use super::resume::RUN_APPROVED;
use super::run::{Flow, Waiting};
use super::waiters::Waiter;
use crate::call::{CallHead, ToolError, reason_text};
use crate::caller::Caller;
use crate::events::{Decided, ToolCallApproved};
use crate::schema::{Hash, hash};
use crate::tool::Tool;

/// How often a person is asked about one call, if hooks change its arguments after each approval.
const MOST_ROUNDS: u32 = 8;

/// How long after an approval it is first looked whether the call is not made.
const FIRST_LOOK: Duration = Duration::from_millis(50);

/// How long a call may take that was approved just before its session has ended.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// How long the handler of a question may take to tell the caller, after the question has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// What people have approved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Approved {
    /// The hash of the approved arguments, which were shown or edited.
    pub(super) hash: Hash,
    /// The roles of those who approved: a list for each question.
    pub(super) roles: Vec<Vec<String>>,
    /// How many questions there were, for any arguments.
    pub(super) round: u32,
}

/// A call that waits for a person, which its question keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredCall {
    pub(super) id: EventId,
    pub(super) tool: String,
    pub(super) arguments: Value,
    pub(super) caller: Option<Caller>,
    /// What is approved if the question is.
    pub(super) approved: Approved,
}

/// The body of a question about a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) tool_call: StoredCall,
}

/// Whether a person has to be asked now.
pub(super) enum Due {
    Nothing,
    Ask(Box<Asking>),
    Stopped(ToolError),
}

/// A question that has to be asked.
pub(super) struct Asking {
    approval: Approval,
    stored: StoredCall,
}

/// Whom to ask, and what to say to them.
struct Wanted {
    roles: Vec<String>,
    approval: Approval,
}

impl<T: Tool> Flow<'_, '_, T> {
    /// Whether no approval is needed.
    #[inline]
    pub(super) fn asks_nobody(&self, judging: &Judging<T>) -> bool {
        !judging.has_asked() && !judging.is_approved() && T::info().approve_role().is_none()
    }

    /// Whom to ask next. Each list of roles is asked once for the same arguments.
    pub(super) async fn due(&self, judging: &mut Judging<T>) -> Due {
        let (asked, approved) = (judging.take_asked(), judging.take_approved());
        let (tool, limit) = (self.tool(), self.toolbox.settings.arguments);
        let arguments = match approvable::<T>(&judging.call.args, limit) {
            Ok(arguments) => arguments,
            Err(error) => return Due::Stopped(error),
        };
        let hash = hash(tool, &arguments);
        let round = approved.as_ref().map_or(0, |approved| approved.round);
        let last = approved.as_ref().and_then(|approved| approved.roles.last().cloned());
        let mut said = approved.filter(|it| it.hash == hash).map_or_else(Vec::new, |it| it.roles);
        // The approved arguments differ from those of the call.
        let anew = last.filter(|_| said.is_empty());
        let wanted = self.wanted(judging, asked, anew, &said).await;
        let Some(Wanted { roles, approval }) = wanted.into_iter().find(|it| !said.contains(&it.roles)) else {
            return Due::Nothing;
        };
        if round >= MOST_ROUNDS {
            let problem = format!("it was approved {round} times, and hooks change its arguments each time");
            return Due::Stopped(ToolError::NotAsked { tool, problem });
        }
        said.push(roles);
        let head = &judging.call.head;
        let stored = StoredCall {
            id: head.id().clone(),
            tool: tool.into(),
            arguments,
            caller: head.caller.as_deref().cloned(),
            approved: Approved { hash, roles: said, round: round + 1 },
        };
        Due::Ask(Box::new(Asking { approval, stored }))
    }

    /// All approvals that are needed: those that hooks ask for, that of the tool itself, and that of changed arguments.
    async fn wanted(
        &self,
        judging: &Judging<T>,
        asked: Vec<Asked>,
        anew: Option<Vec<String>>,
        said: &[Vec<String>],
    ) -> Vec<Wanted> {
        let own = T::info().approve_role();
        let mut wanted = Vec::new();
        for Asked { hook, mut approval } in asked {
            if let (Some(role), true) = (own, approval.roles().is_empty()) {
                *approval = approval.role(role);
            }
            let mut roles = approval.roles().to_vec();
            roles.sort();
            if self.observer.is_decided_taken {
                let decided = if said.contains(&roles) { Decided::Approved } else { Decided::Ask };
                self.observer.decided(&judging.call.head, hook, decided, None).await;
            }
            wanted.push(Wanted { roles, approval: *approval });
        }
        let others = own.map(|role| vec![role.to_owned()]).into_iter().chain(anew);
        for roles in others {
            if !wanted.iter().any(|it| it.roles == roles) {
                let approval = roles.iter().fold(Approval::unnamed(), |approval, role| approval.role(role));
                wanted.push(Wanted { roles, approval });
            }
        }
        wanted
    }
}

impl<'a, T: Tool> Flow<'_, 'a, T> {
    /// Opens the question. It shows the arguments with which the function would be called, with sensitive ones masked.
    pub(super) async fn ask(
        &self,
        head: &CallHead,
        asking: Asking,
        is_waited_for: bool,
    ) -> Result<Waiting<'a>, ToolError> {
        let tool = self.tool();
        let Asking { approval, stored } = asking;
        let end = is_waited_for.then(|| self.toolbox.waiters.enter(head.id())).transpose()?;
        let id = question_id(head.id(), stored.approved.round);
        let shown = schema::<T>()?.masked(&stored.arguments);
        let call = head.id().clone();
        let mut approval = approval
            .with_id(id)
            .default_title(format!("May the tool `{tool}` be called?"))
            .default_deadline(self.toolbox.settings.approval_deadline)
            .details(&shown)
            .body(&Body { tool_call: stored })
            .then(ToolCallApproved { question: id, call, tool: tool.into() });
        if let Some(editable) = T::info().editable() {
            approval = approval.editable(editable.clone());
        }
        if let Some(session) = head.session() {
            approval = approval.session(session);
        }
        match self.bus.questions().open(approval).await {
            Ok(question) => {
                if let Some(told) = head.caller.as_ref().and_then(|caller| caller.told.as_ref()) {
                    told.tell(id);
                }
                Ok(Waiting { end, question })
            }
            Err(OpenError::Closed) => Err(ToolError::Closed),
            Err(error) => Err(ToolError::NotAsked { tool, problem: reason_text(error) }),
        }
    }
}

impl Waiting<'_> {
    /// Waits for the end of the call.
    pub(super) async fn end<T: Tool>(self, bus: &Bus) -> Result<T::Output, ToolError> {
        let Some(waiter) = self.end else { return Err(ToolError::Closed) };
        ended::<T>(bus, waiter, self.question).await
    }
}

async fn ended<T: Tool>(
    bus: &Bus,
    mut waiter: Waiter<'_>,
    question: Opened<Decision>,
) -> Result<T::Output, ToolError> {
    let tool = T::info().name();
    let asked = std::pin::pin!(question.ended());
    let question = match select(Box::pin(waiter.end()), asked).await {
        Either::Left((end, _)) => return end,
        Either::Right((Ok(question), _)) => question,
        Either::Right((Err(problem), _)) => return Err(ToolError::not_asked(tool, &problem)),
    };
    match denial(tool, &question) {
        // The function runs, or a person is asked once more.
        None => made::<T>(bus, &mut waiter).await,
        // The hooks after it run.
        Some(denied) => within(PATIENCE, waiter.end()).await.unwrap_or(Err(denied)),
    }
}

/// Waits for the end of a call that was approved, and made elsewhere.
///
/// The event that makes it may not come to its handler, since a layer refuses it. Layers may refuse the event that tells of that,
/// too, so this looks for the dead letter.
async fn made<T: Tool>(bus: &Bus, waiter: &mut Waiter<'_>) -> Result<T::Output, ToolError> {
    let tool = T::info().name();
    let session = Cause::current().and_then(|cause| cause.carried::<InSession>().cloned());
    let call = waiter.call().clone();
    let lost = async {
        let mut pause = FIRST_LOOK;
        loop {
            sleep(pause).await;
            if let Some(problem) = lost(bus, &call).await {
                return ToolError::NotMade { tool, problem };
            }
            pause = (pause * 2).min(PATIENCE);
        }
    };
    let session_ends = async {
        match session {
            Some(session) => session.ends().await,
            None => std::future::pending().await,
        }
        sleep(LAST_MOMENT).await;
        ToolError::SessionEnded { tool }
    };
    match select(Box::pin(waiter.end()), select(Box::pin(lost), Box::pin(session_ends))).await {
        Either::Left((end, _)) => end,
        Either::Right((error, _)) => Err(error.factor_first().0),
    }
}

/// Why the event that makes a call did not come to its handler, if it is a dead letter.
async fn lost(bus: &Bus, call: &EventId) -> Option<String> {
    let letters = bus.dead_letters().list().await.ok()?;
    letters.iter().find_map(|letter| {
        let approved = letter.event().downcast_ref::<ToolCallApproved>()?;
        let is_ours = match letter.recipient() {
            Some(LetterRecipient::Handler(id)) => **id == *RUN_APPROVED,
            Some(_) => false,
            None => true,
        };
        let is_lost = is_ours && approved.event().call == *call;
        is_lost.then(|| format!("{}; its event is the dead letter {}", Shown(letter.cause()), letter.id()))
    })
}

/// The error of a call whose question has ended without an approval.
pub(super) fn denial(tool: &'static str, question: &Question) -> Option<ToolError> {
    use atoms_control::Answer;
    let end = question.end.as_ref()?;
    match &end.outcome {
        Outcome::Answered(answer) | Outcome::Defaulted(answer) => match answer {
            Answer::Approved { .. } => None,
            Answer::Rejected { feedback } => {
                let feedback = feedback.as_ref().map(reason_text);
                Some(ToolError::Rejected { tool, by: end.by.clone(), feedback })
            }
            Answer::Given(_) => {
                Some(ToolError::NotAsked { tool, problem: "the answer is not a decision".into() })
            }
        },
        Outcome::Expired => Some(ToolError::Expired { tool, question: question.id }),
        Outcome::Cancelled { reason } => {
            Some(ToolError::Cancelled { tool, reason: reason.as_ref().map(reason_text) })
        }
    }
}

/// The id of a question about a call. It is always the same, so that a question that was opened before the process ended
/// is not opened again.
fn question_id(call: &EventId, round: u32) -> QuestionId {
    let hash = hash("question", &serde_json::json!([call.to_string(), round]));
    let (hash, call) = (hash.as_str(), call.to_string());
    // A UUID of version 7, with the time of the call, so that questions are sorted by their times.
    let time = call.get(..13).unwrap_or_default();
    let id = format!("{time}-7{}-8{}-{}", &hash[..3], &hash[3..6], &hash[6..18]);
    id.parse().unwrap_or_else(|_| QuestionId::generate())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_id_for_each_round_of_a_call() {
        let (one, other) = (EventId::generate(), EventId::generate());
        assert_eq!(question_id(&one, 1), question_id(&one, 1));
        assert_ne!(question_id(&one, 1), question_id(&one, 2));
        assert_ne!(question_id(&one, 1), question_id(&other, 1));
        assert_eq!(question_id(&one, 1).to_string()[..15], format!("{}-7", &one.to_string()[..13]));
    }
}
