//! When an event happened.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use crate::text::shown;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// When an event happened, to the microsecond.
///
/// It is read and written as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339), with two additions for other programs
/// on the wire: a time without an offset is taken as UTC, and an offset that was read is written again. Comparisons
/// look at the instant alone.
///
/// Fractions of a microsecond are cut off. A leap second, which is 23:59:60 UTC on the last day of a month, becomes the
/// last microsecond before it, since clocks that count the seconds since 1970 do not have it.
///
/// ```
/// use atoms::Timestamp;
///
/// let naive: Timestamp = "2026-11-21T00:38:00.123456".parse()?;
/// assert_eq!(naive.to_string(), "2026-11-21T00:38:00.123456Z");
/// assert_eq!(naive, "2026-11-21T01:38:00.123456+01:00".parse()?);
/// # Ok::<(), atoms::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

/// The error of a text that is not a [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a time such as `2026-11-21T00:38:00.123456Z`", shown(.text, MAX_SHOWN))]
pub struct TimestampError {
    text: String,
}

/// The longest text that a message shows, in bytes.
const MAX_SHOWN: usize = 64;

/// Since when timestamps follow the clocks of runtimes, if they do.
static FOLLOWED: OnceLock<Since> = OnceLock::new();

/// A time, on two clocks.
struct Since {
    system: SystemTime,
    steady: Instant,
}

impl Since {
    /// The time by the clock of the runtime in which this is called; outside of one, by the real one.
    #[cold]
    fn in_runtime(&self) -> SystemTime {
        let now = tokio::time::Instant::now().into_std();
        // A clock that was stopped before is behind.
        match now.checked_duration_since(self.steady) {
            Some(passed) => self.system + passed,
            None => self.system - self.steady.duration_since(now),
        }
    }
}

impl Timestamp {
    /// Returns the time of the system's clock, in UTC. In a test with a [`Recording`](crate::testing::Recording), it
    /// follows the clock of the tokio runtime, which a test may pause and advance.
    pub fn now() -> Self {
        match FOLLOWED.get() {
            None => SystemTime::now().into(),
            Some(since) => since.in_runtime().into(),
        }
    }

    /// Lets the timestamps of this program follow the clocks of its tokio runtimes, from now on.
    pub(crate) fn follow_runtime() {
        FOLLOWED.get_or_init(|| Since { system: SystemTime::now(), steady: Instant::now() });
    }

    /// Returns the time this many microseconds after the start of 1970, UTC. A time outside of the years 1 to 9999
    /// becomes the first or the last one of these years.
    pub fn from_unix_micros(micros: i64) -> Self {
        /// The first and the last second.
        const SECONDS: (i64, i64) = (-62_135_596_800, 253_402_300_799);
        let micros = micros.clamp(SECONDS.0 * 1_000_000, SECONDS.1 * 1_000_000 + 999_999);
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
        Self(time.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Returns the microseconds since the start of 1970, UTC.
    pub fn unix_micros(&self) -> i64 {
        self.0.unix_timestamp() * 1_000_000 + i64::from(self.0.microsecond())
    }
}

impl From<SystemTime> for Timestamp {
    /// Cuts off fractions of a microsecond.
    ///
    /// # Panics
    ///
    /// If the time does not lie in the years 1 to 9999.
    fn from(time: SystemTime) -> Self {
        let time = OffsetDateTime::from(time);
        assert!((1..=9999).contains(&time.year()), "a timestamp lies in the years 1 to 9999");
        Self(time.replace_microsecond(time.microsecond()).unwrap_or(time))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

/// The second that is there only now and then.
const LEAP_SECOND: u8 = 60;

/// Reads a text of fixed layout from its front.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    }

    fn byte(&mut self, any_of: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        any_of.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4).filter(|year| *year > 0)?;
        self.byte(b"-")?;
        let month = self.small()?;
        self.byte(b"-")?;
        let day = self.small()?;
        Date::from_calendar_date(year.cast_signed(), Month::try_from(month).ok()?, day).ok()
    }

    /// The time, and whether it is a leap second.
    fn time(&mut self) -> Option<(Time, bool)> {
        let hour = self.small()?;
        self.byte(b":")?;
        let minute = self.small()?;
        self.byte(b":")?;
        let second = self.small()?;
        let micros = if self.byte(b".").is_some() { self.fraction()? } else { 0 };
        let is_leap = second == LEAP_SECOND;
        let (second, micros) = if is_leap { (second - 1, 999_999) } else { (second, micros) };
        Some((Time::from_hms_micro(hour, minute, second, micros).ok()?, is_leap))
    }

    fn fraction(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let micros = self.digits(count.clamp(1, 6))? * 10_u32.pow(6 - count.clamp(1, 6) as u32);
        self.0 = &self.0[count.saturating_sub(6)..];
        Some(micros)
    }

    fn offset(&mut self) -> Option<UtcOffset> {
        let Some(sign) = self.byte(b"Zz+-") else { return Some(UtcOffset::UTC) };
        if sign.eq_ignore_ascii_case(&b'Z') {
            return Some(UtcOffset::UTC);
        }
        let hours = self.small().filter(|hours| *hours < 24)?.cast_signed();
        self.byte(b":")?;
        let minutes = self.small().filter(|minutes| *minutes < 60)?.cast_signed();
        let sign = if sign == b'-' { -1 } else { 1 };
        UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
    }

    fn small(&mut self) -> Option<u8> {
        self.digits(2).and_then(|number| u8::try_from(number).ok())
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor(text.as_bytes());
    let date = cursor.date()?;
    cursor.byte(b"Tt")?;
    let (time, is_leap) = cursor.time()?;
    let offset = cursor.offset()?;
    let instant = date.with_time(time).assume_offset(offset);
    (cursor.0.is_empty() && (!is_leap || ends_a_month(instant))).then_some(Timestamp(instant))
}

/// Whether this is in the last second of a month of UTC, which alone a leap second may follow.
fn ends_a_month(instant: OffsetDateTime) -> bool {
    let Some(utc) = instant.checked_to_offset(UtcOffset::UTC) else { return false };
    let is_last_day = utc.day() == utc.month().length(utc.year());
    is_last_day && (utc.hour(), utc.minute(), utc.second()) == (23, 59, LEAP_SECOND - 1)
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or_else(|| TimestampError { text: text.into() })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second, micro) = self.0.to_hms_micro();
        let month = u8::from(month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micro != 0 {
            write!(f, ".{micro:06}")?;
        }
        match self.0.offset().as_hms() {
            (0, 0, _) => f.write_char('Z'),
            (hours, minutes, _) => {
                let sign = if self.0.offset().is_negative() { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", hours.abs(), minutes.abs())
            }
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;

        impl Visitor<'_> for TimestampVisitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"2026-11-21T00:38:00.123456Z\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(TimestampVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_read() {
        for text in [
            "2025-01-02T03:04:05.678901Z",
            "2025-01-02T03:04:05Z",
            "2024-02-29T23:59:59.000001+05:30",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!(
            "2025-01-02T03:04:05.1".parse::<Timestamp>().unwrap().to_string(),
            "2025-01-02T03:04:05.100000Z"
        );
        assert_eq!(
            "2025-01-02T03:04:05.123456789Z".parse::<Timestamp>().unwrap().to_string(),
            "2025-01-02T03:04:05.123456Z"
        );
    }

    #[test]
    fn letters_are_of_any_case() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap().to_string();
        assert_eq!(time("2025-01-02t03:04:05z"), "2025-01-02T03:04:05Z");
        assert_eq!(time("2025-01-02t03:04:05.5+01:00"), "2025-01-02T03:04:05.500000+01:00");
    }

    #[test]
    fn a_leap_second_is_the_last_microsecond_before_it() {
        for (text, read) in [
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
            ("2016-12-31T23:59:60.25Z", "2016-12-31T23:59:59.999999Z"),
            ("2016-12-31T23:59:60", "2016-12-31T23:59:59.999999Z"),
            ("2017-01-01T05:29:60+05:30", "2017-01-01T05:29:59.999999+05:30"),
            ("1990-12-31T15:59:60-08:00", "1990-12-31T15:59:59.999999-08:00"),
            ("2012-06-30t23:59:60z", "2012-06-30T23:59:59.999999Z"),
        ] {
            let leap = text.parse::<Timestamp>().unwrap();
            assert_eq!(leap.to_string(), read);
            assert_eq!(leap.to_string().parse::<Timestamp>().unwrap(), leap);
        }
        let leap = "2016-12-31T23:59:60Z".parse::<Timestamp>().unwrap();
        assert!(leap > "2016-12-31T23:59:59.9Z".parse().unwrap());
        assert!(leap < "2017-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2025-01-02",
            "2025-01-02T03",
            "2025-01-02T24:00:00",
            "2025-01-02T23:59:60",
            "2016-12-31T22:59:60Z",
            "2016-12-31T23:58:60Z",
            "2016-12-31T23:59:60+01:00",
            "2016-12-31T23:59:61Z",
            "9999-12-31T23:59:60-01:00",
            "2025-01-02 03:04:05",
            "0000-01-01T00:00:00",
            " 2025-01-02T03:04:05",
            "2025-01-02T03:04:05+24:00",
            "-2025-01-02T03:04:05",
            "2025-W01-1T00:00",
            "2025-02-29T00:00:00",
            "2025-01-02T03:04:05.",
            "2025-01-02T03:04:05Zx",
            "2025-01-02T03:04:05+0530",
            "２025-01-02T03:04:05",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
