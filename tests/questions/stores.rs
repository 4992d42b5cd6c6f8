//! Where questions are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::control::{
    AnswerError, End, Ending, MemoryQuestions, NotAnswered, OpenError, Opening, Question, QuestionAnswered,
    QuestionExpired, QuestionFilter, QuestionId, QuestionStore,
};
use atoms::prelude::*;
use atoms::{
    Backlog, EventId, MemoryBacklog, NewPost, StoreError, StoreErrorKind, StoreFuture, StoredEvents,
};
use tokio::time::{sleep, timeout};

use crate::{Log, SOON, ada, bus, plan};

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_a_store() {
    atoms::control::testing::questions::check(|capacity, bytes| async move {
        Arc::new(MemoryQuestions::new(capacity, bytes)) as Arc<dyn QuestionStore>
    })
    .await;
}

#[handler(id = "stores.answered")]
fn answered(answered: &QuestionAnswered, log: State<Log>) {
    log.add(format!("answered {:?}", answered.name));
}

#[handler(id = "stores.expired")]
fn expired(expired: &QuestionExpired, log: State<Log>) {
    log.add(format!("expired {:?}", expired.name));
}

#[event(type = "stores.refunded")]
struct Refunded {}

#[handler(id = "stores.refund")]
fn refund(_: &Refunded, log: State<Log>) {
    log.add("refunded");
}

fn start(store: &Arc<MemoryQuestions>) -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let builder = builder.handler::<answered>().handler::<expired>().handler::<refund>();
    (builder.question_store(store.clone()).start().unwrap(), log)
}

#[tokio::test]
async fn a_question_outlives_its_bus() {
    let store = Arc::new(MemoryQuestions::default());
    let (first, _) = start(&store);
    let opened = first.questions().open(plan().then(Refunded {})).await.unwrap();
    let id = opened.id();
    drop(first);
    assert!(matches!(opened.wait().await, Err(NotAnswered::Closed)));
    let (second, log) = start(&store);
    let waiting = tokio::spawn({
        let bus = second.clone();
        async move { bus.questions().wait::<Decision>(id).await }
    });
    sleep(Duration::from_millis(10)).await;
    second.questions().approve("plan-review").by(&ada()).await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_approved());
    second.idle().await;
    let mut told = log.take();
    told.sort_unstable();
    assert_eq!(told, [r#"answered Some("plan-review")"#, "refunded"]);
}

#[tokio::test]
async fn a_deadline_comes_in_whatever_process_there_is_then() {
    let store = Arc::new(MemoryQuestions::default());
    let (first, _) = start(&store);
    first.questions().open(plan().deadline(Duration::from_millis(30))).await.unwrap();
    drop(first);
    sleep(Duration::from_millis(40)).await;
    assert_eq!(store.count().await.unwrap(), 1);
    let (bus, log) = start(&store);
    let told = async {
        loop {
            bus.idle().await;
            match &log.take()[..] {
                [] => sleep(Duration::from_millis(1)).await,
                told => break told.to_vec(),
            }
        }
    };
    assert_eq!(timeout(SOON, told).await.unwrap(), [r#"expired Some("plan-review")"#]);
}

#[tokio::test]
async fn what_an_earlier_process_had_to_post_is_posted() {
    let store = Arc::new(MemoryQuestions::default());
    let question = {
        let bus = bus().0.start().unwrap();
        let id = bus.questions().open(plan()).await.unwrap().id();
        let question = bus.questions().get(id).await.unwrap().unwrap();
        (*question).clone()
    };
    // The process ended when the question was stored, and before anything was posted.
    let post = NewPost::new(Envelope::new(Refunded {}).into(), ["stores.refund"]);
    store.open(question.into(), vec![post]).await.unwrap();
    let (bus, log) = start(&store);
    let told = async {
        loop {
            bus.idle().await;
            match &log.take()[..] {
                [] => sleep(Duration::from_millis(1)).await,
                told => break told.to_vec(),
            }
        }
    };
    assert_eq!(timeout(SOON, told).await.unwrap(), ["refunded"]);
    assert!(store.unposted(8).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_posted_goes_into_the_backlog_of_the_bus() {
    let (builder, log) = bus();
    let backlog = Arc::new(MemoryBacklog::new(1, 1 << 20));
    let builder = builder.handler::<refund>().backlog(backlog.clone());
    let bus = builder.question_store(Arc::new(MemoryQuestions::default())).start().unwrap();
    for name in ["a", "b", "c"] {
        bus.questions().open(Checkpoint::new(name).then(Refunded {})).await.unwrap();
        bus.questions().approve(name).by(&ada()).await.unwrap();
    }
    let told = async {
        let mut told = Vec::new();
        while told.len() < 3 {
            bus.idle().await;
            told.extend(log.take());
            sleep(Duration::from_millis(1)).await;
        }
        told
    };
    assert_eq!(timeout(SOON, told).await.unwrap(), ["refunded"; 3]);
    assert_eq!(backlog.count().await.unwrap(), 0);
}

#[tokio::test]
async fn an_answer_does_not_wait_for_room_in_the_queue() {
    let (builder, log) = bus();
    let bus = builder.handler::<refund>().handler::<answer>().queue_capacity(1).start().unwrap();
    bus.questions().open(plan().then(Refunded {})).await.unwrap();
    // Its own handler takes the only room.
    bus.post(Reviewed {}).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(log.take(), ["approved", "refunded"]);
}

#[event(type = "stores.reviewed")]
struct Reviewed {}

#[handler]
async fn answer(_: &Reviewed, context: Context, log: State<Log>) {
    context.bus().questions().approve("plan-review").by(&ada()).await.unwrap();
    log.add("approved");
}

/// A store that writes events down as bytes, as one on a disk does.
#[tokio::test]
async fn the_events_of_a_question_are_written_with_what_they_carry() {
    let bus =
        bus().0.question_store(Arc::new(MemoryQuestions::default())).event::<Refunded>().start().unwrap();
    let opened = bus.questions().open(plan().then(Envelope::new(Refunded {}).carry(ada()))).await.unwrap();
    let question = bus.questions().get(opened.id()).await.unwrap().unwrap();
    let events: StoredEvents = bus.stored_events();
    let bytes = events.write(&question.then[0]).unwrap();
    let read = events.read(&bytes).unwrap();
    assert!(read.is::<Refunded>());
    assert_eq!(read.carried::<Principal>(), Some(&ada()));
}

/// A store that fails while it is told to.
#[derive(Default)]
struct Flaky {
    store: MemoryQuestions,
    fails: AtomicBool,
}

impl Flaky {
    fn unless_it_fails<'a, T: 'a>(&self, does: impl FnOnce() -> StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        if self.fails.load(Ordering::Relaxed) {
            return Box::pin(async { Err(StoreError::new(StoreErrorKind::Unavailable, "the disk is gone")) });
        }
        does()
    }
}

impl QuestionStore for Flaky {
    fn open(&self, question: Arc<Question>, posts: Vec<NewPost>) -> StoreFuture<'_, Opening> {
        self.unless_it_fails(|| self.store.open(question, posts))
    }

    fn end(&self, id: QuestionId, end: End, posts: Vec<NewPost>) -> StoreFuture<'_, Ending> {
        self.unless_it_fails(|| self.store.end(id, end, posts))
    }

    fn get(&self, id: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>> {
        self.store.get(id)
    }

    fn find(&self, name: String) -> StoreFuture<'_, Option<Arc<Question>>> {
        self.store.find(name)
    }

    fn list(
        &self,
        filter: QuestionFilter,
        above: Option<QuestionId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>> {
        self.store.list(filter, above, limit)
    }

    fn next_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<Arc<Question>>> {
        self.unless_it_fails(|| self.store.next_deadlines(limit))
    }

    fn unposted(&self, limit: usize) -> StoreFuture<'_, Vec<NewPost>> {
        self.unless_it_fails(|| self.store.unposted(limit))
    }

    fn posted(&self, events: Vec<EventId>) -> StoreFuture<'_, ()> {
        self.unless_it_fails(|| self.store.posted(events))
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        self.store.count()
    }
}

fn is_gone(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::Unavailable
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_of_and_tried_again() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let (builder, log) = bus();
    let store = Arc::new(Flaky::default());
    let builder = builder.handler::<expired>().handler::<refund>();
    let bus = builder.question_store(store.clone()).start().unwrap();
    let opened = bus.questions().open(plan().deadline(HOUR)).await.unwrap();
    bus.questions().open(Checkpoint::new("refund").then(Refunded {})).await.unwrap();

    store.fails.store(true, Ordering::Relaxed);
    let error = bus.questions().approve("refund").by(&ada()).await.unwrap_err();
    assert!(matches!(&error, AnswerError::Store(error) if is_gone(error)), "{error}");
    let error = bus.questions().open(Checkpoint::new("other")).await.unwrap_err();
    assert!(matches!(&error, OpenError::Store(error) if is_gone(error)), "{error}");
    sleep(2 * HOUR).await;
    assert_eq!(bus.questions().count().await.unwrap(), 2, "nothing has ended");

    store.fails.store(false, Ordering::Relaxed);
    assert!(matches!(timeout(SOON, opened.wait()).await.unwrap(), Err(NotAnswered::Expired(_))));
    bus.questions().approve("refund").by(&ada()).await.unwrap();
    bus.idle().await;
    let mut told = log.take();
    told.sort_unstable();
    assert_eq!(told, [r#"expired Some("plan-review")"#, "refunded"]);
}

#[tokio::test]
async fn an_answer_that_could_not_be_read_leaves_a_stored_question_open() {
    let directory = tempfile::tempdir().unwrap();
    let bus = bus().0.store(Sqlite::open(directory.path().join("q.db")).unwrap()).start().unwrap();
    let opened = bus.questions().open(Input::<u32>::new("count")).await.unwrap();
    for answer in ["5.0", "5e0", "-0.0", "4294967296", "1e30"] {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let error = bus.questions().answer("count", &answer).by(&ada()).await.unwrap_err();
        assert!(matches!(error, AnswerError::Wrong(_)), "{answer}: {error}");
    }
    bus.questions().answer("count", u32::MAX).by(&ada()).await.unwrap();
    assert_eq!(timeout(SOON, opened.wait()).await.unwrap().unwrap(), u32::MAX);
}
