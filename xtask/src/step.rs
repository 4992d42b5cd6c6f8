//! One command line: announced, run, and judged by its exit status.

use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io,
    process::{Command, ExitStatus, Stdio},
};

use crate::floors::Problem;

/// What stops a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line names no command of ours.
    #[error("there is no command `{0}`; `cargo xtask help` lists them")]
    UnknownCommand(String),
    /// A program could not be started, or a file or a directory not be opened.
    #[error("cannot use `{what}`: {source}")]
    Unusable {
        /// The program or the path.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A step ran and failed.
    #[error("`{line}` failed ({status})")]
    Failed {
        /// The step's command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// Miri is missing and cannot be installed.
    #[error(
        "Miri is missing and could not be added: {0}; \
         `rustup toolchain install nightly --component miri,rust-src` may help"
    )]
    NoMiri(Box<Failure>),
    /// Modules name what is on a higher floor, or the list of floors is not up to date.
    #[error("{} in the floors:\n{}", count(.0), list(.0))]
    Floors(Vec<Problem>),
}

fn count(problems: &[Problem]) -> String {
    let plural = if problems.len() == 1 { "" } else { "s" };
    format!("{} problem{plural}", problems.len())
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Failure {
    /// `what` could not be started or opened.
    pub(crate) fn unusable(what: impl Into<String>, source: io::Error) -> Self {
        Self::Unusable { what: what.into(), source }
    }
}

/// A command line to run; it is shown as one would type it.
#[derive(Debug)]
pub(crate) struct Step {
    env: Option<(&'static str, String)>,
    words: Vec<String>,
    stdin: Option<&'static str>,
    silent: bool,
}

/// `cargo` with `args`, which are split at white space.
pub(crate) fn cargo(args: &str) -> Step {
    tool("cargo", args)
}

/// `program` with `args`, which are split at white space.
pub(crate) fn tool(program: &str, args: &str) -> Step {
    let words = [program].into_iter().chain(args.split_whitespace()).map(String::from).collect();
    Step { env: None, words, stdin: None, silent: false }
}

impl Step {
    /// Adds one argument as it is.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.words.push(arg.into());
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env = Some((name, value.into()));
        self
    }

    /// Feeds the file to the program's standard input.
    pub(crate) fn stdin(mut self, path: &'static str) -> Self {
        self.stdin = Some(path);
        self
    }

    /// Throws the standard output away.
    pub(crate) fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Announces the step, runs it, and fails if it does.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        println!("\n$ {self}");
        let mut command = self.command()?;
        match command.status().map_err(|source| Failure::unusable(&self.words[0], source))? {
            status if status.success() => Ok(()),
            status => Err(Failure::Failed { line: self.to_string(), status }),
        }
    }

    /// Whether the step succeeds, run without a word.
    pub(crate) fn succeeds(&self) -> bool {
        self.command()
            .and_then(|mut command| {
                let output = command.output();
                output.map_err(|source| Failure::unusable(&self.words[0], source))
            })
            .is_ok_and(|output| output.status.success())
    }

    fn command(&self) -> Result<Command, Failure> {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.env.clone());
        if let Some(path) = self.stdin {
            command.stdin(File::open(path).map_err(|source| Failure::unusable(path, source))?);
        }
        if self.silent {
            command.stdout(Stdio::null());
        }
        Ok(command)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = &self.env {
            write!(f, "{name}='{value}' ")?;
        }
        let words: Vec<_> = self.words.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))?;
        if let Some(path) = self.stdin {
            write!(f, " < {path}")?;
        }
        f.write_str(if self.silent { " > /dev/null" } else { "" })
    }
}

/// The word as a shell has to be given it.
fn quoted(word: &str) -> Cow<'_, str> {
    if word.contains([' ', '*']) { format!("'{word}'").into() } else { word.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_as_one_would_type_it() {
        let step = cargo("run  --example probe").arg("a b").env("A", "1").stdin("in").silent();
        assert_eq!(step.to_string(), "A='1' cargo run --example probe 'a b' < in > /dev/null");
    }

    #[test]
    fn a_failure_names_the_command_line() {
        let failure = tool("false", "--really").run().unwrap_err().to_string();
        assert!(failure.starts_with("`false --really` failed (exit status: "), "{failure}");
    }

    #[test]
    fn a_missing_program_and_a_missing_file_are_named() {
        let missing = [tool("no-such-program", ""), cargo("--version").stdin("no-such-file")];
        for (step, name) in missing.iter().zip(["no-such-program", "no-such-file"]) {
            let failure = step.run().unwrap_err().to_string();
            assert!(failure.starts_with(&format!("cannot use `{name}`: ")), "{failure}");
            assert!(!step.succeeds());
        }
    }
}
