//! The program that is killed. What it says goes through a pipe, and so outlives it.

use std::path::Path;
use std::time::Duration;

use atoms::control::{AnswerError, Checkpoint, Control, Principal, Question};
use atoms::prelude::*;
use atoms::store::rusqlite;

/// Where the store is; set for the child alone.
pub(crate) const FILE: &str = "ATOMS_STORE_CRASH_FILE";

/// The number of the first event that it posts; not set if it is only to finish what is there.
pub(crate) const FIRST: &str = "ATOMS_STORE_CRASH_FIRST";

const KEYS: u64 = 4;

#[event(type = "crash.step")]
struct Step {
    #[event(key)]
    key: u64,
    number: u64,
}

#[event(type = "crash.followed")]
struct Followed {
    #[event(key)]
    key: u64,
    number: u64,
}

#[event(type = "crash.later")]
struct Later {
    poster: u64,
    number: u64,
}

#[event(type = "crash.refunded")]
struct Refunded {
    number: u64,
}

/// What the rows of the table tell that a handler writes in its transaction.
#[event(type = "crash.written")]
struct Written {
    poster: u64,
    number: u64,
}

/// One write, which is not torn.
fn say(what: &str, key: u64, number: u64) {
    println!("{what} {key} {number}");
}

#[handler(id = "crash.step")]
async fn step(step: &Step) -> Followed {
    tokio::task::yield_now().await;
    say("handled", step.key, step.number);
    Followed { key: step.key, number: step.number }
}

/// A second handler, which is done by itself.
#[handler(id = "crash.seen")]
fn seen(step: &Step) {
    say("seen", step.key, step.number);
}

#[handler(id = "crash.followed")]
fn followed(followed: &Followed) {
    say("followed", followed.key, followed.number);
}

#[handler(id = "crash.later")]
async fn later(later: &Later) {
    say("later-handled", later.poster, later.number);
}

#[handler(id = "crash.refunded")]
fn refunded(refunded: &Refunded) {
    say("refunded", 0, refunded.number);
}

/// Writes a row for each event, and emits what follows.
#[handler(id = "crash.write")]
fn write(step: &Step, tx: Tx<'_, Sqlite>) -> Result<Written, rusqlite::Error> {
    tx.execute("INSERT INTO effects VALUES (?, ?)", [step.key, step.number])?;
    Ok(Written { poster: step.key, number: step.number })
}

#[handler(id = "crash.written")]
fn written(written: &Written, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO follow_ups VALUES (?, ?)", [written.poster, written.number])?;
    Ok(())
}

/// Pays money back, if a manager says yes.
#[tool(approve = "manager")]
fn refund(number: u64, tx: Tx<'_, Sqlite>) -> Result<(), rusqlite::Error> {
    tx.execute("INSERT INTO refunds VALUES (0, ?)", [number])?;
    Ok(())
}

/// The tables that are told of at the end, and what that says.
const TABLES: [(&str, &str); 3] =
    [("effects", "effect"), ("follow_ups", "follow-up"), ("refunds", "paid-back")];

fn bus(path: &Path) -> Bus {
    let file = rusqlite::Connection::open(path).unwrap();
    for (table, _) in TABLES {
        file.execute_batch(&format!("CREATE TABLE IF NOT EXISTS {table} (key, number)")).unwrap();
    }
    let builder =
        Bus::builder().without_discovery().handler::<step>().handler::<seen>().handler::<followed>();
    let builder = builder.handler::<later>().handler::<refunded>().handler::<write>().handler::<written>();
    builder.tool::<refund>().store(Sqlite::open(path).unwrap()).start().unwrap()
}

async fn post_steps(bus: Bus, key: u64, first: u64) {
    for number in first.. {
        bus.post(Step { key, number }).await.unwrap();
        say("posted", key, number);
        if number.is_multiple_of(5) {
            bus.post(Later { poster: key, number }).after(Duration::from_millis(20)).await.unwrap();
            say("later-posted", key, number);
        }
    }
}

async fn ask(bus: Bus, first: u64) {
    for number in first.. {
        bus.questions().open(Checkpoint::unnamed().then(Refunded { number })).await.unwrap();
        say("asked", 0, number);
        answer_all(&bus).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Calls the tool, and does not wait for the manager.
async fn call(bus: Bus, first: u64) {
    for number in first.. {
        let bus = bus.clone();
        tokio::spawn(async move {
            refund::call(&bus, RefundArgs { number }).principal(&Principal::new("bob")).await
        });
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Answers what is open: that of earlier processes, too.
async fn answer_all(bus: &Bus) {
    for question in bus.questions().list().await.unwrap() {
        match question.body["tool_call"]["arguments"]["number"].as_u64() {
            Some(number) => decide(bus, &question, number).await,
            None => bus.questions().approve(question.id).by(&Principal::new("ada")).await.map(drop).unwrap(),
        }
    }
}

/// The manager says yes to two calls of three.
async fn decide(bus: &Bus, question: &Question, number: u64) {
    // Which question it is, as a number.
    let id = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
    say("question", number, std::hash::BuildHasher::hash_one(&id, question.id.to_string()));
    let (is_approved, ada) = (!number.is_multiple_of(3), Principal::new("ada").role("manager"));
    say(if is_approved { "approving" } else { "rejecting" }, 0, number);
    let questions = bus.questions();
    let answer = if is_approved { questions.approve(question.id) } else { questions.reject(question.id) };
    match answer.by(&ada).await {
        Ok(_) if is_approved => say("approved", 0, number),
        Ok(_) | Err(AnswerError::Ended { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

async fn post(bus: &Bus, first: u64) {
    let mut posters: Vec<_> =
        (0..KEYS).map(|key| tokio::spawn(post_steps(bus.clone(), key, first))).collect();
    posters.push(tokio::spawn(ask(bus.clone(), first)));
    posters.push(tokio::spawn(call(bus.clone(), first)));
    for poster in posters {
        poster.await.unwrap();
    }
}

async fn finish(bus: &Bus, path: &Path) {
    answer_all(bus).await;
    let store = rusqlite::Connection::open(path).unwrap();
    let left = || store.query_row("SELECT count(*) FROM atoms_post", [], |row| row.get::<_, i64>(0)).unwrap();
    while left() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    for (table, what) in TABLES {
        let mut rows = store.prepare(&format!("SELECT key, number FROM {table}")).unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0).unwrap(), row.get(1).unwrap()))).unwrap();
        rows.map(Result::unwrap).for_each(|(key, number): (u64, u64)| say(what, key, number));
    }
    say("finished", 0, 0);
}

#[test]
fn child() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let first = std::env::var(FIRST).ok().map(|first| first.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // Said first: the parent leaves out what comes before, and the bus goes on with what is there as soon as it starts.
        say("started", 0, 0);
        let bus = bus(path.as_ref());
        say("up", 0, 0);
        match first {
            Some(first) => post(&bus, first).await,
            None => finish(&bus, path.as_ref()).await,
        }
    });
}
