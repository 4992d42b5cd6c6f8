//! The one who kills.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::child::{FILE, FIRST};
use crate::ledger::Ledger;
use crate::table::Table;

/// How many numbers each process has for itself: more than it comes to.
const NUMBERS: u64 = 1_000_000;

/// A child, killed at the end whatever happens.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
}

impl Running {
    /// Starts a child, and waits until it says that it starts its bus.
    fn start(path: &Path, first: Option<u64>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::child", "--nocapture"]).env(FILE, path).stdout(Stdio::piped());
        if let Some(first) = first {
            command.env(FIRST, first.to_string());
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.by_ref().map(Result::unwrap).any(|line| line.ends_with("started 0 0"));
        assert!(started, "the child did not start");
        Self { child, lines, said: Vec::new() }
    }

    /// Waits until its bus has started.
    fn wait_for_bus(&mut self) {
        while self.said.last().is_none_or(|line| line != "up 0 0") {
            self.said.push(self.lines.next().expect("the child did not start its bus").unwrap());
        }
    }

    /// Kills it; returns what it has said.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.said.extend(self.lines.by_ref().map(Result::unwrap));
        std::mem::take(&mut self.said)
    }

    /// Waits for its end; returns what it has said.
    fn wait(mut self) -> Vec<String> {
        let lines = self.lines.by_ref().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success(), "{lines:?}");
        lines
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn random_millis(below: u64) -> Duration {
    Duration::from_millis(RandomState::new().hash_one(0) % below)
}

#[test]
fn what_was_accepted_is_done_however_often_the_program_is_killed() {
    let kills = std::env::var("ATOMS_STORE_CRASH_KILLS").map_or(30, |kills| kills.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("crash.db");
    let mut ledger = Ledger::default();
    for kill in 0..kills {
        let mut running = Running::start(&path, Some(kill * NUMBERS));
        // Some are killed as they open the file and start.
        if kill % 4 > 0 {
            running.wait_for_bus();
        }
        std::thread::sleep(random_millis(200));
        ledger.add(&running.kill());
    }
    let lines = Running::start(&path, None).wait();
    assert!(lines.iter().any(|line| line == "finished 0 0"));
    ledger.add(&lines);
    let table = Table::of(&ledger);
    println!("\n{kills} kills; done again, as a kill came in between: {:?}\n\n{table}", ledger.repeated);
    table.check(kills >= 30);
}
