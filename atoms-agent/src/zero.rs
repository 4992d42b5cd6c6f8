//! The error that a setting is zero and must not be.

use std::time::Duration;

/// A setting is zero, so that nothing could be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZeroSetting {
    /// A limit of a number or of bytes.
    #[error("`{setting}(0)` leaves no room for anything: give it 1 or more, or leave it out for the default")]
    NoRoom {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A time-out or an interval.
    #[error(
        "`{setting}(0)` leaves no time for anything: give it more than zero, or leave it out for the default"
    )]
    NoTime {
        /// The name of the setting.
        setting: &'static str,
    },
}

impl ZeroSetting {
    /// Returns those that are zero, of limits and then of times.
    pub fn find(limits: &[(&'static str, usize)], times: &[(&'static str, Duration)]) -> Vec<Self> {
        let limits = limits.iter().filter(|(_, limit)| *limit == 0);
        let times = times.iter().filter(|(_, time)| time.is_zero());
        let limits = limits.map(|&(setting, _)| Self::NoRoom { setting });
        limits.chain(times.map(|&(setting, _)| Self::NoTime { setting })).collect()
    }
}
