//! Counting what is under way, for those who wait until nothing is.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::scope;
use crate::sync::atomic::{AtomicU64, Ordering};

/// How much is under way on a bus: emits that wait for handlers, posted events, detached handlers.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    /// How many things are, and [`WAITING`] for each of them that itself waits until nothing else is.
    count: AtomicU64,
    changed: Notify,
}

const WAITING: u64 = 1 << 32;

impl UnderWay {
    pub(crate) fn enter(self: &Arc<Self>) -> Counted {
        self.add(1);
        Counted(Part::of_counted(self))
    }

    pub(crate) fn add(&self, things: usize) {
        self.count.fetch_add(things as u64, Ordering::AcqRel);
    }

    pub(crate) fn remove(&self, things: usize) {
        if things > 0 {
            self.subtract(things as u64);
        }
    }

    fn subtract(&self, count: u64) {
        self.tell_if_idle(self.count.fetch_sub(count, Ordering::AcqRel) - count);
    }

    fn tell_if_idle(&self, count: u64) {
        if is_idle(count, true) {
            self.tell();
        }
    }

    /// Lets those who wait look again.
    pub(crate) fn tell(&self) {
        self.changed.notify_waiters();
    }

    /// Resolves when nothing is under way, or for those who are `under_way` themselves nothing that does not wait,
    /// too. Each time before it waits it asks `see_to` to see to what is, and drives what that returns meanwhile.
    pub(crate) async fn idle<W: Future<Output = ()>>(
        &self,
        under_way: bool,
        mut see_to: impl FnMut() -> Option<W>,
    ) {
        let mut worker = pin!(None);
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_idle(self.count.load(Ordering::Acquire), under_way) {
                return;
            }
            if let Some(new) = see_to() {
                worker.set(Some(new));
            }
            match worker.as_mut().as_pin_mut() {
                Some(running) => {
                    if let Either::Right(_) = select(changed, running).await {
                        worker.set(None);
                    }
                }
                None => changed.await,
            }
        }
    }
}

/// Whether nothing is under way, or nothing that does not wait.
fn is_idle(count: u64, without_waiting: bool) -> bool {
    let (things, waiting) = (count % WAITING, count / WAITING);
    things == 0 || without_waiting && things == waiting
}

scoped_tls::scoped_thread_local! {
    /// What is being polled on this thread.
    static CURRENT: Arc<Part>
}

/// One thing that is under way, of which handlers may wait until nothing else is.
///
/// It counts for as long as more of it runs than waits.
#[derive(Debug)]
pub(crate) struct Part {
    under_way: Arc<UnderWay>,
    tally: Mutex<Tally>,
    /// What this is a part of: the handler that waits for it runs there.
    outer: Mutex<Option<Arc<Part>>>,
}

#[derive(Debug)]
struct Tally {
    /// How many handlers, and events that followed, run in it.
    running: usize,
    /// How many of them wait until nothing is under way.
    waiting: usize,
}

impl Tally {
    fn counts(&self) -> bool {
        self.running > self.waiting
    }
}

impl Part {
    /// One that is counted already.
    pub(crate) fn of_counted(under_way: &Arc<UnderWay>) -> Arc<Self> {
        let tally = Mutex::new(Tally { running: 1, waiting: 0 });
        Arc::new(Self { under_way: Arc::clone(under_way), tally, outer: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether more of it runs than waits until nothing is under way.
    pub(crate) fn counts(&self) -> bool {
        self.lock().counts()
    }

    fn change(&self, change: impl FnOnce(&mut Tally)) {
        let mut tally = self.lock();
        let before = tally.counts();
        change(&mut tally);
        match (before, tally.counts()) {
            (true, false) => {
                let count = self.under_way.count.fetch_add(WAITING, Ordering::AcqRel) + WAITING;
                self.under_way.tell_if_idle(count);
            }
            (false, true) => self.under_way.subtract(WAITING),
            _ => {}
        }
    }

    /// Says how many handlers, and events that followed, run in it.
    pub(crate) fn set_running(&self, running: usize) {
        // What is counted and is woken for nothing, or for its end, is not yet done.
        self.change(|tally| tally.running = running.max(1));
    }

    /// Polls something as this part, which is one of what is being polled around it; as none, before it is one.
    pub(crate) fn enter<R>(this: Option<&Arc<Self>>, poll: impl FnOnce() -> R) -> R {
        let Some(this) = this else { return poll() };
        if CURRENT.is_set() {
            let outer = CURRENT.with(Arc::clone);
            *this.outer.lock().unwrap_or_else(PoisonError::into_inner) = Some(outer);
        }
        CURRENT.set(this, poll)
    }

    /// As [`enter`](Self::enter), for all polls of a future.
    pub(crate) async fn around<T>(self: Arc<Self>, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| Self::enter(Some(&self), || future.as_mut().poll(cx))).await
    }
}

/// A part that counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Arc<Part>);

impl Counted {
    pub(crate) fn part(&self) -> &Arc<Part> {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut tally = self.0.lock();
        let waits = if tally.counts() { 0 } else { WAITING };
        // Those who wait in it may be dropped after this.
        (tally.running, tally.waiting) = (0, 0);
        drop(tally);
        self.0.under_way.subtract(waits + 1);
    }
}

/// A waker that knows whether it was woken.
struct Flag {
    /// Whom to wake; none once it was woken.
    waker: Mutex<Option<Waker>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Resolves when the task that polls this has had its turn, however often it polls this meanwhile.
async fn turn() {
    let mut yielding = pin!(tokio::task::yield_now());
    let mut flag: Option<Arc<Flag>> = None;
    poll_fn(|cx| {
        if let Some(flag) = &flag {
            return match &mut *flag.waker.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(waker) => {
                    waker.clone_from(cx.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            };
        }
        let new = Arc::new(Flag { waker: Mutex::new(Some(cx.waker().clone())) });
        flag = Some(Arc::clone(&new));
        yielding.as_mut().poll(&mut Context::from_waker(&new.into()))
    })
    .await;
}

/// Whoever waits in a handler until nothing is under way: what waits for that handler does not count meanwhile.
#[derive(Debug)]
pub(crate) struct LeftOut(Vec<Arc<Part>>);

impl LeftOut {
    /// Whether there is anything to leave out.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.0.is_empty()
    }

    /// Of the handler that runs on this thread, if one does.
    pub(crate) async fn caller() -> Self {
        if scope::is_in_handler() {
            // So that all around it is a part: it becomes one when its first poll is over, which begins all other
            // handlers of the event as well.
            turn().await;
        }
        let mut parts = Vec::new();
        let mut next = CURRENT.is_set().then(|| CURRENT.with(Arc::clone));
        while let Some(part) = next {
            next = part.outer.lock().unwrap_or_else(PoisonError::into_inner).clone();
            parts.push(part);
        }
        parts.iter().for_each(|part| part.change(|tally| tally.waiting += 1));
        Self(parts)
    }
}

impl Drop for LeftOut {
    fn drop(&mut self) {
        self.0.iter().for_each(|part| part.change(|tally| tally.waiting = tally.waiting.saturating_sub(1)));
    }
}
