//! Honest clients, which ask, and check what they are told.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::session::{Session, Trouble};

/// How long a client thinks between two turns.
const THINKING: Duration = Duration::from_millis(100);

/// How many turns a session has, before its client begins another one: so it is seen that one can begin.
const TURNS: usize = 50;

/// How long a turn may take, and a session until it is open.
const PATIENCE: Duration = Duration::from_secs(10);

/// What honest clients went through.
#[derive(Debug)]
pub struct Turns {
    /// How long each turn took, in nanoseconds.
    pub latencies: Histogram<u64>,
    /// What went wrong.
    pub troubles: Vec<Trouble>,
}

impl Turns {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { latencies: Histogram::new(3).expect("3 digits can be had"), troubles: Vec::new() }
    }

    fn add(&mut self, other: &Self) {
        self.latencies.add(&other.latencies).expect("the histogram grows");
    }

    /// A session of some turns, each of which is answered with what was asked.
    async fn session(&mut self, address: SocketAddr, who: usize, end: Instant) -> Result<(), Trouble> {
        let mut session = within(Session::open(address)).await?;
        for turn in 0..TURNS {
            if Instant::now() >= end {
                break;
            }
            let question = format!("this is {who}, in turn {turn}");
            let asked = Instant::now();
            let answer = within(session.ask(&question)).await?;
            self.latencies.record(asked.elapsed().as_nanos() as u64).expect("the histogram grows");
            if answer != format!("You said: {question}") {
                return Err(Trouble::Unexpected { expected: "what was asked", got: answer });
            }
            sleep(THINKING).await;
        }
        Ok(())
    }
}

/// So many honest clients take turns until `end`.
pub async fn clients(address: SocketAddr, count: usize, end: Instant) -> Turns {
    let mut tasks = JoinSet::new();
    let begin = Instant::now();
    for who in 0..count {
        tasks.spawn(async move {
            // Not all at once.
            sleep_until(begin + THINKING * who as u32 / count as u32).await;
            let mut turns = Turns::new();
            while Instant::now() < end {
                if let Err(trouble) = turns.session(address, who, end).await {
                    turns.troubles.push(trouble);
                    sleep(THINKING).await;
                }
            }
            turns
        });
    }
    let mut all = Turns::new();
    while let Some(turns) = tasks.join_next().await {
        let turns = turns.expect("taking turns does not panic");
        all.add(&turns);
        all.troubles.extend(turns.troubles);
    }
    all
}

async fn within<T>(what: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(PATIENCE, what).await.unwrap_or(Err(Trouble::Late))
}
