//! The check of edited arguments, before they end their question.

use atoms_control::{Answer, AnswerCheck, Problem, Question, WrongAnswer};
use atoms_runtime::{Bus, Shown, entry};

use super::Toolbox;
use super::resume::call_of;
use crate::call::ToolError;

/// Edited arguments are checked just as when the call is made.
pub(crate) static CHECK_EDITED: AnswerCheck = AnswerCheck::new("atoms.tool.check_edited", check);

entry!(&CHECK_EDITED);

fn check(bus: &Bus, question: &Question, answer: &Answer) -> Result<(), WrongAnswer> {
    let Answer::Approved { edited: Some(edited), .. } = answer else { return Ok(()) };
    let Some(call) = call_of(question) else { return Ok(()) };
    let toolbox = Toolbox::of(bus);
    // Another process may have the tool.
    let Ok(tool) = toolbox.find(&call.tool).and_then(|info| toolbox.tool(info)) else { return Ok(()) };
    let checked = tool.check_edited(&call.arguments, edited.clone(), toolbox.settings.arguments);
    checked.map_err(|error| match error {
        ToolError::InvalidArguments { problems, .. } => WrongAnswer::new(problems.problems().to_vec()),
        other => WrongAnswer::new(vec![Problem { path: String::new(), message: Shown(other).to_string() }]),
    })
}
