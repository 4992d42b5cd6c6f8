//! The clocks by which events fall due.

use std::time::Duration;

use tokio::time::Instant;

use crate::event::Timestamp;

/// How far before its making a clock begins, since a runtime's clock may have been stopped before.
const EARLIER: Duration = Duration::from_secs(24 * 3_600);

/// How often the wall clock is looked at while something waits for it: it may be set.
pub(crate) const CHECK: Duration = Duration::from_secs(1);

/// The longest sleep at once, which every timer can do.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(24 * 3_600);

/// The clock by which stored events and deadlines fall due: that of the system.
///
/// If a test pauses tokio's clock and advances it, this clock advances with it.
///
/// ```
/// use std::time::Duration;
/// use atoms::Clock;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let clock = Clock::new();
/// let due = clock.after(Duration::from_secs(3_600));
/// while clock.now() < due {
///     tokio::time::sleep(clock.wait(due)).await;
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Clock {
    epoch: Instant,
}

/// What the clocks say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The clock that only goes on: the runtime's own, which tests may stop and move.
    pub(crate) steady: Duration,
    /// The wall clock, in microseconds since 1970. It may be set.
    pub(crate) wall: i64,
    /// Whether the runtime's clock is not the real one.
    pub(crate) is_virtual: bool,
}

impl Clock {
    /// Creates a clock.
    pub fn new() -> Self {
        let now = std::time::Instant::now();
        Self { epoch: now.checked_sub(EARLIER).unwrap_or(now).into() }
    }

    /// What the clocks say now. Where a test has moved the runtime's clock, the wall clock is moved as far.
    pub(crate) fn both(&self) -> Now {
        let (runtime, real) = (Instant::now(), std::time::Instant::now().into());
        let (ahead, behind) =
            (runtime.saturating_duration_since(real), real.saturating_duration_since(runtime));
        let wall = Timestamp::now().unix_micros();
        Now {
            steady: runtime.saturating_duration_since(self.epoch),
            wall: wall.saturating_add(micros(ahead)).saturating_sub(micros(behind)),
            is_virtual: ahead.max(behind) > CHECK / 2,
        }
    }

    /// Returns what time it is.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.both().wall)
    }

    /// Returns the time after this delay, or the last one that can be represented.
    pub fn after(&self, delay: Duration) -> Timestamp {
        Timestamp::from_unix_micros(self.both().wall.saturating_add(micros(delay)))
    }

    /// Returns how long to sleep before looking again whether this time has come. That is a second at most, since the
    /// system's clock may be set meanwhile, except with a clock that a test has advanced.
    pub fn wait(&self, time: Timestamp) -> Duration {
        self.both().wait(time.unix_micros()).min(LONGEST_SLEEP)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Now {
    /// The time of the wall clock when the other one shows this.
    pub(crate) fn wall_at(self, steady: Duration) -> Timestamp {
        let (ahead, behind) = (steady.saturating_sub(self.steady), self.steady.saturating_sub(steady));
        Timestamp::from_unix_micros(self.wall.saturating_add(micros(ahead)).saturating_sub(micros(behind)))
    }

    /// For how long to wait before looking again at the wall clock for a time.
    pub(crate) fn wait(self, wall: i64) -> Duration {
        let wait = Duration::from_micros(wall.saturating_sub(self.wall).try_into().unwrap_or(0));
        if self.is_virtual { wait } else { wait.min(CHECK) }
    }
}

fn micros(duration: Duration) -> i64 {
    duration.as_micros().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_on() {
        let clock = Clock::new();
        let before = Timestamp::now().unix_micros();
        let (first, second) = (clock.both(), clock.both());
        assert!(first.steady >= EARLIER && first.steady <= second.steady && !first.is_virtual);
        assert!((first.wall - before).abs() < 60_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_goes_with_a_clock_that_a_test_moves() {
        let clock = Clock::new();
        let before = clock.both();
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        let after = clock.both();
        assert_eq!(after.steady - before.steady, Duration::from_secs(3_600));
        assert!((3_590..3_610).contains(&((after.wall - before.wall) / 1_000_000)));
        assert!(after.is_virtual);
    }

    #[test]
    fn the_wall_clock_is_looked_at_each_second() {
        let clock = Clock::new();
        assert_eq!(clock.wait(clock.after(Duration::from_secs(3_600))), CHECK);
        assert_eq!(clock.wait(clock.now()), Duration::ZERO);
        assert!(clock.after(Duration::MAX) > clock.now());
    }
}
