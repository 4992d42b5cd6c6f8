//! The command line of a run.

use crate::contender::{self, Contender};
use crate::failure::Failure;

/// What the command line may say.
pub const USAGE: &str = "\
Usage: sessions [seconds] [--only original,bare,atoms] [--sessions 1,10,100,1000] [--rounds 2]

  seconds      how long each load is measured (default: 5)
  --only       the contenders to run (default: all)
  --sessions   how many sessions take turns (default: 1,10,100,1000)
  --rounds     how often each contender's turn comes (default: 2)";

/// What to run.
#[derive(Debug)]
pub struct Options {
    /// How long each load is measured.
    pub seconds: f64,
    /// Who runs.
    pub contenders: Vec<&'static Contender>,
    /// How many sessions take turns.
    pub sessions: Vec<usize>,
    /// How often each contender's turn comes.
    pub rounds: usize,
}

impl Options {
    /// Reads the command line's words.
    ///
    /// # Errors
    ///
    /// If one is not understood.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self {
            seconds: 5.0,
            contenders: contender::ALL.iter().collect(),
            sessions: vec![1, 10, 100, 1_000],
            rounds: 2,
        };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Failure::Usage(word.clone()));
            match word.as_str() {
                "--only" => options.contenders = list(&value()?, contender::find)?,
                "--sessions" => options.sessions = list(&value()?, positive)?,
                "--rounds" => options.rounds = understood(&value()?, positive)?,
                seconds => options.seconds = understood(seconds, duration)?,
            }
        }
        Ok(options)
    }
}

fn positive(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| *number > 0)
}

fn duration(text: &str) -> Option<f64> {
    text.parse().ok().filter(|seconds| (0.1..=3_600.0).contains(seconds))
}

fn understood<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
    read(text).ok_or_else(|| Failure::Usage(text.into()))
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Failure> {
    text.split(',').map(|item| understood(item, &read)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn everything_has_a_default() {
        let options = parse("").unwrap();
        assert_eq!((options.seconds, options.rounds), (5.0, 2));
        assert_eq!(options.contenders.len(), contender::ALL.len());
    }

    #[test]
    fn everything_can_be_said() {
        let options = parse("0.5 --only bare,original --sessions 1,7 --rounds 3").unwrap();
        let names: Vec<_> = options.contenders.iter().map(|contender| contender.name).collect();
        assert_eq!(names, ["bare", "original"]);
        assert_eq!((options.seconds, options.sessions, options.rounds), (0.5, vec![1, 7], 3));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, word) in
            [("--only bar", "bar"), ("--rounds 0", "0"), ("--only", "--only"), ("-1", "-1"), ("x", "x")]
        {
            assert!(parse(line).unwrap_err().to_string().starts_with(&format!("`{word}` ")), "{line}");
        }
    }
}
