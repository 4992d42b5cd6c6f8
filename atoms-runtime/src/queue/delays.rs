//! Which of the events that are due later is the next.

use std::collections::BTreeMap;
use std::time::Duration;

use super::clock::{LONGEST_SLEEP, Now};
use super::lanes::Posted;
use super::named::{DelayName, DelayedEvent, DelayedFilter};
use crate::event::Timestamp;

/// When an event is to be delivered, as its poster says it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    After(Duration),
    At(Timestamp),
}

/// When an event is due, and its number among all that were posted for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Steady((Duration, u64)),
    Wall((i64, u64)),
}

impl Due {
    /// At this time of the system's clock.
    pub(crate) fn at(time: Timestamp) -> Self {
        Self::Wall((time.unix_micros(), 0))
    }

    /// When it will be, by the system's clock, if that is not set until then.
    pub(crate) fn by_wall(self, now: Now) -> Timestamp {
        match self {
            Self::Steady((due, _)) => now.wall_at(due),
            Self::Wall((micros, _)) => Timestamp::from_unix_micros(micros),
        }
    }

    fn number(self) -> u64 {
        match self {
            Self::Steady((_, number)) | Self::Wall((_, number)) => number,
        }
    }

    /// When, by the system's clock.
    pub(crate) fn wall(self) -> Option<Timestamp> {
        match self {
            Self::Steady(_) => None,
            Self::Wall((micros, _)) => Some(Timestamp::from_unix_micros(micros)),
        }
    }
}

/// The events that are not due yet, by the clock that says when they are.
#[derive(Default)]
pub(crate) struct Delays {
    steady: BTreeMap<(Duration, u64), Waiting>,
    wall: BTreeMap<(i64, u64), Waiting>,
    next: u64,
}

/// An event that is not due, and the name under which it was posted.
pub(crate) struct Waiting {
    pub(crate) posted: Posted,
    pub(crate) name: Option<Box<DelayName>>,
}

impl Waiting {
    /// As it is listed.
    pub(crate) fn listed(&self, due: Timestamp) -> DelayedEvent {
        DelayedEvent::new(self.posted.event.clone(), due, self.name.as_deref().cloned())
    }
}

impl Delays {
    /// When an event is due that is posted now.
    pub(crate) fn due(&mut self, when: When, now: Now) -> Due {
        let number = self.next;
        self.next += 1;
        match when {
            When::After(delay) => Due::Steady((now.steady.saturating_add(delay), number)),
            When::At(time) => Due::Wall((time.unix_micros(), number)),
        }
    }

    pub(crate) fn put(&mut self, waiting: Waiting, due: Due) {
        match due {
            Due::Steady(due) => self.steady.insert(due, waiting),
            Due::Wall(due) => self.wall.insert(due, waiting),
        };
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steady.is_empty() && self.wall.is_empty()
    }

    pub(crate) fn has(&self, due: Due) -> bool {
        match due {
            Due::Steady(due) => self.steady.contains_key(&due),
            Due::Wall(due) => self.wall.contains_key(&due),
        }
    }

    pub(crate) fn take(&mut self, due: Due) -> Option<Posted> {
        let waiting = match due {
            Due::Steady(due) => self.steady.remove(&due),
            Due::Wall(due) => self.wall.remove(&due),
        };
        waiting.map(|waiting| waiting.posted)
    }

    pub(crate) fn take_all(&mut self) -> Vec<(Due, Waiting)> {
        let steady = std::mem::take(&mut self.steady).into_iter();
        let wall = std::mem::take(&mut self.wall).into_iter();
        let steady = steady.map(|(due, waiting)| (Due::Steady(due), waiting));
        steady.chain(wall.map(|(due, waiting)| (Due::Wall(due), waiting))).collect()
    }

    /// Those that the filter selects, sorted by when they are due.
    pub(crate) fn selected(&self, filter: &DelayedFilter, now: Now) -> Vec<(Timestamp, Due, &Waiting)> {
        let steady = self.steady.iter().map(|(due, waiting)| (Due::Steady(*due), waiting));
        let wall = self.wall.iter().map(|(due, waiting)| (Due::Wall(*due), waiting));
        let selected = steady.chain(wall).filter(|(_, waiting)| filter.selects(waiting.name.as_deref()));
        let mut selected: Vec<_> = selected.map(|(due, waiting)| (due.by_wall(now), due, waiting)).collect();
        selected.sort_by_key(|(time, due, _)| (*time, due.number()));
        selected
    }

    /// Takes the next event that is due: the one that has been due for longest, and of several the one that
    /// was posted first.
    pub(crate) fn pop_due(&mut self, now: Now) -> Option<Posted> {
        let steady = self.steady.first_key_value().and_then(|((due, number), _)| {
            now.steady.checked_sub(*due).map(|late| (late.as_micros(), u64::MAX - number))
        });
        let wall = self.wall.first_key_value().and_then(|((due, number), _)| {
            let late = i128::from(now.wall) - i128::from(*due);
            u128::try_from(late).ok().map(|late| (late, u64::MAX - number))
        });
        if wall > steady {
            self.wall.pop_first().map(|(_, waiting)| waiting.posted)
        } else {
            steady.and_then(|_| self.steady.pop_first()).map(|(_, waiting)| waiting.posted)
        }
    }

    /// For how long to wait before looking again; `None` if there is nothing to wait for.
    pub(crate) fn wait(&self, now: Now) -> Option<Duration> {
        let steady = self.steady.first_key_value().map(|((due, _), _)| due.saturating_sub(now.steady));
        let wall = self.wall.first_key_value().map(|((due, _), _)| now.wait(*due));
        steady.into_iter().chain(wall).min().map(|wait| wait.min(LONGEST_SLEEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AnyEvent, RawEvent};
    use crate::queue::Priority;
    use crate::queue::clock::CHECK;
    use crate::queue::lanes::Slot;
    use crate::queue::room::{Room, RoomKind};

    fn posted(name: &str) -> Posted {
        let event = AnyEvent::from(RawEvent::new(name, *b"{}", None, None, None));
        let slot = Slot { key: None, room: Room::new(RoomKind::Delayed, Priority::Normal), bytes: 0 };
        Posted { event, slot, done: None }
    }

    fn post(delays: &mut Delays, name: &str, when: When, now: Now) -> Due {
        let due = delays.due(when, now);
        delays.put(Waiting { posted: posted(name), name: None }, due);
        due
    }

    /// So many seconds by the steady clock, and by the wall clock.
    fn now(steady: u64, wall: i64) -> Now {
        Now { steady: Duration::from_secs(steady), wall: wall * 1_000_000, is_virtual: false }
    }

    fn after(secs: u64) -> When {
        When::After(Duration::from_secs(secs))
    }

    fn at(secs: u64) -> When {
        When::At((std::time::UNIX_EPOCH + Duration::from_secs(secs)).into())
    }

    fn due(delays: &mut Delays, now: Now) -> Vec<String> {
        std::iter::from_fn(|| delays.pop_due(now)).map(|it| it.event.event_type().to_owned()).collect()
    }

    #[test]
    fn what_waits_for_either_clock_is_something() {
        for when in [after(1), at(1_001)] {
            let mut delays = Delays::default();
            assert!(delays.is_empty());
            post(&mut delays, "a", when, now(0, 1_000));
            assert!(!delays.is_empty());
        }
    }

    #[test]
    fn the_order_is_that_of_deadlines_and_then_of_numbers() {
        let mut delays = Delays::default();
        let began = now(0, 1_000);
        for (name, when) in [
            ("e", after(9)),
            ("b", after(5)),
            ("c", at(1_005)),
            ("d", after(5)),
            ("a", at(1)),
            ("f", at(1_009)),
        ] {
            post(&mut delays, name, when, began);
        }
        assert!(!delays.is_empty());
        assert_eq!(due(&mut delays, began), ["a"]);
        assert_eq!(due(&mut delays, now(4, 1_004)), [""; 0]);
        assert_eq!(due(&mut delays, now(5, 1_005)), ["b", "c", "d"]);
        assert_eq!(due(&mut delays, now(99, 1_099)), ["e", "f"]);
        assert!(delays.is_empty());
    }

    #[test]
    fn what_is_due_at_a_time_follows_the_wall_clock_and_the_rest_does_not() {
        let mut delays = Delays::default();
        let began = now(0, 1_000);
        post(&mut delays, "at", at(1_060), began);
        post(&mut delays, "after", after(60), began);
        // The wall clock is set back: what is due at a time waits for longer.
        assert_eq!(due(&mut delays, now(60, 500)), ["after"]);
        assert_eq!(due(&mut delays, now(600, 1_059)), [""; 0]);
        // It is set forward: the event is due at once.
        assert_eq!(due(&mut delays, now(601, 9_000)), ["at"]);
    }

    #[test]
    fn the_wall_clock_is_looked_at_again_while_an_event_waits_for_it() {
        let mut delays = Delays::default();
        let began = now(0, 1_000);
        assert_eq!(delays.wait(began), None);
        let hour = post(&mut delays, "hour", after(3_600), began);
        assert_eq!(delays.wait(now(10, 0)), Some(Duration::from_secs(3_590)));
        post(&mut delays, "at", at(9_000), began);
        assert_eq!(delays.wait(began), Some(CHECK));
        assert_eq!(delays.wait(Now { is_virtual: true, ..began }), Some(Duration::from_secs(3_600)));
        assert!(delays.has(hour));
        assert!(delays.take(hour).is_some());
        assert!(delays.take(hour).is_none() && !delays.has(hour));
        assert_eq!(delays.wait(Now { is_virtual: true, ..began }), Some(Duration::from_secs(8_000)));
        assert_eq!(delays.wait(now(0, 10_000)), Some(Duration::ZERO));
    }

    #[test]
    fn no_delay_is_too_long() {
        let mut delays = Delays::default();
        post(&mut delays, "never", When::After(Duration::MAX), now(5, 0));
        assert_eq!(delays.wait(now(6, 0)), Some(LONGEST_SLEEP));
        assert_eq!(due(&mut delays, now(1 << 60, 0)), [""; 0]);
    }
}
