//! What the crate adds to a bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{Backlog, BusBuilder, StartProblem};
use jobs::{Held, Job, Jobs, Journal, RunJobs, When};

const SOON: Duration = Duration::from_secs(10);

/// Long enough to see that something does not happen.
const A_MOMENT: Duration = Duration::from_millis(200);

/// How often something was done.
type Count = AtomicUsize;

#[event(type = "seams.report")]
struct Report {
    #[event(key)]
    number: u64,
    share: f64,
}

#[event(type = "seams.mail")]
struct Mail {}

#[handler]
fn report(report: &Report, count: State<Count>) -> Result<(), String> {
    count.fetch_add(1, Ordering::Relaxed);
    if (report.number, report.share) == (u64::MAX, 0.1) { Ok(()) } else { Err(format!("{report:?}")) }
}

#[handler]
async fn mail(_: &Mail, held: Held, count: State<Count>) {
    count.fetch_add(if held.0 < A_MOMENT { 10 } else { 100 }, Ordering::Relaxed);
}

static REPORT: Job = Job::new("report", When::EverySeconds(60), || {
    Envelope::new(Report { number: u64::MAX, share: 0.1 }).into()
});
static MAIL: Job = Job::new("mail", When::After("report"), || Envelope::new(Mail {}).into());

fn bus(count: &Arc<Count>) -> BusBuilder {
    let bus = Bus::builder().without_discovery().handler::<report>().handler::<mail>();
    bus.shared_state(Arc::clone(count)).entry(&REPORT).entry(&MAIL)
}

fn journal() -> Arc<Journal> {
    Arc::new(Journal::new(8, 1_000_000))
}

#[tokio::test]
async fn the_journal_does_what_a_backlog_does() {
    atoms::testing::backlog::check(|capacity, bytes| async move {
        Arc::new(Journal::new(capacity, bytes)) as Arc<dyn Backlog>
    })
    .await;
}

#[tokio::test]
async fn jobs_are_run_from_the_journal_and_told_of_the_end() {
    let (count, journal) = (Arc::<Count>::default(), journal());
    let bus = bus(&count).extension(Jobs::new(journal.clone())).start().unwrap();
    assert_eq!(bus.run_job("report").await.unwrap(), 2);
    assert_eq!(bus.run_job("unknown").await.unwrap(), 0);
    tokio::time::timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!((count.load(Ordering::Relaxed), journal.count().await.unwrap()), (11, 0));
    assert!(bus.dead_letters().is_empty().await.unwrap());
    let jobs = bus.extension::<Jobs>().unwrap();
    assert!(!jobs.has_ended());
    bus.shutdown(SOON).await.unwrap();
    assert!(jobs.has_ended());
}

#[tokio::test]
async fn deliveries_are_held_and_refused_by_the_layer() {
    let count = Arc::<Count>::default();
    let bus = bus(&count).extension(Jobs::new(journal())).start().unwrap();
    let jobs = bus.extension::<Jobs>().unwrap();
    jobs.pause().pause();
    let mut held = std::pin::pin!(bus.emit(Mail {}).into_future());
    assert!(tokio::time::timeout(A_MOMENT, &mut held).await.is_err());
    assert_eq!(count.load(Ordering::Relaxed), 0);
    jobs.pause().resume();
    held.await.into_result().unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 100);
    jobs.pause().cancel();
    let receipt = bus.emit(Mail {}).await;
    let [failure] = &receipt.failures()[..] else { panic!("{receipt}") };
    assert!(failure.error.to_string().ends_with("the jobs are cancelled"), "{receipt}");
    assert_eq!(count.load(Ordering::Relaxed), 100);
}

#[test]
fn a_bus_has_the_extension_once() {
    let bus = bus(&Arc::default()).extension(Jobs::new(journal())).extension(Jobs::new(journal()));
    let error = bus.start().unwrap_err();
    assert!(matches!(error.problems(), [StartProblem::ExtensionTwice { .. }]), "{error}");
}

#[test]
fn events_are_cloud_events_on_the_wire() {
    let bus = bus(&Arc::default()).extension(Jobs::new(journal())).start().unwrap();
    let mut report = Envelope::new(Report { number: u64::MAX, share: 0.1 });
    report.metadata_mut().insert("tenant", "t-1");
    let frame = bus.encode(&report.clone().into()).unwrap();
    let text = str::from_utf8(&frame).unwrap();
    let parts = [r#""specversion":"1.0""#, r#""data":{"number":18446744073709551615,"share":0.1}"#];
    for part in parts.into_iter().chain([r#""metadata":"{\"tenant\":\"t-1\"}""#, r#""type":"seams.report""#])
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let read = bus.decode(&frame).unwrap();
    assert_eq!((read.id(), read.timestamp()), (report.id(), report.timestamp()));
    assert_eq!(read.metadata(), report.metadata());
    let read = read.downcast_ref::<Report>().unwrap();
    assert_eq!((read.number, read.share), (u64::MAX, 0.1));
}

#[test]
fn what_is_unknown_is_carried_on_and_what_is_broken_is_refused() {
    let bus = bus(&Arc::default()).extension(Jobs::new(journal())).start().unwrap();
    let frame = br#"{"id":"e-1","source":"x","specversion":"1.0","type":"com.example.sold","data":{"a": 1}}"#;
    let read = bus.decode(frame).unwrap();
    assert_eq!((read.event_type(), read.id().to_string()), ("com.example.sold", "e-1".to_owned()));
    assert_eq!(bus.encode(&read).unwrap(), frame);
    assert!(bus.decode(br#"{"id":"e-1"}"#).unwrap_err().to_string().contains("missing field"));
    let frame =
        br#"{"id":"e-1","source":"x","specversion":"1.0","type":"seams.report","data":{"number":"1"}}"#;
    let error = bus.decode(frame).unwrap_err();
    assert_eq!((error.event_type(), error.path(), error.place()), (Some("seams.report"), "number", None));
}
