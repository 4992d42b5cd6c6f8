//! What handlers have done, for probes and Prometheus.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atoms_control::{Activity, Control, Tally};
use atoms_runtime::Bus;
use serde_json::Value;
use tokio::time::Instant;

/// How long one answer is given again: it takes a lock that handlers take as well, and everybody may ask.
const FRESH: Duration = Duration::from_secs(1);

/// What the handlers of a bus had done lately.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latest(Arc<Mutex<Option<Seen>>>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    activity: Option<Arc<Activity>>,
}

impl Latest {
    /// `None` if the bus does not count.
    pub(crate) fn of(&self, bus: &Bus) -> Option<Arc<Activity>> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(seen) if seen.at.elapsed() < FRESH => seen.activity.clone(),
            _ => {
                let activity = bus.activity().map(Arc::new);
                *latest = Some(Seen { at: Instant::now(), activity: activity.clone() });
                activity
            }
        }
    }
}

/// As JSON.
pub(crate) fn json(activity: &Activity) -> Value {
    serde_json::to_value(activity).unwrap_or_default()
}

/// As text for Prometheus. The labels are handlers and types of this program, of which there are so many and no more.
pub(crate) fn text(activity: &Activity) -> String {
    let mut text = String::new();
    let total = activity.total_events;
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "# HELP atoms_events_total Events that were emitted, or refused.\n# TYPE atoms_events_total counter\natoms_events_total {total}"
    );
    let _ = writeln!(
        text,
        "# HELP atoms_untaken_posts_total Posted events that nothing took.\n# TYPE atoms_untaken_posts_total counter"
    );
    for (name, count) in &activity.untaken_posts {
        let _ = writeln!(text, "atoms_untaken_posts_total{{type=\"{}\"}} {count}", Label(name));
    }
    let handlers = Family {
        prefix: "atoms_handler",
        label: "handler",
        count: "calls_total",
        of: "calls of this handler",
    };
    let types =
        Family { prefix: "atoms_event", label: "type", count: "emits_total", of: "events of this type" };
    for (family, tallies) in [(handlers, &activity.handlers), (types, &activity.types)] {
        let tallies: Vec<_> = tallies.iter().collect();
        let _ = family.write(&tallies, &mut text);
    }
    text
}

/// Metrics of several things of one kind.
struct Family {
    prefix: &'static str,
    label: &'static str,
    count: &'static str,
    of: &'static str,
}

impl Family {
    fn write(&self, tallies: &[(&String, &Tally)], out: &mut String) -> fmt::Result {
        let Self { prefix, label, count, of } = self;
        self.metric(tallies, out, count, "counter", "How many there were", |tally| Some(tally.count as f64))?;
        self.metric(tallies, out, "failures_total", "counter", "How many have failed", |tally| {
            Some(tally.failures as f64)
        })?;
        self.metric(tallies, out, "error_ratio", "gauge", "The part that has failed", |tally| {
            Some(tally.error_rate)
        })?;
        self.metric(
            tallies,
            out,
            "last_success_timestamp_seconds",
            "gauge",
            "When one has last succeeded",
            |tally| tally.last_success.map(|time| time.unix_micros() as f64 / 1e6),
        )?;
        writeln!(
            out,
            "# HELP {prefix}_latency_seconds How long they took: {of}.\n# TYPE {prefix}_latency_seconds summary"
        )?;
        for (name, tally) in tallies {
            let (name, latency) = (Label(name), &tally.latency);
            for (quantile, micros) in
                [("0.5", latency.p50), ("0.9", latency.p90), ("0.99", latency.p99), ("1", latency.max)]
            {
                let seconds = micros as f64 / 1e6;
                writeln!(
                    out,
                    "{prefix}_latency_seconds{{{label}=\"{name}\",quantile=\"{quantile}\"}} {seconds}"
                )?;
            }
        }
        Ok(())
    }

    fn metric(
        &self,
        tallies: &[(&String, &Tally)],
        out: &mut String,
        name: &str,
        kind: &str,
        help: &str,
        value: impl Fn(&Tally) -> Option<f64>,
    ) -> fmt::Result {
        let Self { prefix, label, of, .. } = self;
        writeln!(out, "# HELP {prefix}_{name} {help}: {of}.\n# TYPE {prefix}_{name} {kind}")?;
        for (own, tally) in tallies {
            if let Some(value) = value(tally) {
                writeln!(out, "{prefix}_{name}{{{label}=\"{}\"}} {value}", Label(own))?;
            }
        }
        Ok(())
    }
}

/// The value of a label, with what ends one escaped.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '\\' | '"' => write!(f, "\\{letter}"),
            '\n' => f.write_str("\\n"),
            other => f.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_given_again_for_a_while() {
        let bus = Bus::builder().without_discovery();
        let bus = atoms_control::ControlBuilder::counted(bus).start().unwrap();
        let latest = Latest::default();
        let first = latest.of(&bus).unwrap();
        assert!(Arc::ptr_eq(&first, &latest.of(&bus).unwrap()));
        assert_eq!(Latest::default().of(&Bus::builder().without_discovery().start().unwrap()), None);
    }

    #[test]
    fn a_label_ends_where_it_ends() {
        assert_eq!(Label("a\"} 1\nb\\").to_string(), r#"a\"} 1\nb\\"#);
    }
}
