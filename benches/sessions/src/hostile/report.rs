//! What the soaks have shown, and whether it is as it should be.

use std::fmt::Write as _;

use super::soak::{HONEST, OTHERS, Outcome};
use crate::report::{duration, grouped};

/// The figures of a soak beside those of the one with honest clients only.
pub fn text(hostile: &Outcome, honest: &Outcome) -> String {
    let mut text = format!(
        "\n| {HONEST} honest clients, beside | turns | p50 | p99 | p99.9 | memory at most | frames read | lines logged |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    for (beside, outcome) in [("honest", honest), ("hostile", hostile)] {
        let latencies = &outcome.turns.latencies;
        let at = |share| duration(latencies.value_at_quantile(share) as f64);
        let counts = [latencies.len(), outcome.frames, outcome.log_lines];
        let [turns, frames, lines] = counts.map(|count| grouped(count as f64));
        let (p50, p99, p999, mib) = (at(0.5), at(0.99), at(0.999), outcome.peak >> 20);
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "| {OTHERS} {beside} ones | {turns} | {p50} | {p99} | {p999} | {mib} MiB | {frames} | {lines} |"
        );
    }
    let _ = writeln!(text, "\n| kind | connections | ended by the server |\n| --- | ---: | ---: |");
    for (name, tally) in &hostile.attacks {
        let name = name.replace('_', " ");
        let _ = writeln!(text, "| {name} | {} | {} |", tally.connections, tally.ended);
    }
    let (bound, left) = (hostile.bound >> 20, hostile.memory_after >> 20);
    let _ = writeln!(
        text,
        "\nThe memory's bound is {bound} MiB; {left} MiB are left when all clients have gone."
    );
    text
}

/// How many lines the server may log beside one for each frame.
const OWN_LINES: u64 = 1_000;

/// What is not as it should be, in sentences.
pub fn faults(outcome: &Outcome) -> Vec<String> {
    let mut faults: Vec<String> = Vec::new();
    let bound = outcome.bound;
    faults.extend(outcome.stopped.clone());
    if outcome.peak > bound {
        faults.push(format!(
            "the server took {} MiB, where its limits imply {} MiB at most",
            outcome.peak >> 20,
            bound >> 20
        ));
    }
    let (before, after) = (outcome.before, outcome.after);
    if !after.is_within(before) {
        faults
            .push(format!("something is left when all clients have gone: {after:?}, and before {before:?}"));
    }
    if let Some(trouble) = outcome.turns.troubles.first() {
        faults.push(format!(
            "{} turns of honest clients failed, the first: {trouble}",
            outcome.turns.troubles.len()
        ));
    }
    if outcome.stopped.is_none() && outcome.turns.latencies.is_empty() {
        faults.push("no honest client has had a turn".into());
    }
    if outcome.log_lines > outcome.frames + OWN_LINES {
        faults.push(format!("{} lines were logged for {} frames", outcome.log_lines, outcome.frames));
    }
    if let Some(line) = &outcome.forged {
        faults.push(format!("a client's text is in the log as it is: {line}"));
    }
    for (name, tally) in &outcome.attacks {
        for (what, count) in &tally.wrong {
            faults.push(format!("`{name}`: {what} ({count} of {} connections)", tally.connections));
        }
        if tally.not_begun > 0 {
            faults.push(format!("`{name}`: {} connections could not be made", tally.not_begun));
        }
    }
    faults
}
