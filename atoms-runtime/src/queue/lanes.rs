//! Which of the events that wait is the next.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;

use foldhash::fast::RandomState;
use tokio::sync::oneshot;

use super::room::{Room, RoomKind};
use crate::engine::unfinished::Unfinished;
use crate::event::AnyEvent;
use crate::log_limit::LogLimit;

/// As many as are in the queue may be cancelled at once.
static CANCELLED: LogLimit = LogLimit::new(100, "more posted events were cancelled");

/// How many events a worker takes at once at most.
const BATCH: usize = 16;

/// An event on its way through the queue.
pub(crate) struct Posted {
    pub(crate) event: AnyEvent,
    pub(crate) slot: Slot,
    /// The async handlers that are done with it, if it was begun.
    pub(crate) done: Option<Box<DoneHandlers>>,
}

/// The places of handlers that are done with an event. In a box of its own, since a posted event is moved several times.
pub(crate) struct DoneHandlers(pub(crate) Vec<usize>);

/// The hash of an event's key: those of one are handled one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LaneKey(NonZeroU64);

impl From<u64> for LaneKey {
    fn from(hash: u64) -> Self {
        Self(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MAX))
    }
}

/// The place of an event in the queue: its room, and its key.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) key: Option<LaneKey>,
    pub(crate) room: Room,
    /// How many bytes of its room it takes.
    pub(crate) bytes: u32,
}

/// The events that wait.
#[derive(Default)]
pub(crate) struct Lanes {
    /// What may be started, by priority.
    ready: [VecDeque<Posted>; 3],
    /// What may be started and followed from posted events: before what is ready, so that it does not pile up.
    followed: [VecDeque<Posted>; 3],
    /// The keys that have an event under way, each with those that wait for it.
    keys: HashMap<LaneKey, VecDeque<InLine>, RandomState>,
}

/// What waits for a key.
enum InLine {
    Event(Posted),
    /// Who is told that it is the turn of something else, until [`Lanes::free_key`] is called.
    Turn(oneshot::Sender<()>),
}

impl InLine {
    fn event(&self) -> Option<&Posted> {
        match self {
            Self::Event(posted) => Some(posted),
            Self::Turn(_) => None,
        }
    }
}

impl Lanes {
    /// Lets an event wait for its key, or makes it ready.
    pub(crate) fn admit(&mut self, posted: Posted) {
        if let Some(key) = posted.slot.key {
            match self.keys.entry(key) {
                Entry::Occupied(mut waiting) => {
                    waiting.get_mut().push_back(InLine::Event(posted));
                    return;
                }
                Entry::Vacant(free) => free.insert(VecDeque::new()),
            };
        }
        self.make_ready(posted);
    }

    /// Puts something else in line for a key; whether there is somebody before it.
    pub(crate) fn await_turn(&mut self, key: LaneKey, turn: oneshot::Sender<()>) -> bool {
        match self.keys.entry(key) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push_back(InLine::Turn(turn));
                true
            }
            Entry::Vacant(free) => {
                free.insert(VecDeque::new());
                if turn.send(()).is_err() {
                    self.free_key(key);
                }
                false
            }
        }
    }

    fn make_ready(&mut self, posted: Posted) {
        self.lane_of(&posted).push_back(posted);
    }

    /// Takes an event back that was started, and is to be started again: before all others, and its key
    /// still waits for it.
    pub(crate) fn take_back(&mut self, posted: Posted) {
        self.lane_of(&posted).push_front(posted);
    }

    fn lane_of(&mut self, posted: &Posted) -> &mut VecDeque<Posted> {
        let room = posted.slot.room;
        let lanes = if room.is(RoomKind::Followed) { &mut self.followed } else { &mut self.ready };
        &mut lanes[room.priority() as usize]
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.has_ready() && self.keys.is_empty()
    }

    pub(crate) fn has_ready(&self) -> bool {
        self.ready.iter().chain(&self.followed).any(|ready| !ready.is_empty())
    }

    /// Takes one worker's share of what is ready, the most urgent first.
    pub(crate) fn take_share(&mut self, workers: usize, batch: &mut Vec<Posted>) {
        let ready = self.ready.iter().chain(&self.followed).map(VecDeque::len).sum::<usize>();
        let share = ready.div_ceil(workers.max(1)).min(BATCH);
        let by_priority = self.followed.iter_mut().zip(&mut self.ready).rev();
        for ready in by_priority.flat_map(|(followed, ready)| [followed, ready]) {
            let taken = ready.len().min(share - batch.len());
            batch.extend(ready.drain(..taken));
        }
    }

    /// Lets the next event of each key follow.
    pub(crate) fn free_keys(&mut self, done: &[Slot]) {
        done.iter().filter_map(|slot| slot.key).for_each(|key| self.free_key(key));
    }

    /// Lets the next one of a key follow.
    pub(crate) fn free_key(&mut self, key: LaneKey) {
        loop {
            match self.keys.get_mut(&key).map(VecDeque::pop_front) {
                Some(Some(InLine::Event(next))) => return self.make_ready(next),
                // Nobody may wait for it any more.
                Some(Some(InLine::Turn(turn))) => {
                    if turn.send(()).is_ok() {
                        return;
                    }
                }
                Some(None) => return drop(self.keys.remove(&key)),
                None => return,
            }
        }
    }

    /// How many events followed from posted ones, and were not started.
    pub(crate) fn followed(&self) -> usize {
        let in_line = self.keys.values().flatten().filter_map(InLine::event);
        let waiting = self.followed.iter().flatten().chain(in_line);
        waiting.filter(|posted| posted.slot.room.is(RoomKind::Followed)).count()
    }

    /// Takes all that was not started, the most urgent first, and those last that wait for a key.
    pub(crate) fn take_all(&mut self) -> Vec<Posted> {
        let in_line = self.keys.drain().flat_map(|(_, waiting)| waiting);
        let waiting: Vec<_> = in_line
            .filter_map(|it| match it {
                InLine::Event(posted) => Some(posted),
                InLine::Turn(_) => None,
            })
            .collect();
        let by_priority = self.followed.iter_mut().zip(&mut self.ready).rev();
        let ready = by_priority.flat_map(|(followed, ready)| [followed, ready]).flat_map(std::mem::take);
        ready.chain(waiting).collect()
    }
}

impl Posted {
    pub(crate) fn cancelled(&self) -> Unfinished {
        let event = self.event.event_ref();
        if CANCELLED.allows() {
            tracing::warn!(r#type = event.name(), id = %event.head().id(), "a posted event was cancelled");
        }
        if self.done.is_some() { Unfinished::new(event, None) } else { Unfinished::posted(&self.event) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RawEvent;
    use crate::queue::Priority;

    fn posted(name: &str, key: Option<u64>, priority: Priority, kind: RoomKind) -> Posted {
        let event = AnyEvent::from(RawEvent::new(name, *b"{}", None, None, None));
        let slot = Slot { key: key.map(LaneKey::from), room: Room::new(kind, priority), bytes: 0 };
        Posted { event, slot, done: None }
    }

    /// One that was posted.
    fn ready(name: &str, key: Option<u64>, priority: Priority) -> Posted {
        posted(name, key, priority, RoomKind::OfPriority)
    }

    fn names(batch: &[Posted]) -> Vec<&str> {
        batch.iter().map(|posted| posted.event.event_type()).collect()
    }

    #[test]
    fn the_most_urgent_are_taken_first_and_what_followed_before_what_was_posted() {
        let (mut lanes, mut batch) = (Lanes::default(), Vec::new());
        assert!(lanes.is_empty() && !lanes.has_ready());
        lanes.admit(ready("d", None, Priority::Normal));
        lanes.admit(ready("b", None, Priority::High));
        lanes.admit(posted("c", None, Priority::Normal, RoomKind::Followed));
        lanes.admit(posted("a", None, Priority::High, RoomKind::Followed));
        assert!(!lanes.is_empty() && lanes.has_ready());
        lanes.take_share(1, &mut batch);
        assert_eq!(names(&batch), ["a", "b", "c", "d"]);
        assert!(lanes.is_empty() && !lanes.has_ready());
    }

    #[test]
    fn each_worker_takes_its_share_and_no_more_than_a_batch() {
        let mut lanes = Lanes::default();
        for priority in [Priority::Background, Priority::Normal, Priority::High] {
            (0..10).for_each(|_| lanes.admit(ready("it", None, priority)));
        }
        let mut take = |workers| {
            let mut batch = Vec::new();
            lanes.take_share(workers, &mut batch);
            batch.len()
        };
        assert_eq!([take(4), take(1), take(3), take(1), take(1)], [8, BATCH, 2, 4, 0]);
    }

    #[test]
    fn a_key_is_held_until_its_last_event_is_done() {
        let (mut lanes, mut batch) = (Lanes::default(), Vec::new());
        lanes.admit(ready("first", Some(7), Priority::Normal));
        lanes.admit(ready("second", Some(7), Priority::High));
        for name in ["first", "second"] {
            batch.clear();
            lanes.take_share(1, &mut batch);
            assert_eq!(names(&batch), [name]);
            assert!(!lanes.is_empty() && !lanes.has_ready());
            lanes.free_keys(&[batch[0].slot]);
        }
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_turn_comes_after_what_is_before_it_and_is_passed_over_if_nobody_waits_for_it() {
        let (mut lanes, mut batch) = (Lanes::default(), Vec::new());
        let key = LaneKey::from(7);
        let turn = |lanes: &mut Lanes| {
            let (turn, comes) = oneshot::channel();
            (lanes.await_turn(key, turn), comes)
        };
        let (waits, mut first) = turn(&mut lanes);
        assert!(!waits && first.try_recv().is_ok());
        lanes.admit(ready("a", Some(7), Priority::Normal));
        let (waits, mut second) = turn(&mut lanes);
        assert!(waits && !lanes.has_ready());
        drop(turn(&mut lanes).1);
        lanes.admit(ready("b", Some(7), Priority::Normal));
        lanes.free_key(key);
        lanes.take_share(1, &mut batch);
        assert_eq!((names(&batch), second.try_recv().is_ok()), (vec!["a"], false));
        lanes.free_keys(&[batch[0].slot]);
        assert!(second.try_recv().is_ok() && !lanes.has_ready());
        lanes.free_key(key);
        batch.clear();
        lanes.take_share(1, &mut batch);
        assert_eq!(names(&batch), ["b"]);
        lanes.free_key(key);
        assert!(lanes.is_empty());
    }
}
