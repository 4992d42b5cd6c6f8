//! Shows what was recorded as a tree of causes.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::recording::Record;
use crate::text::shown;

/// How many events are shown.
const MAX_SHOWN: usize = 200;

/// How many bytes of an event are shown.
const MAX_BYTES: usize = 200;

/// By how much the clock of a runtime that runs may differ from the real one.
const TOLERANCE: Duration = Duration::from_millis(1);

/// The events in lines, each under the one that it followed from, and with `>` before those that are marked.
pub(super) fn show(records: &[Record], marked: &[usize]) -> String {
    if records.is_empty() {
        return "nothing was recorded\n".to_owned();
    }
    let by_id: HashMap<_, _> =
        (0..records.len()).map(|at| (records[at].event.id().to_string(), at)).collect();
    let mut behind = vec![Vec::new(); records.len()];
    let mut roots = Vec::new();
    for (at, record) in records.iter().enumerate() {
        // What was emitted before cannot follow: the frame of a client may say anything.
        let cause =
            record.event.metadata().causation_id().and_then(|id| by_id.get(id)).filter(|&&cause| cause < at);
        cause.map_or(&mut roots, |&cause| &mut behind[cause]).push(at);
    }
    let clock =
        if is_paused() { ", by the clock of the runtime, which is paused or was advanced" } else { "" };
    let mut text = format!("what was recorded, and when{clock}:\n");
    let mut left: Vec<_> = roots.into_iter().rev().map(|at| (at, 0)).collect();
    let mut lines = 0;
    while let Some((at, depth)) = left.pop() {
        if lines == MAX_SHOWN {
            let more = records.len() - lines;
            let _ = writeln!(text, "  and {more} more");
            break;
        }
        lines += 1;
        line(&mut text, &records[at], depth, marked.contains(&at));
        left.extend(behind[at].iter().rev().map(|&at| (at, depth + 1)));
    }
    text
}

fn line(text: &mut String, record: &Record, depth: usize, is_marked: bool) {
    let (mark, indent) = (if is_marked { '>' } else { ' ' }, "  ".repeat(depth));
    let at = record.at.as_secs_f64();
    let (name, event) =
        (record.event.event_type(), shown(format_args!("{:?}", record.event.payload()), MAX_BYTES));
    // Writing to a string does not fail.
    let _ = writeln!(text, "{mark} {at:>10.3}s  {indent}{name}  {event}");
}

/// Whether the clock of the runtime is not the real one.
fn is_paused() -> bool {
    let (runtime, real) = (Instant::now().into_std(), std::time::Instant::now());
    let difference = runtime.saturating_duration_since(real) + real.saturating_duration_since(runtime);
    difference > TOLERANCE
}
