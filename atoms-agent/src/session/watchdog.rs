//! A thread that notices when a handler of a node holds its thread.
//!
//! Why one handler can stop a server whose other threads are idle: of the threads of a tokio runtime, one at a time
//! waits for sockets and timers. When these wake a task, that thread runs it, and if nothing else is to be done
//! then, the others sleep on: nobody waits for sockets until the task lets go of the thread, or something from
//! outside of the runtime wakes another. That is what this thread does each time that it looks, so that a handler
//! on the bus does not stop the server either.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::running::RunningHandler;
use super::sessions::Agent;
use super::{Session, Sessions};
use crate::instance::pulse::Pulse;

/// How often it looks, for each time that a handler may hold its thread.
const LOOKS: u32 = 2;

/// It need not look more often than this, nor may it less.
const LEAST: Duration = Duration::from_millis(10);
const MOST: Duration = Duration::from_secs(1);

/// A poll that was under way when it was looked at.
struct Held {
    poll: u64,
    since: Instant,
    /// What was said of it.
    told: Option<RunningHandler>,
}

/// The polls that were under way, by the session and the place of the node.
type Polls = HashMap<(String, usize), Held>;

impl Sessions {
    /// Starts the thread for this runtime, if there is none yet. It ends when the sessions are gone.
    pub(super) fn watch(&self, runtime: Handle) {
        self.0.watched.call_once(|| {
            let (agent, limit) = (Arc::downgrade(&self.0), self.0.options.blocking_limit);
            let thread = thread::Builder::new().name("atoms-watchdog".into());
            if let Err(error) = thread.spawn(move || watch(&agent, &runtime, limit)) {
                tracing::warn!(%error, "nobody notices when a handler holds its thread");
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

/// Looks at each node, warns, and returns what is under way now.
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
