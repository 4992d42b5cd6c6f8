//! A call before its function.

use std::sync::Arc;

use atoms_control::Approval;
use serde_json::Value;

use super::after;
use super::approval::Approved;
use super::before::written;
use super::run::Ended;
use crate::call::{AnyTool, Arguments, Call, CallHead, CallOutcome, ToolCall, ToolError, Verdict};
use crate::caller::Caller;
use crate::hook::HookInfo;
use crate::tool::Tool;

/// The result of the hooks before a call.
pub(super) enum Judged<T: Tool> {
    /// The call may be made, after all approvals.
    Passed,
    Replaced(T::Output),
    Stopped(ToolError),
}

/// A hook that wants a person to be asked.
pub(super) struct Asked {
    pub(super) hook: &'static HookInfo,
    pub(super) approval: Box<Approval>,
}

/// A call before its function, as the hooks leave it.
pub(crate) struct Judging<T: Tool> {
    pub(super) call: Call<T>,
    /// The place of the next hook.
    pub(super) next: usize,
    /// In a box, since it is seldom there, and the call is moved.
    more: Option<Box<More>>,
}

/// What only some calls have.
#[derive(Default)]
struct More {
    /// The arguments as JSON, if that was needed. Those of a new call were checked.
    json: Option<Value>,
    /// What people have approved already.
    approved: Option<Approved>,
    /// Whom hooks want to be asked.
    asked: Vec<Asked>,
}

impl<T: Tool> Judging<T> {
    #[inline]
    pub(crate) fn new(args: T::Args, caller: Option<Arc<Caller>>) -> Self {
        Self::of(args, CallHead::new(T::info(), caller), None)
    }

    /// As [`new`](Self::new), of arguments that came as JSON and were checked.
    pub(super) fn of_json(args: T::Args, json: Value, caller: Option<Arc<Caller>>) -> Self {
        let more = More { json: Some(json), ..More::default() };
        Self::of(args, CallHead::new(T::info(), caller), Some(Box::new(more)))
    }

    /// A call that goes on, after a person has approved it.
    pub(super) fn of_approved(args: T::Args, json: Value, head: CallHead, approved: Approved) -> Self {
        let more = More { json: Some(json), approved: Some(approved), asked: Vec::new() };
        Self::of(args, head, Some(Box::new(more)))
    }

    #[inline]
    fn of(args: T::Args, head: CallHead, more: Option<Box<More>>) -> Self {
        Self { call: Call::new(head, args), next: 0, more }
    }

    /// Whether the arguments of a new call were checked.
    #[inline]
    pub(super) fn is_checked(&self) -> bool {
        self.more.is_some()
    }

    #[inline]
    pub(super) fn is_approved(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.approved.is_some())
    }

    pub(super) fn take_approved(&mut self) -> Option<Approved> {
        self.more.as_mut()?.approved.take()
    }

    /// Whether a hook wants a person to be asked.
    #[inline]
    pub(super) fn has_asked(&self) -> bool {
        self.more.as_ref().is_some_and(|more| !more.asked.is_empty())
    }

    /// A hook wants a person to be asked.
    pub(super) fn ask(&mut self, hook: &'static HookInfo, approval: Box<Approval>) {
        self.more.get_or_insert_default().asked.push(Asked { hook, approval });
    }

    pub(super) fn take_asked(&mut self) -> Vec<Asked> {
        self.more.as_mut().map_or_else(Vec::new, |more| std::mem::take(&mut more.asked))
    }

    pub(super) fn into_ended(self, outcome: CallOutcome, result: Result<T::Output, ToolError>) -> Ended<T> {
        Ended { head: self.call.head, outcome, result }
    }

    /// The arguments as JSON.
    pub(super) fn json(&mut self) -> Result<&Value, String> {
        let more = self.more.get_or_insert_default();
        if more.json.is_none() {
            more.json = Some(written(&*self.call.args)?);
        }
        Ok(more.json.get_or_insert(Value::Null))
    }

    /// Checks the arguments that a hook has changed.
    #[inline]
    pub(super) fn check_changed(&mut self, is_constrained: bool) -> Result<(), String> {
        if !self.call.args.take_changed() {
            return Ok(());
        }
        if let Some(more) = &mut self.more {
            more.json = None;
        }
        if is_constrained { self.check() } else { Ok(()) }
    }

    /// Checks the arguments by the schema.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let schema = T::info().arguments_schema()?;
        schema.check(self.json()?).map_err(|wrong| wrong.to_string())
    }

    /// Makes the call for a hook of any tool.
    pub(super) fn lend(&mut self) -> Result<ToolCall, String> {
        self.json()?;
        let json = self.more.as_mut().and_then(|more| more.json.take()).unwrap_or_default();
        Ok(ToolCall::new(self.call.head.clone(), json))
    }

    pub(super) fn untyped_verdict(
        &mut self,
        verdict: Result<Verdict, String>,
        call: ToolCall,
    ) -> Result<Option<Verdict<T>>, String> {
        let verdict = verdict?;
        self.take_back(call)?;
        read(verdict).map(Some)
    }

    /// Takes the call back, and checks what the hook has changed.
    pub(super) fn take_back(&mut self, call: ToolCall) -> Result<(), String> {
        let mut args = call.args;
        let is_changed = args.take_changed();
        let json = args.into_inner();
        if is_changed {
            let read = T::info().arguments_schema()?.read(&json).map_err(|wrong| wrong.to_string())?;
            self.call.args = Arguments::unchanged(read);
        }
        self.more.get_or_insert_default().json = Some(json);
        Ok(())
    }
}

/// The verdict of a hook of any tool, as a verdict of this tool.
fn read<T: Tool>(verdict: Verdict<AnyTool>) -> Result<Verdict<T>, String> {
    Ok(match verdict {
        Verdict::Allow => Verdict::Allow,
        Verdict::Deny(reason) => Verdict::Deny(reason),
        Verdict::Ask(approval) => Verdict::Ask(approval),
        Verdict::Replace(output) => Verdict::Replace(after::read::<T>(output)?),
    })
}
