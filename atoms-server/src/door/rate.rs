//! How many requests one principal may send.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atoms_control::Principal;
use atoms_runtime::LogLimit;
use axum::http::StatusCode;
use tokio::time::Instant;

use super::problem::Problem;

/// Callers can ask as often as they like.
static TURNED_AWAY: LogLimit = LogLimit::new(10, "more requests of callers who had sent too many");

/// The time in which a principal may send as many requests as the limit says.
const PERIOD: Duration = Duration::from_secs(1);

/// How many principals are known before those are forgotten that have sent nothing for a while.
const KNOWN: usize = 1_024;

/// What principals have sent lately, as the [GCRA](https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm) counts it.
#[derive(Debug)]
pub(super) struct Rate {
    limit: u32,
    /// The time that one request takes of the period.
    each: Duration,
    /// When all that a principal has sent will be as if it had not been sent.
    until: Mutex<HashMap<String, Instant>>,
}

impl Rate {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, each: PERIOD / limit.max(1), until: Mutex::default() }
    }

    /// Counts a request, unless its principal has sent too many.
    pub(super) fn count(&self, caller: &Principal) -> Result<(), Problem> {
        if self.take(caller.name(), Instant::now()) {
            return Ok(());
        }
        if TURNED_AWAY.allows() {
            tracing::info!(%caller, limit = self.limit, "a request is turned away: its caller sends too many");
        }
        Err(Problem::later(
            StatusCode::TOO_MANY_REQUESTS,
            "you send too many requests: wait before the next one",
        ))
    }

    fn take(&self, name: &str, now: Instant) -> bool {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let next = until.get(name).map_or(now, |own| (*own).max(now)) + self.each;
        if next > now + PERIOD {
            return false;
        }
        if until.len() >= KNOWN && until.len() == until.capacity() {
            until.retain(|_, until| *until > now);
        }
        until.insert(name.to_owned(), next);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_may_send_so_many_requests_in_the_period() {
        let (rate, start) = (Rate::new(10), Instant::now());
        assert_eq!((0..20).filter(|_| rate.take("ada", start)).count(), 10);
        assert!(rate.take("bob", start), "another one may");
        let later = start + PERIOD / 10;
        assert!(rate.take("ada", later), "one is over");
        assert!(!rate.take("ada", later));
        assert_eq!((0..20).filter(|_| rate.take("ada", start + 3 * PERIOD)).count(), 10);
    }

    #[test]
    fn those_who_are_gone_are_forgotten() {
        let (rate, start) = (Rate::new(1), Instant::now());
        for number in 0..100 * KNOWN as u32 {
            assert!(rate.take(&number.to_string(), start + number * PERIOD));
        }
        assert!(rate.until.lock().unwrap().len() <= 4 * KNOWN);
    }
}
