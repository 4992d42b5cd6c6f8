//! Which threads poll an emit for the first time, so that a shutdown can wait for them.
//!
//! An emit is counted as under way once it waits. Most never do, and counting these would cost more than
//! delivering them. So a thread only marks on whose bus it is delivering, with plain stores to memory of its own.

use std::sync::atomic::{AtomicUsize, Ordering, compiler_fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Engine;

/// How long a shutdown waits until it sees the marks that were set before it closed the bus.
///
/// A mark is set, and then the closed flag is read, without a fence between the two: the store may still be on its
/// way when the read is done. What this relies on is that a processor makes each store visible to the others within
/// this time. Store buffers are emptied in less than a microsecond, whether their thread goes on running or not.
const GRACE: Duration = Duration::from_millis(1);

/// How often a shutdown looks at the marks that are left.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The value of a mark when its thread polls no emit for the first time.
const NO_BUS: usize = 0;

/// What one thread polls for the first time. It has cache lines of its own, so that threads do not slow each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Mark {
    /// The address of the bus. Only the thread itself writes it.
    bus: AtomicUsize,
    /// The buses of the emits around that one, if they are others.
    outer: Mutex<Vec<usize>>,
}

/// The marks of all threads that have emitted something and have not ended.
static MARKS: Mutex<Vec<Weak<Mark>>> = Mutex::new(Vec::new());

thread_local! {
    static OWN: Arc<Mark> = Mark::of_new_thread();
}

impl Mark {
    #[cold]
    fn of_new_thread() -> Arc<Self> {
        let mark = Arc::default();
        let mut marks = lock(&MARKS);
        marks.retain(|other| other.strong_count() > 0);
        marks.push(Arc::downgrade(&mark));
        mark
    }

    #[inline]
    fn enter(&self, bus: usize) -> usize {
        let before = self.bus.load(Ordering::Relaxed);
        if before != NO_BUS && before != bus {
            self.push_outer(before);
        }
        self.bus.store(bus, Ordering::Relaxed);
        before
    }

    #[inline]
    fn leave(&self, before: usize) {
        if before == NO_BUS {
            // What the handlers did is done for who sees this.
            self.bus.store(NO_BUS, Ordering::Release);
        } else {
            self.back_to(before);
        }
    }

    #[cold]
    fn push_outer(&self, outer: usize) {
        lock(&self.outer).push(outer);
    }

    #[cold]
    fn back_to(&self, before: usize) {
        let bus = self.bus.load(Ordering::Relaxed);
        self.bus.store(before, Ordering::Release);
        if bus != before {
            lock(&self.outer).pop();
        }
    }

    /// Whether an emit on this bus is polled for the first time.
    fn is_of(&self, bus: usize) -> bool {
        // Each bus is in here before another one takes its place, and until it is back there.
        let outer = lock(&self.outer);
        self.bus.load(Ordering::Acquire) == bus || outer.contains(&bus)
    }

    fn is_own(&self) -> bool {
        OWN.try_with(|own| std::ptr::eq(&raw const **own, self)).unwrap_or(false)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that an emit is polled for the first time, until this is dropped, which must be in that poll.
#[derive(Debug)]
pub(crate) struct FirstPoll {
    before: usize,
}

impl FirstPoll {
    /// To be called before it is asked whether the bus is closed.
    #[inline]
    pub(crate) fn of(bus: &Arc<Engine>) -> Self {
        // A thread that emits when its thread-locals are gone already has no mark.
        let before = OWN.try_with(|mark| mark.enter(address(bus))).unwrap_or(NO_BUS);
        // The compiler must not read whether the bus is closed before this.
        compiler_fence(Ordering::SeqCst);
        Self { before }
    }
}

impl Drop for FirstPoll {
    #[inline]
    fn drop(&mut self) {
        // As above.
        let _ = OWN.try_with(|mark| mark.leave(self.before));
    }
}

fn address(bus: &Arc<Engine>) -> usize {
    Arc::as_ptr(bus).addr()
}

/// The threads that may deliver an event which a bus accepted before it was closed.
pub(crate) struct Others {
    bus: usize,
    marks: Vec<Arc<Mark>>,
}

impl Others {
    /// Those of a bus that is closed now. The thread that runs this is left out: what it polls for the first time
    /// are emits whose handlers wait for this.
    pub(crate) async fn of_closed(bus: &Arc<Engine>) -> Self {
        let mut marks: Vec<_> = lock(&MARKS).iter().filter_map(Weak::upgrade).collect();
        // Not under the lock: a thread that asks for its own mark may have to make one.
        marks.retain(|mark| !mark.is_own());
        if !marks.is_empty() {
            // Not by a timer: a clock that is paused for a test does not wait.
            let began = Instant::now();
            while began.elapsed() < GRACE {
                tokio::task::yield_now().await;
            }
        }
        Self { bus: address(bus), marks }
    }

    /// Resolves when each of them has ended the first poll that it was in.
    pub(crate) async fn done(mut self) {
        loop {
            self.marks.retain(|mark| mark.is_of(self.bus) && !mark.is_own());
            if self.marks.is_empty() {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::engine::Bus;

    #[test]
    fn emits_in_each_other_are_seen_until_they_are_over() {
        let mark = Mark::default();
        let first = mark.enter(7);
        let second = mark.enter(7);
        let third = mark.enter(8);
        assert!(mark.is_of(7) && mark.is_of(8) && !mark.is_of(9));
        mark.leave(third);
        assert!(mark.is_of(7) && !mark.is_of(8));
        mark.leave(second);
        assert!(mark.is_of(7));
        mark.leave(first);
        assert!(!mark.is_of(7) && lock(&mark.outer).is_empty());
    }

    #[test]
    fn threads_that_have_ended_leave_no_mark() {
        for _ in 0..100 {
            thread::spawn(|| OWN.with(|_| ())).join().unwrap();
        }
        // Other tests have threads as well.
        assert!(lock(&MARKS).len() < 100);
    }

    #[tokio::test]
    async fn a_shutdown_leaves_time_for_the_marks_of_other_threads_to_be_seen() {
        let ((marked, is_marked), (end, ended)) = (channel(), channel::<()>());
        let other = thread::spawn(move || {
            OWN.with(|_| ());
            marked.send(()).unwrap();
            ended.recv().unwrap_err();
        });
        is_marked.recv().unwrap();
        let bus = Bus::builder().without_discovery().start().unwrap();
        let began = Instant::now();
        Others::of_closed(&bus.0).await.done().await;
        assert!(began.elapsed() >= GRACE);
        drop(end);
        other.join().unwrap();
    }
}
