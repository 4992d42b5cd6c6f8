//! The figures as tables.

use std::fmt::Write as _;

use crate::load::Figures;
use crate::options::Options;

/// Who is compared with whom.
const RATIOS: [(&str, &str); 3] = [("atoms", "original"), ("atoms", "bare"), ("bare", "original")];

/// How few sessions say nothing about the memory of one.
const FEW: usize = 100;

/// One contender's figures of one round.
#[derive(Debug)]
pub struct Row {
    /// The contender.
    pub name: &'static str,
    /// How many sessions took turns.
    pub sessions: usize,
    /// What was measured.
    pub figures: Figures,
}

/// All figures of a run.
#[derive(Debug)]
pub struct Report {
    options: Options,
    rows: Vec<Row>,
}

impl Report {
    /// The report of a run.
    pub fn new(options: Options, rows: Vec<Row>) -> Self {
        Self { options, rows }
    }

    /// How many sessions failed.
    pub fn errors(&self) -> usize {
        self.rows.iter().map(|row| row.figures.errors).sum()
    }

    /// The tables, in Markdown. Each figure is the mean of the rounds.
    pub fn tables(&self) -> String {
        let sections = [
            ("Turns a second, and the slowest turn but 1 of 100", self.speed()),
            ("Latency of a turn", self.latency()),
            ("The processor's time that the server takes for a turn", self.server_time()),
            ("Memory of an idle session", self.memory()),
        ];
        sections.iter().filter(|(_, table)| !table.is_empty()).fold(
            String::new(),
            |mut text, (title, table)| {
                let _ = write!(text, "\n### {title}\n\n{table}");
                text
            },
        )
    }

    fn speed(&self) -> String {
        let heads = self.names().flat_map(|name| [format!("{name}: turns/s"), "p99".into()]);
        table(heads.chain(self.ratio_heads()), &self.options.sessions, |sessions| {
            let cells = self.names().flat_map(|name| {
                let turns = self.mean(name, sessions, |figures| figures.turns_per_second);
                [grouped(turns), duration(self.mean(name, sessions, |figures| figures.p99))]
            });
            cells.chain(self.ratios(sessions, |figures| figures.turns_per_second)).collect()
        })
    }

    fn latency(&self) -> String {
        let of: [fn(&Figures) -> f64; 3] =
            [|figures| figures.p50, |figures| figures.p99, |figures| figures.p999];
        let heads = self.names().flat_map(|name| [format!("{name}: p50"), "p99".into(), "p99.9".into()]);
        table(heads, &self.options.sessions, |sessions| {
            self.names().flat_map(|name| of.map(|of| duration(self.mean(name, sessions, of)))).collect()
        })
    }

    fn server_time(&self) -> String {
        let heads = self.names().map(String::from).chain(self.ratio_heads());
        table(heads, &self.options.sessions, |sessions| {
            let of = |figures: &Figures| figures.server_time;
            let cells = self.names().map(|name| duration(self.mean(name, sessions, of)));
            cells.chain(self.ratios(sessions, of)).collect()
        })
    }

    fn memory(&self) -> String {
        let many: Vec<usize> = self.options.sessions.iter().copied().filter(|count| *count >= FEW).collect();
        table(self.names().map(String::from), &many, |sessions| {
            let kib = |name| self.mean(name, sessions, |figures| figures.memory) / 1_024.0;
            self.names().map(|name| format!("{:.1} KiB", kib(name))).collect()
        })
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.options.contenders.iter().map(|contender| contender.name)
    }

    fn ratio_heads(&self) -> impl Iterator<Item = String> {
        self.pairs().map(|(one, other)| format!("{one} / {other}"))
    }

    fn ratios(&self, sessions: usize, of: fn(&Figures) -> f64) -> impl Iterator<Item = String> {
        let ratio = move |one, other| self.mean(one, sessions, of) / self.mean(other, sessions, of);
        self.pairs().map(move |(one, other)| format!("{:.2}", ratio(one, other)))
    }

    /// The comparisons both of whose sides take part.
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        RATIOS.into_iter().filter(|(one, other)| self.takes_part(one) && self.takes_part(other))
    }

    fn takes_part(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    fn mean(&self, name: &str, sessions: usize, of: impl Fn(&Figures) -> f64) -> f64 {
        let rows = self.rows.iter().filter(|row| row.name == name && row.sessions == sessions);
        let (sum, count) = rows.fold((0.0, 0), |(sum, count), row| (sum + of(&row.figures), count + 1));
        sum / f64::from(count)
    }
}

/// A table with a row for each number of sessions; nothing, if there is none.
fn table(
    heads: impl Iterator<Item = String>,
    sessions: &[usize],
    cells: impl Fn(usize) -> Vec<String>,
) -> String {
    if sessions.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = heads.collect();
    let mut text =
        format!("| sessions | {} |\n| ---: |{}\n", heads.join(" | "), " ---: |".repeat(heads.len()));
    for &count in sessions {
        let _ = writeln!(text, "| {} | {} |", grouped(count as f64), cells(count).join(" | "));
    }
    text
}

/// A whole number with its thousands set apart.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds as one reads them.
pub fn duration(nanos: f64) -> String {
    match nanos {
        nanos if nanos < 1e6 => format!("{:.1} us", nanos / 1e3),
        nanos if nanos < 1e9 => format!("{:.2} ms", nanos / 1e6),
        nanos => format!("{:.2} s", nanos / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(7.0, "7"), (123.0, "123"), (1_234.4, "1,234"), (1_234_567.0, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
