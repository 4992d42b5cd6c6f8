//! Who delivers what was posted: some workers and a timer in each runtime that posts, or waits for, events.

use std::sync::{Arc, MutexGuard};
use std::task::{Context, Waker};

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::AbortHandle;

use super::PostRefusal;
use super::state::{Queue, State};
use super::timer::see_to_delays;
use super::worker::work;
use crate::engine::Bus;

/// The workers in one runtime.
#[derive(Default)]
pub(crate) struct Crew {
    /// The runtime; `None` of those that whoever waits for the queue drives, outside of any.
    runtime: Option<Id>,
    /// Whether the runtime has threads of its own. Any other runs only while somebody blocks on it.
    pub(crate) has_threads: bool,
    pub(crate) workers: usize,
    members: usize,
    /// The workers that wait for something to do.
    pub(crate) idle: Vec<Waker>,
    /// The one who sees to what is delayed.
    pub(crate) timer: Option<Waker>,
    tasks: Vec<AbortHandle>,
}

/// The crews of all runtimes, of which there is mostly one.
#[derive(Default)]
pub(crate) struct Crews(Vec<Crew>);

impl Crews {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any is in a runtime that has threads of its own.
    pub(crate) fn have_threads(&self) -> bool {
        self.0.iter().any(|crew| crew.has_threads)
    }

    pub(crate) fn has(&self, runtime: Option<Id>) -> bool {
        self.0.iter().any(|crew| crew.runtime == runtime)
    }

    pub(crate) fn get_mut(&mut self, runtime: Option<Id>) -> Option<&mut Crew> {
        self.0.iter_mut().find(|crew| crew.runtime == runtime)
    }

    /// Adds one of a runtime that has none; how many workers it should have.
    pub(crate) fn add(&mut self, handle: Option<&Handle>) -> usize {
        let has_threads = handle.is_some_and(|it| it.runtime_flavor() != RuntimeFlavor::CurrentThread);
        let workers = handle.map_or(1, |it| it.metrics().num_workers());
        let members = workers + usize::from(handle.is_some());
        let runtime = handle.map(Handle::id);
        self.0.push(Crew { runtime, has_threads, workers, members, ..Crew::default() });
        workers
    }

    /// Keeps the tasks of a crew, to end them.
    pub(crate) fn keep(&mut self, runtime: Option<Id>, tasks: Vec<AbortHandle>) {
        match self.get_mut(runtime) {
            Some(crew) => crew.tasks = tasks,
            // All were ended meanwhile.
            None => tasks.iter().for_each(AbortHandle::abort),
        }
    }

    /// One member of a crew is gone.
    fn leave(&mut self, runtime: Option<Id>) {
        if let Some(crew) = self.get_mut(runtime) {
            crew.members -= 1;
        }
        self.0.retain(|crew| crew.members > 0);
    }

    /// Whether anybody waits for something to do.
    pub(crate) fn has_idle(&self) -> bool {
        self.0.iter().any(|crew| !crew.idle.is_empty())
    }

    /// Takes out who is to be woken for one more event: a worker of the runtime it was posted in, and where
    /// that may be one that nobody drives, one of each runtime that drives itself, or else of each.
    pub(crate) fn pop_idle(&mut self, here: Option<Id>) -> (Option<Waker>, Vec<Waker>) {
        let mut others = Vec::new();
        let mut own = None;
        let mut drives_itself = false;
        if let Some(crew) = self.get_mut(here) {
            own = crew.idle.pop();
            drives_itself = crew.has_threads;
        }
        if !drives_itself {
            let any_has_threads = self.have_threads();
            let others_to_wake =
                self.0.iter_mut().filter(|crew| crew.runtime != here && crew.has_threads == any_has_threads);
            others.extend(others_to_wake.filter_map(|crew| crew.idle.pop()));
        }
        (own, others)
    }

    /// All that wait for something to do, or for what is delayed.
    pub(crate) fn wake_all(&mut self) -> Vec<Waker> {
        self.0.iter_mut().flat_map(|crew| crew.idle.drain(..).chain(crew.timer.take())).collect()
    }

    /// Those that see to what is delayed.
    pub(crate) fn timers(&mut self) -> Vec<Waker> {
        self.0.iter_mut().filter_map(|crew| crew.timer.take()).collect()
    }

    /// Takes the tasks of all crews, to end them.
    pub(crate) fn take_tasks(&mut self) -> Vec<AbortHandle> {
        std::mem::take(&mut self.0).into_iter().flat_map(|crew| crew.tasks).collect()
    }
}

/// One member of a crew, until this is dropped: its runtime has ended, or its bus.
pub(crate) struct Member {
    pub(crate) queue: Arc<Queue>,
    pub(crate) runtime: Option<Id>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.queue.hand_over(|crews| crews.leave(self.runtime));
    }
}

impl Queue {
    /// Sees to it that there is a crew in this runtime, or one in another outside of any.
    pub(super) fn hire<'a>(
        self: &'a Arc<Self>,
        bus: &Bus,
        mut state: MutexGuard<'a, State>,
    ) -> Result<(MutexGuard<'a, State>, Option<Id>), PostRefusal> {
        let Ok(runtime) = Handle::try_current() else {
            return if state.crews.is_empty() { Err(PostRefusal::NoRuntime) } else { Ok((state, None)) };
        };
        let here = Some(runtime.id());
        if state.closed && state.is_empty() || state.crews.has(here) {
            return Ok((state, here));
        }
        let workers = state.crews.add(Some(&runtime));
        // What is spawned into a runtime that ends is dropped at once, and takes the lock.
        drop(state);
        let member = || Member { queue: Arc::clone(self), runtime: here };
        let mut tasks: Vec<AbortHandle> = Vec::with_capacity(workers + 1);
        tasks.push(runtime.spawn(see_to_delays(member())).abort_handle());
        tasks.extend((0..workers).map(|_| {
            let worker = work(member(), Arc::downgrade(&bus.0));
            runtime.spawn(worker).abort_handle()
        }));
        let mut state = self.lock();
        state.crews.keep(here, tasks);
        Ok((state, here))
    }

    /// Sees to it that somebody works on what is in the queue, for one who waits for it. Outside of any runtime,
    /// where no other is there, that is who waits: by driving the worker that this returns.
    pub(crate) fn see_to(self: &Arc<Self>, bus: &Bus) -> Option<impl Future<Output = ()> + Send + use<>> {
        let state = self.lock();
        // A runtime with threads sees to it by itself. Who waits elsewhere must not run handlers that may block it.
        if state.is_empty() || state.crews.have_threads() || self.hire(bus, state).is_ok() {
            return None;
        }
        self.lock().crews.add(None);
        let member = Member { queue: Arc::clone(self), runtime: None };
        Some(work(member, Arc::downgrade(&bus.0)))
    }

    /// Says that a worker is awake, whoever woke it: who looks for an idle one must not find it.
    pub(crate) fn wakes(&self, runtime: Option<Id>, cx: &Context<'_>) {
        if let Some(crew) = self.lock().crews.get_mut(runtime) {
            crew.idle.retain(|waker| !waker.will_wake(cx.waker()));
        }
    }

    /// Changes who is there, and wakes all that are left, since something may have been given back.
    pub(crate) fn hand_over(&self, change: impl FnOnce(&mut Crews)) {
        let mut state = self.lock();
        change(&mut state.crews);
        let (wakers, has_work) = (state.crews.wake_all(), !state.is_empty());
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        if has_work {
            // Whoever waits until nothing is under way sees to it that somebody works.
            self.under_way.tell();
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::task::Wake;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    fn waker() -> Waker {
        Arc::new(Nobody).into()
    }

    fn current_thread() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }

    fn with_threads() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    fn id(runtime: &Runtime) -> Option<Id> {
        Some(runtime.handle().id())
    }

    /// A crew in each of these runtimes, with a worker and a timer that wait.
    fn crews(runtimes: &[&Runtime]) -> Crews {
        let mut crews = Crews::default();
        for runtime in runtimes {
            assert_eq!(crews.add(Some(runtime.handle())), 1);
            let crew = crews.get_mut(id(runtime)).unwrap();
            (crew.idle, crew.timer) = (vec![waker()], Some(waker()));
        }
        crews
    }

    #[test]
    fn a_crew_is_gone_when_its_last_member_is() {
        let (one, other) = (current_thread(), current_thread());
        let mut crews = crews(&[&one, &other]);
        crews.leave(id(&one));
        assert!(crews.has(id(&one)) && crews.has(id(&other)));
        crews.leave(id(&one));
        assert!(!crews.has(id(&one)) && crews.has(id(&other)));
    }

    /// Whether a worker of the own runtime is woken, and how many of others, for an event posted here.
    fn woken_from(here: Option<Id>, runtimes: &[&Runtime]) -> (bool, usize) {
        let (own, others) = crews(runtimes).pop_idle(here);
        (own.is_some(), others.len())
    }

    /// The same, for an event posted in the first.
    fn woken(runtimes: &[&Runtime]) -> (bool, usize) {
        woken_from(id(runtimes[0]), runtimes)
    }

    #[test]
    fn others_are_woken_only_where_the_own_runtime_may_be_one_that_nobody_drives() {
        let (threads, more_threads) = (with_threads(), with_threads());
        let (one, two, three) = (current_thread(), current_thread(), current_thread());
        assert_eq!(woken(&[&one]), (true, 0));
        assert_eq!(woken(&[&one, &two, &three]), (true, 2));
        assert_eq!(woken(&[&one, &two, &threads, &more_threads]), (true, 2));
        assert_eq!(woken(&[&threads, &one, &more_threads]), (true, 0));
    }

    #[test]
    fn a_post_outside_of_any_runtime_wakes_those_that_drive_themselves_or_else_all() {
        let (threads, one, two) = (with_threads(), current_thread(), current_thread());
        assert_eq!(woken_from(None, &[&one]), (false, 1));
        assert_eq!(woken_from(None, &[&threads]), (false, 1));
        assert_eq!(woken_from(None, &[&one, &two]), (false, 2));
        assert_eq!(woken_from(None, &[&one, &threads]), (false, 1));
    }

    #[test]
    fn each_timer_is_woken_once() {
        let (one, other) = (current_thread(), current_thread());
        let mut crews = crews(&[&one, &other]);
        assert_eq!((crews.timers().len(), crews.timers().len()), (2, 0));
    }
}
