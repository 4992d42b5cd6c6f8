//! Routes a log of events through handlers, and says what became of them.
//!
//! ```sh
//! cargo run --release --example route_log tests/golden/public.jsonl
//! ```
//!
//! The log is a file of JSON Lines, or standard input if there is none or it is `-`. A line is a
//! frame; one that has an `id` and the text `input` or `hex` is a wrapper with the frame in it, as in
//! `tests/golden`. Blank lines are skipped. The log is read line by line, so it may be of any size.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{env, fmt};

use atoms::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};

mod golden_events;
mod lines;
mod route_report;

use atoms::agent::events::{AgentError, Init, LlmRequest, ResponseChunk, Role, Severity, TranscriptUpdate};
use lines::{Lines, MAX_LINE, Wrapped};
use route_report::Report;

/// How much of a file is read at once.
const READ_BYTES: usize = 256 * 1024;

/// How many of the last things said are kept.
const TRANSCRIPT_LINES: usize = 3;

/// What the handlers find out.
#[derive(Debug, Default)]
struct Findings(Mutex<Conversation>);

/// What was said and done.
#[derive(Debug, Default)]
struct Conversation {
    events: u64,
    sessions: u64,
    turns: u64,
    response_bytes: usize,
    warnings: u64,
    fatal_errors: u64,
    transcript: Vec<(Role, String)>,
}

impl Findings {
    fn get(&self) -> MutexGuard<'_, Conversation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[handler]
fn count_every_event(_: &AnyEvent, findings: State<Findings>) {
    findings.get().events += 1;
}

#[handler]
fn count_session(_: &Init, findings: State<Findings>) {
    findings.get().sessions += 1;
}

#[handler]
fn count_turn(_: &LlmRequest, findings: State<Findings>) {
    findings.get().turns += 1;
}

#[handler]
fn measure_response(chunk: &ResponseChunk, findings: State<Findings>) {
    findings.get().response_bytes += chunk.text.len();
}

#[handler]
fn count_error(error: &AgentError, findings: State<Findings>) {
    let mut found = findings.get();
    match error.severity {
        Severity::Warning => found.warnings += 1,
        Severity::Fatal => found.fatal_errors += 1,
    }
}

#[handler]
fn collect_transcript(said: &TranscriptUpdate, findings: State<Findings>) {
    let mut found = findings.get();
    let transcript = &mut found.transcript;
    if transcript.len() == TRANSCRIPT_LINES {
        transcript.remove(0);
    }
    transcript.push((said.role, said.content.chars().take(60).collect()));
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What the handlers found in {} events:", self.events)?;
        writeln!(f, "{} sessions, {} turns", self.sessions, self.turns)?;
        writeln!(f, "{} bytes of responses", self.response_bytes)?;
        writeln!(f, "{} warnings, {} fatal errors", self.warnings, self.fatal_errors)?;
        for (role, content) in &self.transcript {
            writeln!(f, "{role:?} said {content:?}")?;
        }
        Ok(())
    }
}

/// Routes the frame of one line, and takes down what became of it.
async fn route(bus: &Bus, line: &[u8], report: &mut Report) {
    let wrapped = serde_json::from_slice::<Wrapped<'_>>(line).ok();
    let frame = wrapped.and_then(|wrapped| wrapped.into_parts().1.ok());
    match bus.decode(frame.as_deref().unwrap_or(line)) {
        // Those who see every event see one of an unknown type as well.
        Ok(event) => report.delivered(&bus.emit_any(&event).await, event.as_raw().is_none()),
        Err(error) => report.refused(&error),
    }
}

async fn route_all(bus: &Bus, log: impl BufRead) -> io::Result<Report> {
    let started = Instant::now();
    let mut report = Report::default();
    let mut lines = Lines::new(log, MAX_LINE);
    while let Some(line) = lines.next()? {
        match line {
            Ok(line) => {
                report.line(line.len() + 1);
                if !line.trim_ascii().is_empty() {
                    route(bus, line, &mut report).await;
                }
            }
            Err(too_long) => {
                report.line(too_long.bytes);
                report.no_event(None, too_long.to_string());
            }
        }
    }
    report.took(started.elapsed());
    Ok(report)
}

/// The log, and a bar on standard error that shows how much of it is read, if that is a terminal.
fn open(path: Option<&str>) -> io::Result<(ProgressBar, Box<dyn BufRead>)> {
    let Some(path) = path.filter(|path| *path != "-") else {
        let progress = ProgressBar::new_spinner();
        return Ok((progress.clone(), Box::new(progress.wrap_read(io::stdin().lock()))));
    };
    let file = File::open(path)?;
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}");
    let progress = ProgressBar::new(file.metadata()?.len());
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Ok((progress.clone(), Box::new(BufReader::with_capacity(READ_BYTES, progress.wrap_read(file)))))
}

async fn run(path: Option<&str>) -> Result<(), Box<dyn Error>> {
    let findings = Arc::new(Findings::default());
    let bus = Bus::builder().shared_state(Arc::clone(&findings)).start()?;
    let name = path.unwrap_or("standard input");
    let (progress, log) = open(path).map_err(|error| format!("cannot open {name}: {error}"))?;
    let report = route_all(&bus, log).await.map_err(|error| format!("cannot read {name}: {error}"))?;
    progress.finish_and_clear();
    match write!(io::stdout(), "{report}\n{}", findings.get()) {
        // Whoever read the report has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let outcome = match args.as_slice() {
        [] => run(None).await,
        [path] => run(Some(path)).await,
        _ => Err("Usage: route_log [FILE]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("route_log: {error}");
            ExitCode::FAILURE
        }
    }
}
