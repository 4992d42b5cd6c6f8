//! What became of the events of a log, in bounded memory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use atoms::{DecodeError, Receipt};

/// How many types, and how many reasons of refusals, are told apart; the others are counted together.
const MOST_ROWS: usize = 500;

/// The longest part of a reason or a type that is kept, in characters.
const MOST_CHARS: usize = 160;

/// What became of the events of a log.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: u64,
    bytes: u64,
    events: u64,
    took: Duration,
    types: BTreeMap<String, Counts>,
    reasons: BTreeMap<(String, String), Reason>,
}

/// What became of the events of one type.
#[derive(Debug, Default)]
struct Counts {
    received: u64,
    handled: u64,
    unhandled: u64,
    refused: u64,
    unknown: u64,
}

/// Why events of one type came to nothing.
#[derive(Debug)]
struct Reason {
    count: u64,
    first_line: u64,
}

impl Report {
    /// Counts a line, whatever is in it.
    pub(crate) fn line(&mut self, bytes: usize) {
        self.lines += 1;
        self.bytes += bytes as u64;
    }

    /// Takes down an event that was delivered.
    pub(crate) fn delivered(&mut self, receipt: &Receipt, is_known: bool) {
        let counts = self.received(receipt.event_type());
        counts.unknown += u64::from(!is_known);
        counts.handled += u64::from(!receipt.is_unhandled());
        counts.unhandled += u64::from(receipt.is_unhandled());
        for failure in receipt.failures() {
            self.add_reason(failure.event_type, failure.error.to_string());
        }
    }

    /// Takes down a frame that could not be read.
    pub(crate) fn refused(&mut self, error: &DecodeError) {
        let reason = match error.path() {
            "" => error.kind().to_string(),
            path => format!("at `{path}`: {}", error.kind()),
        };
        self.no_event(error.event_type(), reason);
    }

    /// Takes down a line without an event.
    pub(crate) fn no_event(&mut self, event_type: Option<&str>, reason: String) {
        let event_type = event_type.unwrap_or("(no type)");
        self.received(event_type).refused += 1;
        self.add_reason(event_type, reason);
    }

    /// Says how long it took.
    pub(crate) fn took(&mut self, took: Duration) {
        self.took = took;
    }

    fn received(&mut self, event_type: &str) -> &mut Counts {
        self.events += 1;
        let is_room = self.types.len() < MOST_ROWS || self.types.contains_key(event_type);
        let counts = self.types.entry(shortened(if is_room { event_type } else { "(other types)" }));
        let counts = counts.or_default();
        counts.received += 1;
        counts
    }

    fn add_reason(&mut self, event_type: &str, reason: String) {
        let mut key = (shortened(event_type), shortened(&reason));
        if self.reasons.len() >= MOST_ROWS && !self.reasons.contains_key(&key) {
            key = ("(other types)".to_owned(), "(other reasons)".to_owned());
        }
        let reason = self.reasons.entry(key).or_insert(Reason { count: 0, first_line: self.lines });
        reason.count += 1;
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// The beginning of a text, if it is long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, bytes, seconds) = (self.lines, self.bytes, self.took.as_secs_f64());
        writeln!(f, "{lines} lines, {bytes} bytes in {seconds:.3} s:")?;
        let megabytes = self.per_second(self.bytes) / 1e6;
        writeln!(f, "{:.0} events/s, {megabytes:.1} MB/s\n", self.per_second(self.events))?;

        let width = self.types.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(10);
        writeln!(f, "{:width$}  received   handled unhandled   refused   unknown", "event type")?;
        for (name, counts) in &self.types {
            let Counts { received, handled, unhandled, refused, unknown } = counts;
            writeln!(f, "{name:width$} {received:9} {handled:9} {unhandled:9} {refused:9} {unknown:9}")?;
        }
        let mut last_type = "";
        for ((name, reason), Reason { count, first_line }) in &self.reasons {
            if last_type.is_empty() {
                writeln!(f, "\nRefused or failed, and the line that was the first:")?;
            }
            if last_type != name {
                writeln!(f, "{name}")?;
                last_type = name;
            }
            writeln!(f, "{count:9}  {reason} (line {first_line})")?;
        }
        Ok(())
    }
}
