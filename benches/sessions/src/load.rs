//! The load: a fixed number of sessions that take turns for a fixed time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::failure::Failure;
use crate::process;
use crate::session::{Session, Trouble};

/// How many sessions are opened at once.
const OPENING: usize = 64;

/// How long a server is left alone before its memory is looked at.
const QUIET: Duration = Duration::from_secs(1);

/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long a session may take until it is open, and its last turn when the time is over.
const PATIENCE: Duration = Duration::from_secs(10);

/// One load on one server.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The server's process.
    pub pid: u32,
    /// How many sessions take turns.
    pub sessions: usize,
    /// How long they are measured.
    pub time: Duration,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Figures {
    /// Turns that ended in each second.
    pub turns_per_second: f64,
    /// The turn's latency in nanoseconds that half of the turns stay below.
    pub p50: f64,
    /// The one that 99 of 100 turns stay below.
    pub p99: f64,
    /// The one that 999 of 1,000 turns stay below.
    pub p999: f64,
    /// The processor's time that the server took for a turn, in nanoseconds.
    pub server_time: f64,
    /// Bytes of the server's memory for each session that is idle.
    pub memory: f64,
    /// Sessions that failed.
    pub errors: usize,
    /// What the first of them failed with.
    pub first_error: Option<String>,
}

/// What one session, or all of them, went through.
struct Turns {
    latencies: Histogram<u32>,
    troubles: Vec<Trouble>,
}

impl Turns {
    fn new() -> Self {
        Self { latencies: Histogram::new(3).expect("3 digits can be had"), troubles: Vec::new() }
    }

    fn add(&mut self, other: Self) {
        self.latencies.add(&other.latencies).expect("the histogram grows");
        self.troubles.extend(other.troubles);
    }

    /// Takes turns until `end`, and counts those that end after `begin`.
    async fn take(&mut self, session: &mut Session, begin: Instant, end: Instant) -> Result<(), Trouble> {
        let mut started = Instant::now();
        loop {
            session.turn().await?;
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            if now >= begin {
                let nanos = (now - started).as_nanos() as u64;
                self.latencies.record(nanos).expect("the histogram grows");
            }
            started = now;
        }
    }
}

impl Load {
    /// Opens the sessions, looks at the idle server's memory, and lets them take turns.
    ///
    /// # Errors
    ///
    /// If a session cannot be opened, or the server's process is not there.
    pub async fn run(&self) -> Result<Figures, Failure> {
        // What the server's first session sets up for all of them is no session's.
        drop(open(self.address).await?);
        sleep(QUIET).await;
        let before = process::memory(self.pid)?;
        let sessions = self.open().await?;
        sleep(QUIET).await;
        let memory = process::memory(self.pid)?.saturating_sub(before) as f64 / self.sessions as f64;

        let begin = Instant::now() + WARM_UP;
        let end = begin + self.time;
        let turns = tokio::spawn(take_turns(sessions, begin, end));
        sleep_until(begin).await;
        let before = process::computing(self.pid)?;
        sleep_until(end).await;
        let computing = process::computing(self.pid)? - before;
        let turns = turns.await.expect("taking turns does not panic");
        Ok(self.figures(&turns, computing, memory))
    }

    async fn open(&self) -> Result<Vec<Session>, Failure> {
        let opening = Arc::new(Semaphore::new(OPENING));
        let mut tasks = JoinSet::new();
        for _ in 0..self.sessions {
            let (opening, address) = (opening.clone(), self.address);
            tasks.spawn(async move {
                let _permit = opening.acquire().await.expect("it is never closed");
                open(address).await
            });
        }
        Ok(tasks.join_all().await.into_iter().collect::<Result<_, _>>()?)
    }

    fn figures(&self, turns: &Turns, computing: Duration, memory: f64) -> Figures {
        let count = turns.latencies.len() as f64;
        let [p50, p99, p999] =
            [0.5, 0.99, 0.999].map(|share| turns.latencies.value_at_quantile(share) as f64);
        Figures {
            turns_per_second: count / self.time.as_secs_f64(),
            p50,
            p99,
            p999,
            server_time: computing.as_nanos() as f64 / count.max(1.0),
            memory,
            errors: turns.troubles.len(),
            first_error: turns.troubles.first().map(Trouble::to_string),
        }
    }
}

async fn open(address: SocketAddr) -> Result<Session, Trouble> {
    timeout(PATIENCE, Session::open(address)).await.unwrap_or(Err(Trouble::Late))
}

async fn take_turns(sessions: Vec<Session>, begin: Instant, end: Instant) -> Turns {
    let mut tasks = JoinSet::new();
    for mut session in sessions {
        tasks.spawn(async move {
            let mut turns = Turns::new();
            let taken = timeout_at(end + PATIENCE, turns.take(&mut session, begin, end)).await;
            turns.troubles.extend(taken.unwrap_or(Err(Trouble::Late)).err());
            turns
        });
    }
    let mut all = Turns::new();
    while let Some(turns) = tasks.join_next().await {
        all.add(turns.expect("taking turns does not panic"));
    }
    all
}
