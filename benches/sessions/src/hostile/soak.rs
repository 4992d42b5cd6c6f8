//! One soak: clients of both sorts beside each other on a server of their own, and what is left when they have gone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::attacked::{Attacked, Counts, Held, counts};
use super::honest::{self, Turns};
use super::kinds::{EXPANDING, Kind};
use super::limits;
use super::raw::{End, Raw, TEXT, frame};
use crate::failure::Failure;
use crate::session::Session;

/// How many honest clients there are, whose turns are measured.
pub const HONEST: usize = 100;

/// How many hostile clients there are; or honest ones in their place.
pub const OTHERS: usize = 200;

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long a hostile client waits until it begins anew.
const PAUSE: Duration = Duration::from_millis(50);

/// How long what is left of sessions may last once all clients are gone: 10 seconds for what is under way, 2 for
/// the close, and some for a busy machine.
const LEFT: Duration = Duration::from_secs(20);

/// What one soak has shown.
#[derive(Debug)]
pub struct Outcome {
    /// What the honest clients went through.
    pub turns: Turns,
    /// What the hostile ones did, by their kinds.
    pub attacks: BTreeMap<&'static str, Tally>,
    /// The server's memory at its most, in bytes.
    pub peak: u64,
    /// What its limits imply, in bytes.
    pub bound: u64,
    /// What it held before there were clients.
    pub before: Held,
    /// What it held when they had gone.
    pub after: Held,
    /// Its memory then.
    pub memory_after: u64,
    /// The frames that it has read.
    pub frames: u64,
    /// The lines that it has logged.
    pub log_lines: u64,
    /// Their bytes.
    pub log_bytes: u64,
    /// A line of them that a client has made.
    pub forged: Option<String>,
    /// Why the soak did not go on to its end.
    pub stopped: Option<String>,
}

/// How the connections of a kind have ended.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub connections: u64,
    /// How many the server has ended.
    pub ended: u64,
    /// How many could not be made.
    pub not_begun: u64,
    /// What the server did that it must not, and how often.
    pub wrong: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, end: std::io::Result<End>) {
        self.connections += 1;
        match end {
            Ok(End::Left) => {}
            Ok(End::Wrong(what)) => *self.wrong.entry(what).or_default() += 1,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => self.not_begun += 1,
            Ok(End::Ended) | Err(_) => self.ended += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.ended += other.ended;
        self.not_begun += other.not_begun;
        for (what, count) in other.wrong {
            *self.wrong.entry(what).or_default() += count;
        }
    }
}

/// Runs a soak with hostile clients of these kinds, or with honest ones in their place if there are none.
///
/// # Errors
///
/// If the server does not start, or dies.
pub async fn run(kinds: &[Kind], time: Duration) -> Result<Outcome, Failure> {
    let mut server = Attacked::start()?;
    warm_up(server.address).await?;
    let before = settled(&mut server, None).await?;
    let end = Instant::now() + time;
    let honest = tokio::spawn(honest::clients(server.address, HONEST, end));
    let mut others = JoinSet::new();
    if kinds.is_empty() {
        others.spawn(honest_others(server.address, end));
    }
    for (number, kind) in (0..OTHERS).zip(kinds.iter().copied().cycle()) {
        others.spawn(attack(kind, number, server.address, end));
    }
    let bound = limits::memory(expanding(kinds));
    let stopped = watch(&server, bound, end).await?;
    if stopped.is_some() {
        honest.abort();
        others.abort_all();
    }
    let mut attacks: BTreeMap<_, Tally> = BTreeMap::new();
    while let Some(tally) = others.join_next().await {
        if let Ok((name, tally)) = tally {
            attacks.entry(name).or_default().add(tally);
        }
    }
    let turns = honest.await.unwrap_or_else(|_| Turns::new());
    let after = if stopped.is_none() { settled(&mut server, Some(before)).await? } else { before };
    attacks.remove(HONESTLY);
    let Counts { frames, .. } = counts(server.address).await?;
    Ok(Outcome {
        turns,
        attacks,
        peak: server.peak()?,
        bound,
        before,
        after,
        memory_after: server.memory()?,
        frames,
        log_lines: server.log.lines(),
        log_bytes: server.log.bytes(),
        forged: server.log.forged(),
        stopped,
    })
}

/// How many clients of these kinds send frames that are full of small values.
fn expanding(kinds: &[Kind]) -> usize {
    if kinds.iter().any(|kind| kind.name == EXPANDING) { OTHERS.div_ceil(kinds.len()) } else { 0 }
}

/// What honest clients in the place of hostile ones are called.
const HONESTLY: &str = "honestly";

async fn honest_others(address: SocketAddr, end: Instant) -> (&'static str, Tally) {
    honest::clients(address, OTHERS, end).await;
    (HONESTLY, Tally::default())
}

/// What the first sessions set up for all is nothing that is left of one.
async fn warm_up(address: SocketAddr) -> Result<(), Failure> {
    drop(Session::open(address).await?);
    let events = [r#"{"type":"soak.note","text":""}"#, r#"{"type":"soak.letter","text":""}"#];
    let sent: Vec<u8> = events.iter().flat_map(|event| frame(TEXT, event.as_bytes())).collect();
    let posting = async { Raw::begun(address).await?.converse(&sent, 10, Duration::from_secs(1)).await };
    posting.await.map_err(|source| Failure::unusable(address.to_string(), source))?;
    Ok(())
}

/// One hostile client.
async fn attack(kind: Kind, number: usize, address: SocketAddr, end: Instant) -> (&'static str, Tally) {
    let mut tally = Tally::default();
    sleep(PAUSE * number as u32 / 10).await;
    while Instant::now() < end {
        match timeout_at(end, (kind.attack)(address)).await {
            Ok(ended) => tally.count(ended),
            Err(_) => tally.connections += 1,
        }
        sleep(PAUSE).await;
    }
    (kind.name, tally)
}

/// Looks at the server until `end`; says why it cannot go on as long.
async fn watch(server: &Attacked, bound: u64, end: Instant) -> Result<Option<String>, Failure> {
    let mut told = Instant::now();
    while Instant::now() < end {
        sleep(LOOK).await;
        let memory = server.memory()?;
        if memory > bound {
            let left = end - Instant::now().min(end);
            return Ok(Some(format!("with {left:.0?} to go, {} MiB are in memory", memory >> 20)));
        }
        if told.elapsed() >= Duration::from_secs(1) {
            told = Instant::now();
            let Counts { sessions, .. } = counts(server.address).await?;
            eprintln!("{:6} MiB {sessions:4} sessions {:8} lines logged", memory >> 20, server.log.lines());
        }
    }
    Ok(None)
}

/// What the server holds when it holds no more than before, or has had its time.
async fn settled(server: &mut Attacked, before: Option<Held>) -> Result<Held, Failure> {
    let end = Instant::now() + if before.is_some() { LEFT } else { Duration::from_secs(1) };
    loop {
        let held = server.held().await?;
        if before.is_some_and(|before| held.is_within(before)) || Instant::now() >= end {
            return Ok(held);
        }
        sleep(LOOK).await;
    }
}
