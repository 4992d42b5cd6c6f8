//! The server's process: how it is started, and what can be told of it from outside.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::process;
use crate::server::LISTENING;

/// The program.
const NAME: &str = "attacked";

/// What it logs is copied to this file beside it.
const LOG: &str = "attacked.log";

/// How much of it, in bytes.
const COPIED: u64 = 16 * 1_024 * 1_024;

/// How long the server may take to say what it counts, whatever its clients do.
const ANSWER: Duration = Duration::from_secs(5);

/// A server that listens, until it is dropped.
#[derive(Debug)]
pub struct Attacked {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it logs.
    pub log: Arc<Log>,
}

/// What the server logs.
#[derive(Debug, Default)]
pub struct Log {
    lines: AtomicU64,
    bytes: AtomicU64,
    /// The first line that somebody else's text has got into as it was.
    forged: Mutex<Option<String>>,
}

/// What a server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Sessions that run.
    pub sessions: u64,
    /// Tasks of its runtime.
    pub tasks: u64,
    /// Open descriptors.
    pub files: u64,
    /// Threads.
    pub threads: u64,
}

impl Held {
    /// Whether there is no more of anything than there was.
    pub fn is_within(self, before: Self) -> bool {
        self.sessions <= before.sessions && self.tasks <= before.tasks && self.files <= before.files
    }
}

impl Attacked {
    /// Starts the server, which is beside the running program, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or does not listen.
    pub fn start() -> Result<Self, Failure> {
        let this =
            std::env::current_exe().map_err(|source| Failure::unusable("the running program", source))?;
        let mut command = Command::new(this.with_file_name(NAME));
        // A panic's backtrace would be hundreds of lines of the log.
        command
            .arg("0")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| Failure::unusable(NAME, source))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(questions), Some(answers), Some(stderr)) = pipes else { return Err(Failure::Deaf(NAME)) };
        let path = this.with_file_name(LOG);
        let copy = File::create(&path).map_err(|source| Failure::unusable(path.to_string_lossy(), source))?;
        let log = Arc::new(Log::default());
        thread::spawn({
            let log = Arc::clone(&log);
            move || log.read(stderr, copy)
        });
        let answers = BufReader::new(answers);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, address, questions, answers, log };
        let line = server.line()?;
        let address = line.strip_prefix(LISTENING).and_then(|address| address.parse().ok());
        server.address = address.ok_or(Failure::Deaf(NAME))?;
        Ok(server)
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|source| Failure::unusable(NAME, source))?;
        Ok(line.trim().to_owned())
    }

    /// The bytes of it that are in memory.
    ///
    /// # Errors
    ///
    /// If its process is not there any more.
    pub fn memory(&self) -> Result<u64, Failure> {
        process::memory(self.child.id())
    }

    /// The bytes of it that were in memory when they were most.
    ///
    /// # Errors
    ///
    /// If its process is not there any more.
    pub fn peak(&self) -> Result<u64, Failure> {
        process::peak(self.child.id())
    }

    /// What it holds now.
    ///
    /// # Errors
    ///
    /// If its process is not there any more, or does not answer.
    pub async fn held(&mut self) -> Result<Held, Failure> {
        let Counts { sessions, .. } = counts(self.address).await?;
        let pid = self.child.id();
        self.questions.write_all(b"tasks\n").map_err(|source| Failure::unusable(NAME, source))?;
        let tasks = self.line()?;
        Ok(Held {
            sessions,
            tasks: tasks.parse().map_err(|_| Failure::Unreadable(tasks))?,
            files: process::files(pid)?,
            threads: process::threads(pid)?,
        })
    }
}

impl Drop for Attacked {
    fn drop(&mut self) {
        // It may have ended by itself, which is seen elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    /// How many lines there are.
    pub fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The first line that somebody else's text has got into as it was.
    pub fn forged(&self) -> Option<String> {
        self.forged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the log, and copies its beginning.
    fn read(&self, stderr: ChildStderr, mut copy: File) {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        // It ends with the server.
        while matches!(stderr.by_ref().take(LONGEST).read_until(b'\n', &mut line), Ok(1..)) {
            self.lines.fetch_add(1, Ordering::Relaxed);
            let bytes = self.bytes.fetch_add(line.len() as u64, Ordering::Relaxed);
            if bytes < COPIED && copy.write_all(&line).is_err() {
                eprintln!("hostile: the log cannot be copied");
                return;
            }
            let text = String::from_utf8_lossy(&line);
            if is_forged(&text) {
                let mut forged = self.forged.lock().unwrap_or_else(PoisonError::into_inner);
                forged.get_or_insert_with(|| text.trim_end().escape_debug().to_string());
            }
            line.clear();
        }
    }
}

/// The longest line that is read at once, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Whether a line has control characters, or is one that a client has made.
fn is_forged(line: &str) -> bool {
    let line = line.trim_end_matches('\n');
    line.contains(|c: char| c.is_control() && c != '\t')
        || line.starts_with("2026-01-01T00:00:00Z ERROR forged")
}

/// What the server counts, as it says over HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Sessions that run.
    pub sessions: u64,
    /// Frames that have come from clients.
    pub frames: u64,
}

/// Asks a server what it counts.
///
/// # Errors
///
/// If it does not say so in time.
pub async fn counts(address: SocketAddr) -> Result<Counts, Failure> {
    let request = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    let answer = timeout(ANSWER, asking).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    let answer = answer.map_err(|source| Failure::unusable("/metrics", source))?;
    let metric = |name| answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    match (metric("atoms_sessions_active "), metric("atoms_frames_received_total ")) {
        (Some(sessions), Some(frames)) => Ok(Counts { sessions, frames }),
        _ => Err(Failure::Unreadable(answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_client_made_is_found() {
        assert!(is_forged("an id\x1b[31m\n"));
        assert!(is_forged("2026-01-01T00:00:00Z ERROR forged"));
        assert!(!is_forged("2026-11-25T00:00:00Z  WARN an id=\"a\\nb\"\n"));
    }
}
