//! Where in a history an event is.

use std::fmt;
use std::str::FromStr;

use atoms_runtime::{Shown, Timestamp};

/// Where in a [`History`](crate::History) an event is: later ones are greater, also as text, and also after the program was
/// started again.
///
/// It is the time at which the event was kept, in microseconds, or the next one that no other event has. So it tells nothing
/// of how many events are in between.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HistoryPosition(pub(super) u64);

/// The error of a text that is not a [`HistoryPosition`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a position in a history, which is a hexadecimal number of up to 16 digits", Shown(text))]
pub struct HistoryPositionError {
    text: String,
}

impl HistoryPosition {
    /// The position before all events: `0`.
    pub const OLDEST: Self = Self(0);

    /// That of an event which is kept now, after the one with this position.
    pub(super) fn after(before: Self) -> Self {
        let now = Timestamp::now().unix_micros().try_into().unwrap_or_default();
        Self(before.0.saturating_add(1).max(now))
    }
}

impl FromStr for HistoryPosition {
    type Err = HistoryPositionError;

    fn from_str(text: &str) -> Result<Self, HistoryPositionError> {
        let is_hex = (1..=16).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| HistoryPositionError { text: text.into() })
    }
}

/// 16 digits.
impl fmt::Display for HistoryPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for HistoryPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
