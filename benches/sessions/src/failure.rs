//! What stops a run.

use std::io;
use std::process::ExitStatus;

use crate::session::Trouble;

/// What stops a run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line is not understood.
    #[error("`{0}` is not understood\n\n{usage}", usage = crate::options::USAGE)]
    Usage(String),
    /// A contender of this package has no program.
    #[error(
        "the contender `{name}` has no server: `src/bin/{program}.rs` is missing; `--only` selects others"
    )]
    NoServer {
        /// The contender.
        name: &'static str,
        /// Its program.
        program: &'static str,
    },
    /// A server ended, or did not listen in time.
    #[error("the server of `{0}` does not listen")]
    Deaf(&'static str),
    /// A program could not be started, or a file not be used.
    #[error("cannot use `{what}`: {source}")]
    Unusable {
        /// The program or the path.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A command ran and failed.
    #[error("`{line}` failed ({status})")]
    Failed {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The system's words are not the ones that were expected.
    #[error("`{0}` does not say what it should")]
    Unreadable(String),
    /// Each session takes a file, and there may not be as many.
    #[error("{needed} files have to be open at once, and only {allowed} may be; raise `ulimit -Hn`")]
    TooFewFiles {
        /// How many are needed.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// A session did not come about.
    #[error("a session could not be opened: {0}")]
    NoSession(#[from] Trouble),
    /// Figures could not be written or read.
    #[error("the figures are not in order: {0}")]
    Figures(#[from] serde_json::Error),
    /// Some sessions did not go on to the end, so that the figures are not comparable.
    #[error("{0} sessions failed under load")]
    Errors(usize),
}

impl Failure {
    /// `what` could not be started or opened.
    pub fn unusable(what: impl Into<String>, source: io::Error) -> Self {
        Self::Unusable { what: what.into(), source }
    }
}

/// Lets this process, and those that it starts, open as many files as the clients take.
///
/// # Errors
///
/// If that is not allowed.
pub fn allow_files(needed: u64) -> Result<(), Failure> {
    let current = rlimit::getrlimit(rlimit::Resource::NOFILE);
    let allowed = current
        .and_then(|(soft, _)| if soft < needed { rlimit::increase_nofile_limit(needed) } else { Ok(soft) })
        .map_err(|source| Failure::unusable("ulimit -n", source))?;
    if allowed < needed { Err(Failure::TooFewFiles { needed, allowed }) } else { Ok(()) }
}
