//! What tools say of their questions.

use atoms_control::{Answer, AskedRole, Asker, Problem, Question, WrongAnswer};
use atoms_runtime::{Bus, Shown, entry};

use super::Toolbox;
use super::resume::call_of;
use crate::call::ToolError;

/// Edited arguments are checked just as when the call is made.
pub(crate) static ASKER: Asker = Asker::new("atoms.tool").checks(check).asks(roles);

entry!(&ASKER);

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

fn roles(bus: &Bus) -> Vec<AskedRole> {
    let asks = Toolbox::of(bus).infos().filter_map(|tool| Some((tool, tool.approve_role()?)));
    asks.map(|(tool, role)| AskedRole { by: format!("the tool `{tool}`"), role: role.into() }).collect()
}
