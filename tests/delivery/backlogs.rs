//! Where posted events are kept.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    AttemptKind, Backlog, BusBuilder, Delivery, DeliveryFailed, FailureKind, Interceptor, LetterRecipient,
    LetterStore, MemoryBacklog, MemoryLetters, PostRefusal, StoreError, StoreErrorKind,
};
use futures_util::FutureExt;
use tokio::time::{sleep, timeout};

use crate::faulty::{Call, Faulty, Way};
use crate::{Log, SOON, bus};

#[tokio::test]
async fn memory_is_a_backlog() {
    atoms::testing::backlog::check(|capacity, bytes| async move {
        Arc::new(MemoryBacklog::new(capacity, bytes)) as Arc<dyn Backlog>
    })
    .await;
}

#[tokio::test]
async fn letters_in_memory_are_kept_before_an_event_is_acknowledged() {
    atoms::testing::backlog::check_letters(|| async {
        let backlog = Arc::new(MemoryBacklog::default()) as Arc<dyn Backlog>;
        (backlog, Arc::new(MemoryLetters::default()) as Arc<dyn LetterStore>)
    })
    .await;
}

#[event(type = "backlogs.job")]
struct Job {
    #[event(key)]
    key: Option<u32>,
    number: u64,
}

#[event(type = "backlogs.next")]
struct Next {
    number: u64,
}

fn job(number: u64) -> Job {
    Job { key: None, number }
}

#[handler(retry(attempts = 3, delay = "1ms", backoff = "fixed"))]
async fn work(job: &Job, out: Emitter<Next>, context: Context, tries: State<Tries>) -> Result<(), String> {
    drop(out.emit(Next { number: job.number }).await);
    context.bus().post(Next { number: 100 + job.number }).try_send().map_err(|error| error.to_string())?;
    let later = context.bus().post(Next { number: 200 + job.number }).after(Duration::from_secs(1)).await;
    assert!(later.unwrap().is_pending().await.unwrap());
    if tries.0.fetch_add(1, SeqCst) < 2 { Err("not yet".into()) } else { Ok(()) }
}

#[handler(id = "backlogs.count")]
fn count(next: &Next, log: State<Log>) {
    log.add(format!("next {}", next.number));
}

#[handler(id = "backlogs.newer", was = "backlogs.count")]
fn newer(next: &Next, log: State<Log>) {
    log.add(format!("newer {}", next.number));
}

#[derive(Default)]
struct Tries(AtomicU32);

fn stored(backlog: &Arc<MemoryBacklog>) -> (BusBuilder, Arc<Log>) {
    let (builder, log) = bus();
    (builder.state(Tries::default()).backlog(backlog.clone()), log)
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_goes_through_the_backlog_with_all_that_follows() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let bus = builder.handler::<work>().handler::<count>().start().unwrap();
    bus.post(job(1)).await.unwrap();
    bus.idle().await;
    assert_eq!((log.take(), backlog.count().await.unwrap()), (vec!["next 1".into(), "next 101".into()], 1));
    let depths = bus.queue_depths().await.unwrap();
    assert_eq!((depths.delayed.events, depths.normal.events), (1, 0));
    sleep(Duration::from_secs(2)).await;
    assert_eq!((log.take(), backlog.count().await.unwrap()), (vec!["next 201".into()], 0));
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keys_priorities_and_subscribers_are_as_in_the_queue() {
    let (builder, log) = stored(&Arc::new(MemoryBacklog::default()));
    let bus = builder.handler::<slow>().start().unwrap();
    let seen = log.clone();
    let _subscription = bus.on::<Job>(move |job| seen.add(format!("seen {}", job.number)));
    for number in [1, 2] {
        bus.post(Job { key: Some(7), number }).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(log.take(), ["seen 1", "begins 1", "ends 1", "seen 2", "begins 2", "ends 2"]);
}

#[handler]
async fn slow(job: &Job, log: State<Log>) {
    log.add(format!("begins {}", job.number));
    sleep(Duration::from_secs(1)).await;
    log.add(format!("ends {}", job.number));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_leaves_what_was_not_begun_to_the_next_bus() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let first = builder.handler::<slow>().start().unwrap();
    for number in [1, 2] {
        first.post(Job { key: Some(7), number }).await.unwrap();
    }
    let later = first.post(job(3)).after(Duration::from_secs(60)).await.unwrap();
    tokio::task::yield_now().await;
    sleep(Duration::from_millis(10)).await;
    first.shutdown(SOON).await.unwrap();
    assert_eq!(log.take(), ["begins 1", "ends 1"]);
    assert_eq!(first.post(job(4)).await.unwrap_err().reason(), PostRefusal::Closed);
    assert!(later.is_pending().await.unwrap());
    let (builder, log) = stored(&backlog);
    let second = builder.handler::<slow>().start().unwrap();
    second.idle().await;
    assert_eq!(log.take(), ["begins 2", "ends 2"]);
    sleep(Duration::from_secs(70)).await;
    assert_eq!((log.take().len(), backlog.count().await.unwrap()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_gives_back_what_it_ends() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let first = builder.handler::<slow>().start().unwrap();
    first.post(job(1)).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    let error = first.shutdown(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(error.unfinished()[0].event_type(), "backlogs.job");
    sleep(Duration::from_secs(5)).await;
    assert_eq!((log.take(), backlog.count().await.unwrap()), (vec!["begins 1".into()], 1));
    let (builder, log) = stored(&backlog);
    let second = builder.handler::<slow>().start().unwrap();
    second.idle().await;
    assert_eq!(log.take(), ["begins 1", "ends 1"]);
}

#[tokio::test(start_paused = true)]
async fn handlers_are_found_by_identity_and_those_that_are_gone_are_letters() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, _) = stored(&backlog);
    let first = builder.handler::<count>().handler::<slow>().start().unwrap();
    first.post(Next { number: 1 }).after(Duration::from_secs(1)).await.unwrap();
    first.post(job(2)).after(Duration::from_secs(1)).await.unwrap();
    first.shutdown(SOON).await.unwrap();
    let (builder, log) = stored(&backlog);
    let second = builder.handler::<newer>().start().unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(log.take(), ["newer 1"]);
    let letters = second.dead_letters().list().await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.recipient(), Some(&LetterRecipient::Handler("delivery::backlogs::slow".into())));
    assert_eq!(letter.attempts()[0].kind(), AttemptKind::NoHandler);
    assert_eq!(backlog.count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_full_backlog_is_waited_for_and_cannot_be_tried() {
    let (builder, log) = stored(&Arc::new(MemoryBacklog::new(1, 1_000_000)));
    let bus = builder.handler::<quick>().start().unwrap();
    for number in 0..20 {
        bus.post(job(number)).await.unwrap();
    }
    bus.idle().await;
    assert_eq!(log.take(), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    let error = bus.post(job(1)).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::MustWait);
    assert!(error.to_string().ends_with("which takes time; await the post"), "{error}");
    assert!(bus.post(job(1)).after(SOON).try_send().is_err());
}

#[handler]
fn quick(job: &Job, log: State<Log>) {
    log.add(job.number.to_string());
}

#[handler]
async fn stuck_once(_: &Job, tries: State<Tries>, log: State<Log>) {
    log.add("stuck_once");
    if tries.0.fetch_add(1, SeqCst) == 0 {
        std::future::pending::<()>().await;
    }
}

#[test]
fn what_a_runtime_has_begun_is_gone_on_with_by_another() {
    let (builder, log) = stored(&Arc::new(MemoryBacklog::default()));
    let bus = builder.handler::<quick>().handler::<stuck_once>().start().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        bus.post(job(1)).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    });
    assert_eq!(log.take(), ["1", "stuck_once"]);
    let waiting = std::thread::spawn({
        let bus = bus.clone();
        move || runtime().block_on(async { timeout(SOON, bus.idle()).await.is_ok() })
    });
    std::thread::sleep(Duration::from_millis(50));
    drop(first);
    assert!(waiting.join().unwrap());
    assert_eq!(log.take(), ["stuck_once"]);
}

#[tokio::test]
async fn a_delivery_may_acknowledge_itself() {
    /// As a layer does that stores what follows in a transaction of its own.
    struct Own(Arc<MemoryBacklog>, Arc<Log>);
    impl Interceptor for Own {
        fn after_delivery(&self, delivery: &Delivery<'_>, _: Result<(), &FailureKind>, _: Duration) {
            let Some(mut done) = delivery.acknowledgement() else { return };
            assert_eq!(
                (done.handlers.len(), done.posts.len()),
                (1, usize::from(delivery.event_type() == Job::TYPE))
            );
            done.posts.retain(|post| post.handlers == ["backlogs.count"]);
            self.1.add(format!("{} acknowledges itself", delivery.event_type()));
            self.0.acknowledge(done).now_or_never().unwrap().unwrap();
        }
    }
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let own = Own(backlog.clone(), log.clone());
    let builder = builder.interceptor(own).handler::<follow>().handler::<count>();
    let bus = builder.start().unwrap();
    bus.post(job(7)).await.unwrap();
    bus.idle().await;
    let lines =
        ["backlogs.job acknowledges itself", "next 7", "backlogs.next acknowledges itself"].map(String::from);
    assert_eq!((log.take(), backlog.count().await.unwrap()), (lines.to_vec(), 0));
}

#[handler]
fn follow(job: &Job) -> Next {
    Next { number: job.number }
}

#[handler]
async fn stores(job: &Job, context: Context, log: State<Log>) -> Next {
    context.bus().post(Next { number: 100 + job.number }).await.unwrap();
    log.add("stores");
    Next { number: job.number }
}

#[tokio::test]
async fn what_is_posted_beyond_the_capacity_stays_in_the_queue_and_stores_what_it_posts() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let bus = builder.handler::<stores>().handler::<count>().start().unwrap();
    bus.post(job(1)).beyond_capacity().try_send().unwrap();
    assert_eq!(backlog.count().await.unwrap(), 0);
    bus.idle().await;
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["next 1", "next 101", "stores"]);
    assert_eq!(backlog.count().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_when_the_bus_shuts_down_is_told_so() {
    let (builder, _log) = stored(&Arc::new(MemoryBacklog::new(1, 1_000_000)));
    let bus = builder.handler::<slow>().start().unwrap();
    bus.post(job(1)).await.unwrap();
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.post(job(2)).await.unwrap_err().reason() }
    });
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(waiting.await.unwrap(), PostRefusal::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_poster_is_told_that_the_backlog_failed_and_the_rest_goes_on_when_it_does() {
    let calls = AtomicU32::new(0);
    let backlog =
        Faulty::new(
            move |_| {
                if calls.fetch_add(1, SeqCst).is_multiple_of(2) { Way::Fails } else { Way::AtOnce }
            },
        );
    let (builder, log) = bus();
    let bus = builder.backlog(backlog.clone()).handler::<quick>().start().unwrap();
    let mut accepted = Vec::new();
    for number in 0..20 {
        match bus.post(job(number)).await {
            Ok(()) => accepted.push(number.to_string()),
            Err(error) => {
                assert_eq!(error.reason(), PostRefusal::Store);
                assert!(
                    error.to_string().ends_with("cannot be read or written now: the disk is full"),
                    "{error}"
                );
                assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<StoreError>()));
            }
        }
    }
    assert!((1..20).contains(&accepted.len()));
    timeout(Duration::from_secs(600), bus.idle()).await.unwrap();
    assert_eq!((log.take(), backlog.count().await.unwrap()), (accepted, 0));
}

#[tokio::test]
async fn what_is_not_acknowledged_since_the_backlog_panics_is_a_letter() {
    let panics = AtomicBool::new(true);
    let backlog = Faulty::new(move |call| {
        let panics = call == Call::Acknowledge && panics.swap(false, SeqCst);
        if panics { Way::Panics } else { Way::AtOnce }
    });
    let (builder, log) = bus();
    let builder = builder.backlog(backlog.clone()).handler::<follow>().handler::<count>();
    let bus = builder.start().unwrap();
    bus.post(job(1)).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!((log.take(), backlog.count().await.unwrap()), (vec![], 0));
    let [letter] = &bus.dead_letters().list().await.unwrap()[..] else { panic!("what it emitted is lost") };
    assert_eq!(letter.attempts()[0].error(), "panicked: the backlog panics");
    bus.dead_letters().redeliver(letter.id()).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["next 1"]);
}

#[handler]
fn tells(failed: &DeliveryFailed, log: State<Log>) {
    log.add(failed.error.clone());
}

#[tokio::test]
async fn each_subscriber_that_fails_is_told_of() {
    let (builder, log) = stored(&Arc::new(MemoryBacklog::default()));
    let bus = builder.handler::<tells>().start().unwrap();
    let _subscriptions = ["one", "two"].map(|name| bus.on::<Job>(move |_| panic!("{name}")));
    bus.post(job(1)).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["panicked: one", "panicked: two"]);
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bus_is_idle_when_an_event_was_done_before_its_post_was_told() {
    let way = |call| if call == Call::Post { Way::ToldLater } else { Way::AtOnce };
    let (builder, log) = bus();
    let bus = builder.backlog(Faulty::new(way)).handler::<quick>().start().unwrap();
    bus.post(job(1)).await.unwrap();
    assert_eq!(log.take(), ["1"]);
    timeout(SOON, bus.idle()).await.unwrap();
}

#[tokio::test]
async fn a_post_waits_for_room_and_for_nothing_else_that_a_backlog_lacks() {
    let fails = AtomicBool::new(true);
    let backlog = Faulty::new(move |call| {
        let fails = call == Call::Post && fails.swap(false, SeqCst);
        if fails { Way::Fails } else { Way::AtOnce }
    });
    let (builder, log) = bus();
    let bus = builder.backlog(backlog.clone()).handler::<quick>().start().unwrap();
    assert_eq!(bus.post(job(1)).await.unwrap_err().reason(), PostRefusal::Store);
    bus.post(job(2)).await.unwrap();
    bus.idle().await;
    assert_eq!((log.take(), backlog.count().await.unwrap()), (vec!["2".into()], 0));
}

#[test]
fn a_failure_of_a_store_says_its_cause_and_is_the_same_as_its_clones_alone() {
    let error = || StoreError::new(StoreErrorKind::Unavailable, "the disk is full");
    let (one, other) = (error(), error());
    assert_eq!(one, one.clone());
    assert_ne!(one, other);
    assert_eq!(std::error::Error::source(&one).unwrap().to_string(), "the disk is full");
}

/// Says how much is stored when it has posted something, and is not done itself.
#[handler]
async fn stores_at_once(_: &Job, context: Context, backlog: State<MemoryBacklog>, log: State<Log>) {
    context.bus().post(Next { number: 1 }).await.unwrap();
    log.add(format!("{} stored", backlog.count().await.unwrap()));
}

#[tokio::test]
async fn what_the_handler_of_an_event_in_the_queue_posts_is_stored_before_that_handler_is_done() {
    let backlog = Arc::new(MemoryBacklog::default());
    let (builder, log) = stored(&backlog);
    let builder = builder.shared_state(backlog).handler::<stores_at_once>().handler::<count>();
    let bus = builder.start().unwrap();
    bus.post(job(1)).beyond_capacity().try_send().unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["1 stored", "next 1"]);
}
