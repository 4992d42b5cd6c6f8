//! Why an agent is not started.

use atoms_runtime::Shown;

/// Why an agent is not started. What becomes of one that is, its [`Running`](atoms_control::Running) says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The bus has no agent of this name.
    #[error("there is no agent `{}`{}", Shown(name), hint(*nearest))]
    Unknown {
        /// The name.
        name: String,
        /// The agent whose name is most like it.
        nearest: Option<&'static str>,
    },
    /// What it is to work on is not what its function takes.
    #[error("the agent `{agent}` was not started: its task is wrong: {problem}")]
    WrongInput {
        /// The agent.
        agent: &'static str,
        /// What is wrong, of 1 KiB at most.
        problem: String,
    },
    /// A parameter of its function cannot be extracted on this bus, which a bus that starts reports.
    #[error("the agent `{agent}` was not started: {problem}")]
    NotReady {
        /// The agent.
        agent: &'static str,
        /// Why.
        problem: String,
    },
}

impl AgentError {
    /// The error may contain all that it is about.
    pub(crate) fn wrong_input(agent: &'static str, error: &serde_json::Error) -> Self {
        Self::WrongInput { agent, problem: Shown(error).to_string() }
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
}
