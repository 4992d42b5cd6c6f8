//! Log lines that something in a loop can cause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;

/// How long the lines are counted together.
const PERIOD: Duration = Duration::from_secs(1);

/// Bounds how many lines one place in the code writes to the log each second, and counts those beyond.
///
/// A place that a loop, a client or a model can reach any number of times must not write a line each time.
///
/// ```
/// use atoms::LogLimit;
///
/// static LOST: LogLimit = LogLimit::new(1, "more orders were lost");
///
/// for order in 0..100_000 {
///     if LOST.allows() {
///         tracing::error!(order, "an order is lost");
///     }
/// }
/// ```
///
/// This writes `an order is lost order=0` and, a second later, `more orders were lost count=99999`. All that
/// use one `LogLimit` are counted together.
#[derive(Debug)]
pub struct LogLimit {
    per_second: u32,
    more: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the lines began to be counted; `None` before the first.
    began: Option<Instant>,
    /// How many were let through since.
    written: u32,
    /// How many were not, and have not been told of.
    left_out: u64,
    /// Whether a thread will tell of them.
    has_teller: bool,
}

impl LogLimit {
    /// Lets `per_second` lines through each second, and says `more` of the number of the others.
    pub const fn new(per_second: u32, more: &'static str) -> Self {
        let state = State { began: None, written: 0, left_out: 0, has_teller: false };
        Self { per_second, more, state: Mutex::new(state) }
    }

    /// Returns whether to write a line now, and counts it if not.
    pub fn allows(&'static self) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let is_over = state.began.is_none_or(|began| now.saturating_duration_since(began) >= PERIOD);
        if is_over {
            let left_out = state.begin(now);
            state.written = 1;
            drop(state);
            self.tell(left_out);
            return true;
        }
        if state.written < self.per_second {
            state.written += 1;
            return true;
        }
        state.left_out += 1;
        if !state.has_teller {
            state.has_teller = true;
            drop(state);
            self.tell_later();
        }
        false
    }

    /// Tells at the end of the second. Where nobody listens here, or no thread can be started, the next line that
    /// is let through tells.
    fn tell_later(&'static self) {
        let log = dispatcher::get_default(Clone::clone);
        if log.is::<NoSubscriber>() {
            self.lock().has_teller = false;
            return;
        }
        let tell = move || {
            thread::sleep(PERIOD);
            dispatcher::with_default(&log, || self.tell_now());
        };
        if thread::Builder::new().name("atoms-log".into()).spawn(tell).is_err() {
            self.lock().has_teller = false;
        }
    }

    fn tell_now(&self) {
        let mut state = self.lock();
        state.has_teller = false;
        let left_out = state.begin(Instant::now());
        // The line that is written now is one of the next second's.
        state.written = u32::from(left_out > 0);
        drop(state);
        self.tell(left_out);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, count: u64) {
        if count > 0 {
            tracing::error!(count, "{}", self.more);
        }
    }
}

impl State {
    /// Begins to count anew, and returns how many lines were left out before.
    fn begin(&mut self, now: Instant) -> u64 {
        self.began = Some(now);
        self.written = 0;
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// The counts that were told of.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u64>>>);

    impl Visit for Told {
        fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

        fn record_u64(&mut self, field: &Field, value: u64) {
            assert_eq!(field.name(), "count");
            self.0.lock().unwrap().push(value);
        }
    }

    impl Subscriber for Told {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "atoms_runtime::log_limit"
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    impl Told {
        fn counts(&self) -> Vec<u64> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn what_is_left_out_is_counted_at_the_end_of_the_second() {
        static LIMIT: LogLimit = LogLimit::new(3, "more");
        let told = Told::default();
        let _subscriber = tracing::subscriber::set_default(told.clone());
        let written = (0..1_000).filter(|_| LIMIT.allows()).count();
        // On a slow machine some of them are of the next second.
        assert!((3..100).contains(&written), "{written}");
        while LIMIT.lock().has_teller {
            thread::sleep(PERIOD / 20);
        }
        assert_eq!(written as u64 + told.counts().iter().sum::<u64>(), 1_000);
        thread::sleep(PERIOD * 2);
        assert!(LIMIT.allows());
        assert!(told.counts().len() < 10 && !told.counts().contains(&0), "{:?}", told.counts());
    }
}
