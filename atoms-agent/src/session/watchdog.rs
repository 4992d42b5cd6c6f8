//! A thread that notices when a handler of a node holds its thread.
//!
//! One handler can stop a server whose other threads are idle: one thread of a tokio runtime at a time waits for sockets
//! and timers. When these wake a task, that thread runs it, and if there is nothing else to do, the others go on sleeping.
//! Then no thread waits for sockets until the task releases its thread, or something outside of the runtime wakes another
//! one. The watchdog wakes one each time that it looks, so that a handler on the bus does not stop the server either.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::running::RunningHandler;
use super::sessions::Agent;
use super::{Session, Sessions};
use crate::instance::pulse::Pulse;

/// How many times it looks within the time for which a handler may hold its thread.
const LOOKS: u32 = 2;

/// The shortest and the longest time between two looks.
const LEAST: Duration = Duration::from_millis(10);
const MOST: Duration = Duration::from_secs(1);

/// A poll that was under way at the last look.
struct Held {
    poll: u64,
    since: Instant,
    /// The warning about it, if there was one.
    told: Option<RunningHandler>,
}

/// The polls that were under way at the last look, by the session and the place of the node.
type Polls = HashMap<(String, usize), Held>;

impl Sessions {
    /// Starts the thread for this runtime, if there is none yet. It ends when the sessions are gone.
    pub(super) fn watch(&self, runtime: Handle) {
        self.0.watched.call_once(|| {
            let (agent, limit) = (Arc::downgrade(&self.0), self.0.options.blocking_limit);
            let thread = thread::Builder::new().name("atoms-watchdog".into());
            if let Err(error) = thread.spawn(move || watch(&agent, &runtime, limit)) {
                tracing::warn!(%error, "the watchdog did not start, so handlers that hold their threads are not noticed");
            }
        });
    }
}

fn watch(agent: &Weak<Agent>, runtime: &Handle, limit: Duration) {
    let mut polls = Polls::new();
    loop {
        thread::sleep((limit / LOOKS).clamp(LEAST, MOST));
        let Some(agent) = agent.upgrade() else { return };
        drop(runtime.spawn(async {}));
        polls = look(&agent, &mut polls, limit);
    }
}

/// Looks at each node, warns, and returns the polls that are under way now.
fn look(agent: &Agent, before: &mut Polls, limit: Duration) -> Polls {
    let now = Instant::now();
    let mut polls = Polls::new();
    agent.each_pulse(|session, place, pulse| {
        let Some(poll) = pulse.poll() else { return };
        let key = (session.id().to_owned(), place);
        let mut held = match before.remove(&key) {
            Some(held) if held.poll == poll => held,
            other => {
                other.iter().for_each(|held| held.has_ended(now));
                Held { poll, since: now, told: None }
            }
        };
        if held.told.is_none() && now - held.since >= limit {
            held.told = Some(warn(session, place, pulse, now - held.since));
        }
        polls.insert(key, held);
    });
    before.values().for_each(|held| held.has_ended(now));
    polls
}

impl Held {
    fn has_ended(&self, now: Instant) {
        if let Some(handler) = &self.told {
            tracing::warn!(held = ?(now - self.since), "{handler}, has let go of it");
        }
    }
}

fn warn(session: &Session, place: usize, pulse: &Pulse, held: Duration) -> RunningHandler {
    let handler = session.describe(place, pulse);
    tracing::warn!(
        held = ?held,
        "{handler}: nothing else runs there meanwhile. Await instead, or use `tokio::task::spawn_blocking`"
    );
    handler
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use atoms_macros::node;
    use atoms_runtime::{Bus, State};
    use futures_channel::mpsc;
    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::Graph;
    use crate::events::UserJoined;

    /// What is seen of the only poll that is under way: its number, since when it has been seen, and whether the log was
    /// told of it.
    #[derive(Default)]
    struct Seen(Mutex<Vec<(u64, Instant, bool)>>);

    impl Seen {
        fn look(&self, session: &Session, before: &mut Polls, limit: Duration) -> Polls {
            let polls = look(&session.0.sessions.0, before, limit);
            let held: Vec<_> =
                polls.values().map(|held| (held.poll, held.since, held.told.is_some())).collect();
            assert_eq!(held.len(), 1);
            self.0.lock().unwrap().extend(held);
            polls
        }
    }

    #[derive(Default)]
    struct LooksAtItself;

    #[node(crate = atoms_agent)]
    impl LooksAtItself {
        #[handler]
        async fn joined(&mut self, _: &UserJoined, session: Session, seen: State<Seen>) {
            const LONG: Duration = Duration::from_secs(3_600);
            let mut polls = seen.look(&session, &mut Polls::new(), LONG);
            polls = seen.look(&session, &mut polls, LONG);
            tokio::task::yield_now().await;
            polls = seen.look(&session, &mut polls, Duration::ZERO);
            tokio::task::yield_now().await;
            seen.look(&session, &mut polls, LONG);
            session.end();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_is_told_from_the_next_and_the_log_is_told_of_one_that_takes_too_long() {
        let seen = Arc::new(Seen::default());
        let bus = Bus::builder().shared_state(seen.clone()).start().unwrap();
        let graph = Graph::builder().node::<LooksAtItself>().build().unwrap();
        let frames = [
            br#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#.as_slice(),
            br#"{"type":"system.user.joined"}"#,
        ];
        let incoming = Box::pin(stream::iter(frames).map(Ok).chain(stream::pending()));
        let (outgoing, sent) = mpsc::channel(8);
        let running = Sessions::builder(graph).start(&bus).unwrap();
        tokio::join!(running.run(incoming, outgoing), sent.count());
        let seen = seen.0.lock().unwrap();
        let &[first, again, long, last] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(first, again);
        let polls = [first, long, last].map(|(poll, ..)| poll);
        assert!(polls.is_sorted_by(|before, after| before < after), "{polls:?}");
        assert_eq!([first.2, long.2, last.2], [false, true, false]);
    }
}
