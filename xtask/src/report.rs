//! The steps of a run, and how long each took.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::step::{Failure, Step};

/// Runs steps and keeps their times; it is shown as a table of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    times: Vec<(String, Duration)>,
}

impl Report {
    /// Runs one step; the first that fails ends the run.
    pub(crate) fn run(&mut self, step: Step) -> Result<(), Failure> {
        let started = Instant::now();
        step.run()?;
        self.times.push((step.to_string(), started.elapsed()));
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.times.iter().map(|(_, time)| *time).sum::<Duration>();
        writeln!(f)?;
        for (line, time) in &self.times {
            writeln!(f, "{:8.1} s  {line}", time.as_secs_f64())?;
        }
        write!(f, "{:8.1} s  so far; the tests follow", total.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_per_step_and_the_sum() {
        let step = |line: &str, millis| (line.into(), Duration::from_millis(millis));
        let report = Report { times: vec![step("cargo a", 1_200), step("cargo b", 61_000)] };
        assert_eq!(
            report.to_string(),
            "\n     1.2 s  cargo a\n    61.0 s  cargo b\n    62.2 s  so far; the tests follow"
        );
    }
}
