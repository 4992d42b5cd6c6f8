//! Metrics for Prometheus.

use std::fmt::Write;

use atoms_agent::Counts;

/// The [text format](https://prometheus.io/docs/instrumenting/exposition_formats/) of Prometheus.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the counts as text.
pub(crate) fn text(is_ready: bool, counts: Option<Counts>) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    metric("atoms_ready", "gauge", "Whether sessions can begin.", u64::from(is_ready));
    let Some(counts) = counts else { return text };
    metric("atoms_sessions_active", "gauge", "Sessions that run now.", counts.active as u64);
    metric("atoms_node_tasks", "gauge", "Tasks of nodes that run now.", counts.tasks as u64);
    metric("atoms_sessions_total", "counter", "Sessions that began.", counts.started);
    metric("atoms_frames_received_total", "counter", "Frames that came from clients.", counts.frames_in);
    metric("atoms_frames_sent_total", "counter", "Frames that went to clients.", counts.frames_out);
    metric("atoms_frames_refused_total", "counter", "Frames that were refused.", counts.refused);
    metric("atoms_events_unknown_total", "counter", "Events of clients of unknown types.", counts.unknown);
    let (failures, missed) = (counts.background_failures, counts.background_missed);
    metric("atoms_background_failures_total", "counter", "Failures of background nodes.", failures);
    metric("atoms_background_missed_total", "counter", "Events that background nodes missed.", missed);
    text
}
