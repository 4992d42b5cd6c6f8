//! The example as a program of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that should not take long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The running example, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Agent {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
}

impl Agent {
    /// Runs the example on a free port, and waits until it listens.
    pub(crate) fn start() -> Self {
        let mut command = Command::new(path());
        let child = command.arg("0").stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}; is the example built?"));
        let mut agent = Self { child, address: String::new() };
        let line = agent.first_line();
        let address = line.strip_prefix("listening on http://").and_then(|line| line.strip_suffix('\n'));
        agent.address = address.unwrap_or_else(|| panic!("it first said {line:?}")).to_owned();
        agent
    }

    /// The first line that it prints, or nothing if time runs out.
    fn first_line(&mut self) -> String {
        let mut stdout = BufReader::new(self.child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            // The test may have failed by now.
            let _ = sender.send(line);
        });
        receiver.recv_timeout(PATIENCE).unwrap_or_default()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// How it ends, which it has to do by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where cargo builds examples: beside the directory of the test programs.
fn path() -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile.join("examples").join(format!("conformance{}", env::consts::EXE_SUFFIX))
}
