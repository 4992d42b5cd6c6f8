//! What one process leaves to the next.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::control::{AnswerError, Checkpoint, Control, Principal};
use atoms::prelude::*;
use atoms::store::rusqlite::Connection;
use atoms::store::{Sqlite, StoreBuilder};
use atoms::{AttemptKind, BusBuilder, LetterRecipient, Metadata, PostRefusal, Priority};
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    (directory, path)
}

fn on(path: &Path) -> (BusBuilder, Arc<Log>) {
    let log = Arc::new(Log::default());
    let builder = Bus::builder().without_discovery().shared_state(Arc::clone(&log));
    (builder.store(Sqlite::open(path).unwrap()), log)
}

async fn end(bus: Bus) {
    bus.shutdown(SOON).await.unwrap();
}

#[event(type = "restarts.job")]
struct Job {
    #[event(key)]
    key: Option<String>,
    number: u32,
}

fn job(number: u32) -> Job {
    Job { key: None, number }
}

fn keyed(key: &str, number: u32) -> Job {
    Job { key: Some(key.into()), number }
}

#[event(type = "restarts.done")]
struct Done {
    number: u32,
}

#[handler(id = "restarts.work")]
async fn work(job: &Job, log: State<Log>) -> Done {
    log.add(format!("work {}", job.number));
    Done { number: job.number }
}

#[handler(id = "restarts.done")]
fn done(done: &Done, log: State<Log>) {
    log.add(format!("done {}", done.number));
}

#[handler(id = "restarts.renamed", was = "restarts.work")]
fn renamed(job: &Job, log: State<Log>) {
    log.add(format!("renamed {}", job.number));
}

#[handler(id = "restarts.stuck")]
async fn stuck(_: &Job) {
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_posted_is_handled_with_what_follows() {
    let (_directory, path) = file();
    let (builder, log) = on(&path);
    let bus = builder.handler::<work>().handler::<done>().start().unwrap();
    bus.post(job(1)).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(log.take(), ["work 1", "done 1"]);
    let error = bus.post(job(2)).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::MustWait);
    end(bus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_done_is_done_by_the_next_process_in_order() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let first = builder.handler::<stuck>().start().unwrap();
    for number in [1, 2, 3] {
        first.post(keyed("k", number)).await.unwrap();
    }
    first.post(job(4)).priority(Priority::High).await.unwrap();
    first.post(job(5)).after(Duration::from_millis(300)).await.unwrap();
    first.post(job(6)).after(Duration::from_secs(100 * 365 * 24 * 3_600)).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    // What is begun is given up: as much as the end of the process does.
    assert!(first.shutdown(Duration::from_millis(1)).await.is_err());
    drop(first);
    #[handler(id = "restarts.newer", was = "restarts.stuck")]
    fn newer(job: &Job, log: State<Log>) {
        log.add(job.number.to_string());
    }
    let (builder, log) = on(&path);
    let second = builder.handler::<newer>().start().unwrap();
    timeout(SOON, async {
        while log.0.lock().unwrap().len() < 5 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let lines = log.take();
    let of_key: Vec<_> = lines.iter().filter(|line| ["1", "2", "3"].contains(&line.as_str())).collect();
    assert_eq!(of_key, ["1", "2", "3"], "{lines:?}");
    assert_eq!(lines[4], "5");
    end(second).await;
    assert_eq!(Sqlite::open(&path).unwrap().backlog().count().await.unwrap(), 1, "what is due in 100 years");
}

/// What an earlier program posted.
#[event(type = "restarts.booking")]
struct BookingV1 {
    place: u32,
}

#[event(type = "restarts.booking", version = 2, upcasts = BookingV1)]
struct Booking {
    places: Vec<u32>,
}

impl From<BookingV1> for Booking {
    fn from(old: BookingV1) -> Self {
        Self { places: vec![old.place] }
    }
}

#[handler(id = "restarts.book")]
fn book(booking: &Booking, log: State<Log>) {
    log.add(format!("book {:?}", booking.places));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_an_earlier_version_arrives_as_the_newest() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let first = builder.handler::<book>().start().unwrap();
    first.post(Booking { places: vec![1, 2] }).after(Duration::from_millis(300)).await.unwrap();
    end(first).await;
    let file = Connection::open(&path).unwrap();
    let newest: Vec<u8> = file.query_row("SELECT frame FROM atoms_frame", [], |row| row.get(0)).unwrap();
    let newest = String::from_utf8(newest).unwrap();
    let old = newest.replace(r#""metadata":{"schema_version":"2"},"places":[1,2]"#, r#""place":7"#);
    assert_ne!(newest, old);
    assert_eq!(file.execute("UPDATE atoms_frame SET frame = ?", [old.into_bytes()]), Ok(1));

    let (builder, log) = on(&path);
    let second = builder.handler::<book>().start().unwrap();
    sleep(Duration::from_millis(350)).await;
    timeout(SOON, second.idle()).await.unwrap();
    assert_eq!(log.take(), ["book [7]"]);
    end(second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_is_gone_leaves_a_letter_and_one_that_was_renamed_goes_on() {
    let (_directory, path) = file();
    let later = Duration::from_millis(200);
    let (builder, _) = on(&path);
    let first = builder.handler::<work>().handler::<stuck>().start().unwrap();
    first.post(job(1)).after(later).await.unwrap();
    end(first).await;
    let (builder, log) = on(&path);
    let second = builder.handler::<renamed>().start().unwrap();
    sleep(2 * later).await;
    timeout(SOON, bus_idle(&second)).await.unwrap();
    assert_eq!(log.take(), ["renamed 1"]);
    end(second).await;
    let third = on(&path).0.handler::<renamed>().start().unwrap();
    let letters = third.dead_letters().list().await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.recipient(), Some(&LetterRecipient::Handler("restarts.stuck".into())));
    assert_eq!(letter.attempts()[0].kind(), AttemptKind::NoHandler);
    assert_eq!(letter.event().downcast_ref::<Job>().map(|job| job.number), Some(1));
    end(third).await;
}

async fn bus_idle(bus: &Bus) {
    bus.idle().await;
}

static FAILS: AtomicU32 = AtomicU32::new(0);

#[handler(id = "restarts.fails")]
fn fails(job: &Job, log: State<Log>) -> Result<(), String> {
    log.add(format!("fails {}", job.number));
    if FAILS.fetch_add(1, Ordering::Relaxed) < 2 { Err("not yet".into()) } else { Ok(()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_waits_for_the_next_process_with_its_attempts() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let first = builder.handler::<fails>().start().unwrap();
    first.post(job(1)).await.unwrap();
    timeout(SOON, first.idle()).await.unwrap();
    end(first).await;
    let (builder, _) = on(&path);
    let second = builder.handler::<fails>().start().unwrap();
    let id = second.dead_letters().list().await.unwrap()[0].id();
    assert!(!second.dead_letters().redeliver(id).await.unwrap().is_ok());
    end(second).await;
    let (builder, log) = on(&path);
    let third = builder.handler::<fails>().start().unwrap();
    let letters = third.dead_letters().list().await.unwrap();
    assert_eq!((letters[0].id(), letters[0].attempts().len()), (id, 2));
    assert!(third.dead_letters().redeliver(id).await.unwrap().is_ok());
    assert_eq!((log.take(), third.dead_letters().len().await.unwrap()), (vec!["fails 1".into()], 0));
    end(third).await;
}

#[event(type = "restarts.refunded")]
struct Refunded {}

#[handler]
fn refunded(_: &Refunded, log: State<Log>) {
    log.add("refunded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_once_in_the_next_process() {
    let (_directory, path) = file();
    let ada = Principal::new("ada");
    let first = on(&path).0.handler::<refunded>().start().unwrap();
    let asked = first.questions().open(Checkpoint::new("refund").then(Refunded {})).await.unwrap().id();
    end(first).await;
    let (builder, log) = on(&path);
    let second = builder.handler::<refunded>().start().unwrap();
    assert_eq!(second.questions().count().await.unwrap(), 1);
    second.questions().approve("refund").by(&ada).await.unwrap();
    timeout(SOON, async {
        while log.0.lock().unwrap().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(log.take(), ["refunded"]);
    let again = second.questions().approve(asked).by(&ada).await.unwrap_err();
    assert!(matches!(again, AnswerError::Ended { .. }), "{again}");
    end(second).await;
    let (builder, log) = on(&path);
    let third = builder.handler::<refunded>().start().unwrap();
    let again = third.questions().approve(asked).by(&ada).await.unwrap_err();
    assert!(matches!(again, AnswerError::Ended { .. }), "{again}");
    timeout(SOON, third.idle()).await.unwrap();
    assert!(log.take().is_empty());
    end(third).await;
}

#[tokio::test]
async fn what_is_posted_by_name_is_listed_and_cancelled_by_name_in_the_next_process() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let bus = builder.handler::<work>().start().unwrap();
    for number in 1..=3 {
        let post = bus.post(job(number)).after(Duration::from_secs(3_600));
        post.named("reminder", number % 2).await.unwrap();
    }
    assert!(bus.shutdown(SOON).await.unwrap().is_empty(), "they stay in the store");
    drop(bus);

    let (builder, log) = on(&path);
    let bus = builder.handler::<work>().start().unwrap();
    let listed = bus.delayed().named("reminder").list().await.unwrap();
    let numbers = listed.iter().map(|it| it.event().downcast_ref::<Job>().unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(listed[1].name().unwrap().key(), "0");
    assert_eq!(bus.delayed().named("reminder").key(1).cancel_all().await.unwrap(), 2);
    assert_eq!(bus.delayed().list().await.unwrap().len(), 1);
    assert!(log.take().is_empty());
    end(bus).await;
}

#[handler(id = "restarts.slow")]
async fn slow(done: &Done, log: State<Log>) {
    log.add(format!("slow {} begins", done.number));
    sleep(Duration::from_millis(100)).await;
    log.add(format!("slow {} ends", done.number));
}

/// Fails in the first process.
#[handler(id = "restarts.late")]
fn late(job: &Job, is_first: State<bool>, log: State<Log>) -> Result<(), String> {
    log.add(format!("late {}", job.number));
    if *is_first { Err("not yet".into()) } else { Ok(()) }
}

#[tokio::test]
async fn a_letter_waits_in_the_next_process_for_the_key_that_it_was_posted_with() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let bus = builder.handler::<late>().state(true).start().unwrap();
    bus.post(job(1)).key("shared").await.unwrap();
    bus.post(keyed("shared", 2)).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    end(bus).await;

    let (builder, log) = on(&path);
    let bus = builder.handler::<late>().handler::<slow>().state(false).start().unwrap();
    for number in 1..=2 {
        bus.post(Done { number }).key("shared").await.unwrap();
    }
    let redelivered = timeout(SOON, bus.dead_letters().redeliver_all(|_| true)).await.unwrap().unwrap();
    assert!(redelivered.iter().all(|(_, redelivered)| redelivered.as_ref().unwrap().is_ok()));
    assert_eq!(redelivered.len(), 2);
    let lines = ["slow 1 begins", "slow 1 ends", "slow 2 begins", "slow 2 ends", "late 1", "late 2"];
    assert_eq!(log.take(), lines);
    assert!(bus.dead_letters().is_empty().await.unwrap());
    end(bus).await;
    // The turns are not left in the file.
    let connection = Connection::open(&path).unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM atoms_post", [], |row| row.get(0)), Ok(0));
}

#[handler(id = "restarts.tenants")]
fn tenants(event: &AnyEvent, log: State<Log>) {
    let tenant = event.metadata().get("tenant").map_or("-".into(), ToString::to_string);
    log.add(format!("{} {tenant}", event.event_type()));
}

#[tokio::test]
async fn what_follows_in_the_next_process_inherits_the_keys_of_the_metadata() {
    let (_directory, path) = file();
    let (builder, _) = on(&path);
    let bus = builder.handler::<work>().inherit(["tenant"]).start().unwrap();
    let tenant = Metadata::from_iter([("tenant", "t-1"), ("other", "o")]);
    let due = Duration::from_millis(300);
    bus.post(Envelope::new(job(1)).with_metadata(tenant)).after(due).await.unwrap();
    end(bus).await;

    let (builder, log) = on(&path);
    let builder = builder.handler::<work>().handler::<tenants>().event::<Done>();
    let bus = builder.inherit(["tenant"]).start().unwrap();
    let done = bus.expect::<Done>(|_| true);
    let done = timeout(SOON, done).await.unwrap().unwrap();
    assert_eq!(done.metadata().get("tenant").unwrap(), "t-1");
    assert!(done.metadata().get("other").is_none());
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(log.take(), ["work 1", "restarts.done \"t-1\""]);
    end(bus).await;
}
