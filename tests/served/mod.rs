//! An example that serves agents, run as a program of its own.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long an example may take until it says where it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running example, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    address: String,
}

impl Server {
    /// Runs an example on a free port, with these environment variables, and waits until it listens.
    pub(crate) fn start(example: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = command(example);
        command.envs(variables.iter().copied());
        let child = command.arg("0").stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}; is the example built?"));
        let mut server = Self { child, address: String::new() };
        let line = first_line(server.child.stdout.take().unwrap());
        let address = line.strip_prefix("listening on http://").and_then(|line| line.strip_suffix('\n'));
        server.address = address.unwrap_or_else(|| panic!("`{example}` first said {line:?}")).to_owned();
        server
    }

    /// Where the agents are.
    pub(crate) fn socket(&self) -> String {
        format!("ws://{}/ws", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example, with nothing of the environment that names a model or a proxy. Cargo builds examples beside the
/// directory of the test programs.
pub(crate) fn command(example: &str) -> Command {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(format!("{example}{}", env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    for variable in ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"] {
        command.env_remove(variable);
    }
    command.env("no_proxy", "127.0.0.1");
    command
}

/// The first line, or nothing if time runs out. What is said after it is read, so that nobody has to wait.
fn first_line(stdout: impl Read + Send + 'static) -> String {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut line).unwrap();
        // The test may have failed by now.
        let _ = sender.send(line);
        io::copy(&mut stdout, &mut io::sink())
    });
    receiver.recv_timeout(PATIENCE).unwrap_or_default()
}
