//! The one who kills.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{FILE, FIRST};
use crate::ledger::Ledger;

/// How many numbers each process has for itself: more than it comes to.
const NUMBERS: u64 = 1_000_000;

/// A child, killed at the end whatever happens.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
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
        Self { child, lines }
    }

    /// Kills it; returns what it has said.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.lines.by_ref().map(Result::unwrap).collect()
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
    let seconds = std::env::var("ATOMS_STORE_CRASH_SECONDS").map_or(10, |seconds| seconds.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("crash.db");
    let (mut ledger, mut kills) = (Ledger::default(), 0);
    while Instant::now() < until {
        let running = Running::start(&path, Some(kills as u64 * NUMBERS));
        std::thread::sleep(random_millis(120));
        ledger.add(&running.kill());
        kills += 1;
    }
    let lines = Running::start(&path, None).wait();
    assert!(lines.iter().any(|line| line == "finished 0 0"));
    ledger.add(&lines);
    println!("{kills} kills; done again: {:?}", ledger.repeated);
    let promises = [
        ("posted", "handled"),
        ("posted", "seen"),
        ("handled", "followed"),
        ("later-posted", "later-handled"),
        ("asked", "refunded"),
        ("posted", "effect"),
        ("handled", "effect"),
        ("effect", "follow-up"),
        ("follow-up", "effect"),
    ];
    for (promised, done) in promises {
        println!("{promised}: {}, {done}: {}", ledger.count(promised), ledger.count(done));
        assert!(ledger.count(promised) > 0, "nothing was {promised}");
        assert_eq!(ledger.missing(promised, done), [], "{promised} and not {done}");
    }
    for once in ["effect", "follow-up"] {
        assert_eq!(ledger.doubled(once), [], "{once} twice");
    }
}
