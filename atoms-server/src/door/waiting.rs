//! Limits how many callers wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoms_control::Principal;
use atoms_runtime::LogLimit;
use axum::http::StatusCode;

use super::problem::Problem;

/// Callers can ask as often as they like.
static TURNED_AWAY: LogLimit =
    LogLimit::new(10, "more callers were turned away: there are too many that wait");

/// The places for callers that wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_name: HashMap<String, usize>,
}

/// The place of a caller that waits, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Arc<Waiting>,
    name: String,
}

impl Waiting {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: Mutex::default() }
    }

    /// Takes a place. Fails if there is none, or if the principal has a quarter of them already.
    pub(crate) fn enter(self: &Arc<Self>, caller: &Principal) -> Result<Place, Problem> {
        let mut taken = self.lock();
        let own = taken.by_name.get(caller.name()).copied().unwrap_or_default();
        let (status, detail) = if own >= self.limit.div_ceil(4) {
            (StatusCode::TOO_MANY_REQUESTS, "too many of your requests wait: end some of them")
        } else if taken.all >= self.limit {
            (StatusCode::SERVICE_UNAVAILABLE, "too many callers wait: ask without waiting, or later")
        } else {
            taken.all += 1;
            *taken.by_name.entry(caller.name().to_owned()).or_default() += 1;
            return Ok(Place { waiting: Arc::clone(self), name: caller.name().to_owned() });
        };
        drop(taken);
        if TURNED_AWAY.allows() {
            tracing::info!(%caller, limit = self.limit, "a caller is turned away: there are too many that wait");
        }
        Err(Problem::later(status, detail))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.waiting.lock();
        taken.all -= 1;
        if let Some(own) = taken.by_name.get_mut(&self.name) {
            *own -= 1;
            if *own == 0 {
                taken.by_name.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_caller_goes() {
        let waiting = Arc::new(Waiting::new(5));
        let enter = |name: &str| waiting.enter(&Principal::new(name)).map_err(|_| ());
        let mut places = vec![enter("ada").unwrap(), enter("ada").unwrap()];
        assert!(enter("ada").is_err(), "a principal has a quarter, rounded up");
        places.extend([enter("bob").unwrap(), enter("bob").unwrap(), enter("eve").unwrap()]);
        assert!(enter("dan").is_err(), "there are five places");
        places.truncate(1);
        assert!(enter("ada").is_ok() && enter("dan").is_ok());
        drop(places);
        let taken = waiting.lock();
        assert_eq!((taken.all, taken.by_name.len()), (0, 0));
    }
}
