//! Files that earlier versions of this crate have written, as SQL: `tests/data/schema_1.sql` and so on.
//!
//! Each is what [`write_one`] has written with the version that had this schema, and is never written again. After a change
//! of the schema:
//!
//! ```text
//! cargo test --package atoms-store --test old_files -- --ignored write_one
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::control::{Checkpoint, Control, ControlBuilder, History, Principal};
use atoms::prelude::*;
use atoms::store::rusqlite::Connection;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

#[event(type = "old_files.job")]
struct Job {
    #[event(key)]
    key: Option<String>,
    number: u32,
}

#[event(type = "old_files.bill")]
struct Bill {
    number: u32,
}

#[event(type = "old_files.refunded")]
struct Refunded {
    number: u32,
}

/// As the handlers were when the file was written.
mod then {
    use super::*;

    #[handler(id = "old_files.work")]
    pub(super) async fn work(_: &Job) {
        std::future::pending::<()>().await;
    }

    #[handler(id = "old_files.bill")]
    pub(super) fn bill(_: &Bill) -> Result<(), String> {
        Err("no paper".into())
    }

    #[handler(id = "old_files.count")]
    pub(super) fn count(_: &Bill, tx: Tx<'_, Sqlite>) {
        tx.execute("INSERT INTO counted VALUES (1)", []).unwrap();
    }
}

#[handler(id = "old_files.work")]
async fn work(job: &Job, log: State<Log>) {
    log.add(format!("job {}", job.number));
}

#[handler(id = "old_files.bill")]
fn bill(bill: &Bill, log: State<Log>) {
    log.add(format!("bill {}", bill.number));
}

#[handler(id = "old_files.refunded")]
fn refunded(refunded: &Refunded, log: State<Log>) {
    log.add(format!("refunded {}", refunded.number));
}

fn bill_5() -> Envelope<Bill> {
    Envelope::new(Bill { number: 5 }).with_id("bill-5".parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes a file into the sources"]
async fn write_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE counted (n)").unwrap();
    let builder = Bus::builder().without_discovery().store(Sqlite::open(&path).unwrap());
    let builder = builder.handler::<then::work>().handler::<then::bill>().handler::<then::count>();
    let bus = builder.start().unwrap();
    bus.post(bill_5()).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    for number in [1, 2, 3] {
        bus.post(Job { key: Some("k".into()), number }).await.unwrap();
    }
    let later = bus.post(Job { key: None, number: 4 }).after(Duration::from_secs(1));
    later.named("later", 4).await.unwrap();
    bus.questions().open(Checkpoint::new("refund").then(Refunded { number: 6 })).await.unwrap();
    let ended = Checkpoint::new("ended").then(Refunded { number: 7 });
    bus.questions().open(ended).await.unwrap();
    bus.questions().reject("ended").by(&Principal::new("ada")).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    assert!(bus.shutdown(Duration::from_millis(1)).await.is_err());
    drop(bus);
    drop(Sqlite::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    let version: u32 = file.query_row("SELECT version FROM atoms_schema", [], |row| row.get(0)).unwrap();
    let written = format!("{}/tests/data/schema_{version}.sql", env!("CARGO_MANIFEST_DIR"));
    let mut written = std::fs::File::create_new(written).expect("what was written is not written again");
    std::io::Write::write_all(&mut written, dump(&file).as_bytes()).unwrap();
}

/// All of a file as SQL: the rows before the triggers.
fn dump(file: &Connection) -> String {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = file.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut lines = texts("SELECT sql || ';' FROM sqlite_schema WHERE type = 'table' ORDER BY rowid");
    for table in texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
        let values: Vec<_> = columns.iter().map(|column| format!("quote({column})")).collect();
        let row = values.join(" || ', ' || ");
        lines.extend(texts(&format!("SELECT 'INSERT INTO {table} VALUES (' || {row} || ');' FROM {table}")));
    }
    let others =
        "SELECT sql || ';' FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid";
    lines.extend(texts(others));
    lines.join("\n") + "\n"
}

async fn opens_and_goes_on(sql: &Path) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    Connection::open(&path).unwrap().execute_batch(&std::fs::read_to_string(sql).unwrap()).unwrap();
    let log = Arc::new(Log::default());
    let store = Sqlite::open(&path).unwrap();
    let builder =
        Bus::builder().without_discovery().history(History::new().store(store.history())).store(store);
    let builder = builder.handler::<work>().handler::<bill>().handler::<refunded>().handler::<then::count>();
    let bus = builder.shared_state(Arc::clone(&log)).start().unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    let mut jobs = std::mem::take(&mut *log.0.lock().unwrap());
    let keyed: Vec<_> = jobs.iter().filter(|line| *line != "job 4").cloned().collect();
    assert_eq!(keyed, ["job 1", "job 2", "job 3"]);
    jobs.sort();
    assert_eq!(jobs, ["job 1", "job 2", "job 3", "job 4"]);

    let letters = bus.dead_letters().list().await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.attempts()[0].error(), "no paper");
    assert_eq!(letter.event().id(), bill_5().id());
    assert!(bus.dead_letters().redeliver(letter.id()).await.unwrap().is_ok());
    let ada = Principal::new("ada");
    assert_eq!(bus.questions().count().await.unwrap(), 1);
    bus.questions().approve("refund").by(&ada).await.unwrap();
    timeout(SOON, async {
        while log.0.lock().unwrap().len() < 2 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(*log.0.lock().unwrap(), ["bill 5", "refunded 6"]);

    let refunded = bus.history().of::<Refunded>().list().await.unwrap();
    assert_eq!(refunded.len(), 1, "a file of a version without a history has one now");

    let later = bus.post(Job { key: None, number: 8 }).after(Duration::from_secs(3_600));
    later.named("later", 8).await.unwrap();
    assert_eq!(bus.delayed().named("later").key(8).cancel_all().await.unwrap(), 1);

    bus.post(bill_5()).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    let file = Connection::open(&path).unwrap();
    let counted = file.query_row("SELECT count(*) FROM counted", [], |row| row.get(0));
    assert_eq!(counted, Ok(1), "what was done in a transaction is not done again");
    assert_eq!(file.pragma_query_value(None, "integrity_check", |row| row.get(0)), Ok("ok".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_each_earlier_version_opens_and_goes_on() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).unwrap();
    let mut count = 0;
    for file in files {
        opens_and_goes_on(&file.unwrap().path()).await;
        count += 1;
    }
    assert!(count > 0);
}
