//! Posted events that are due later.

use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use atoms::prelude::*;
use atoms::{Clock, DelayName, DelayedEvent, MemoryBacklog, PostRefusal, Timestamp};
use tokio::time::{Instant, sleep};

use crate::faulty::{Call, Faulty, Way};
use crate::{Log, SOON, bus};

#[event(type = "delayed.reminder")]
struct Reminder {
    text: String,
}

#[event(type = "delayed.step")]
struct Step {
    #[event(key)]
    order_id: String,
    number: u32,
}

#[handler]
fn step(step: &Step, log: State<Log>) {
    log.add(format!("{} {}", step.order_id, step.number));
}

fn next(number: u32) -> Step {
    Step { order_id: "o-1".into(), number }
}

const IN_ORDER: [&str; 3] = ["o-1 0", "o-1 1", "o-1 2"];

#[handler]
fn remind(reminder: &Reminder, log: State<Log>) {
    log.add(&*reminder.text);
}

fn reminder(text: &str) -> Reminder {
    Reminder { text: text.into() }
}

/// By the clock that goes with tokio's.
fn unix_seconds() -> i64 {
    Clock::new().now().unix_micros() / 1_000_000
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test(start_paused = true)]
async fn delayed_events_come_when_they_are_due() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let late = bus.post(reminder("late")).after(secs(60)).await.unwrap();
    let early = bus.post(reminder("early")).after(secs(30)).await.unwrap();
    bus.idle().await;
    assert!(log.take().is_empty());
    sleep(secs(31)).await;
    assert_eq!(log.take(), ["early"]);
    assert_eq!((early.is_pending().await.unwrap(), late.is_pending().await.unwrap()), (false, true));
    sleep(secs(30)).await;
    assert_eq!(log.take(), ["late"]);
    assert!(!late.cancel().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_is_due_earlier_does_not_wait_for_what_was_delayed_before() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    bus.post(reminder("late")).after(secs(60)).await.unwrap();
    // By now somebody sleeps until then.
    sleep(secs(1)).await;
    bus.post(reminder("early")).after(secs(5)).await.unwrap();
    sleep(secs(10)).await;
    assert_eq!(log.take(), ["early"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_be_due_at_a_point_in_time() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let in_an_hour = Timestamp::from(SystemTime::now() + secs(3_600));
    let began = Instant::now();
    bus.post(reminder("in an hour")).at(in_an_hour).await.unwrap();
    bus.post(reminder("over")).at(Timestamp::from(SystemTime::UNIX_EPOCH)).await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(log.take(), ["over"]);
    let expected = bus.expect::<Reminder>(|reminder| reminder.text == "in an hour");
    expected.await.unwrap();
    assert!((3_590..3_610).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_never_comes() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let cancelled = bus.post(reminder("cancelled")).after(secs(5)).await.unwrap();
    assert!(cancelled.cancel().await.unwrap());
    // The place of the one that was cancelled is taken by another one.
    let kept = bus.post(reminder("kept")).after(secs(5)).await.unwrap();
    assert!(!cancelled.cancel().await.unwrap());
    assert!(kept.is_pending().await.unwrap() && !cancelled.is_pending().await.unwrap());
    sleep(secs(6)).await;
    assert_eq!(log.take(), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_takes_room_until_it_is_handled_or_cancelled() {
    let (builder, log) = bus();
    let bus = builder.queue_capacity(1).handler::<remind>().start().unwrap();
    let first = bus.post(reminder("first")).after(secs(5)).try_send().unwrap();
    let error = bus.post(reminder("second")).after(secs(5)).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::Full { capacity: 1 });
    assert!(first.cancel().await.unwrap());
    let second = bus.post(reminder("second")).after(secs(5)).await.unwrap();
    // What is due now has room of its own.
    bus.post(reminder("third")).await.unwrap();
    assert!(second.is_pending().await.unwrap());
    sleep(secs(6)).await;
    assert_eq!(log.take(), ["third", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_hands_back_what_is_not_due() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let began = Instant::now();
    let pending = bus.post(reminder("never")).after(secs(3_600)).await.unwrap();
    let sooner = Timestamp::from(SystemTime::now() + secs(60));
    bus.post(reminder("sooner")).at(sooner).named("nag", 7).await.unwrap();
    let delayed = bus.shutdown(SOON).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    let text = |delayed: &DelayedEvent| delayed.event().downcast_ref::<Reminder>().unwrap().text.clone();
    assert_eq!(delayed.iter().map(text).collect::<Vec<_>>(), ["sooner", "never"]);
    assert_eq!((delayed[0].due(), delayed[0].name()), (sooner, Some(&DelayName::new("nag", "7"))));
    assert_eq!(delayed[0].to_string(), format!("`delayed.reminder` at {sooner}, `nag` of `7`"));
    assert_eq!(delayed[1].to_string(), format!("`delayed.reminder` at {}", delayed[1].due()));
    assert_eq!(delayed[1].name(), None);
    assert!((3_590..3_610).contains(&(delayed[1].due().unix_micros() / 1_000_000 - unix_seconds())));
    assert!(bus.shutdown(SOON).await.unwrap().is_empty(), "they are handed back once");
    assert!(!pending.is_pending().await.unwrap() && !pending.cancel().await.unwrap());
    sleep(secs(7_200)).await;
    assert!(log.take().is_empty());
    let refused = bus.post(reminder("late")).after(secs(1)).await.unwrap_err();
    assert_eq!(refused.reason(), PostRefusal::Closed);
}

#[test]
fn a_delay_goes_on_in_another_runtime() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime().block_on(async {
        bus.post(reminder("late")).after(secs(3_600)).await.unwrap();
    });
    runtime().block_on(async {
        bus.post(reminder("now")).await.unwrap();
        sleep(secs(60)).await;
        assert_eq!(log.take(), ["now"]);
    });
}

#[tokio::test(start_paused = true)]
async fn events_of_one_key_with_one_delay_keep_their_order() {
    let (builder, log) = bus();
    let bus = builder.handler::<step>().start().unwrap();
    for number in 0..3 {
        bus.post(next(number)).after(secs(5)).await.unwrap();
    }
    sleep(secs(6)).await;
    assert_eq!(log.take(), IN_ORDER);
}

#[tokio::test(start_paused = true)]
async fn events_that_are_overdue_come_in_the_order_of_their_deadlines() {
    let (builder, log) = bus();
    let bus = builder.handler::<step>().start().unwrap();
    let epoch = SystemTime::UNIX_EPOCH;
    for (number, due) in [(1, epoch + secs(9)), (2, epoch + secs(9)), (0, epoch)] {
        bus.post(next(number)).at(Timestamp::from(due)).await.unwrap();
    }
    sleep(secs(1)).await;
    assert_eq!(log.take(), IN_ORDER);
}

#[test]
fn events_keep_their_order_in_another_runtime() {
    let (builder, log) = bus();
    let bus = builder.handler::<step>().start().unwrap();
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let in_a_minute = Timestamp::from(SystemTime::now() + secs(60));
    runtime().block_on(async {
        bus.post(next(0)).after(secs(50)).await.unwrap();
        for number in 1..3 {
            bus.post(next(number)).at(in_a_minute).await.unwrap();
        }
    });
    runtime().block_on(async {
        bus.post(reminder("nobody takes this")).await.unwrap();
        sleep(secs(120)).await;
    });
    assert_eq!(log.take(), IN_ORDER);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_early_however_long_it_waits() {
    let (builder, log) = bus();
    let bus = builder.handler::<step>().start().unwrap();
    const YEAR: u64 = 365 * 24 * 3_600;
    bus.post(next(1)).at(Timestamp::from(SystemTime::now() + secs(3 * YEAR))).await.unwrap();
    bus.post(next(0)).after(secs(2 * YEAR)).await.unwrap();
    let never = bus.post(next(2)).after(Duration::MAX).await.unwrap();
    sleep(secs(2 * YEAR - 60)).await;
    assert!(log.take().is_empty());
    sleep(secs(120)).await;
    assert_eq!(log.take(), IN_ORDER[..1]);
    sleep(secs(YEAR)).await;
    assert_eq!(log.take(), IN_ORDER[1..2]);
    assert!(never.is_pending().await.unwrap());
}

#[event(type = "delayed.block")]
struct Block {}

/// Whether there was a step, and whether that was while a handler blocked its thread.
#[derive(Default)]
struct Came(AtomicBool, Mutex<Option<bool>>);

/// Blocks its thread until there is a step, or for too long.
#[handler]
fn block(_: &Block, came: State<Came>) {
    let began = std::time::Instant::now();
    while !came.0.load(SeqCst) && began.elapsed() < secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
    *came.1.lock().unwrap() = Some(came.0.load(SeqCst));
}

#[handler]
fn come(_: &Step, came: State<Came>) {
    came.0.store(true, SeqCst);
}

impl Came {
    async fn in_time(&self) -> bool {
        loop {
            if let Some(in_time) = *self.1.lock().unwrap() {
                return in_time;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn with_blocks() -> (Bus, Arc<Came>) {
    let came = Arc::new(Came::default());
    let builder = bus().0.shared_state(came.clone());
    (builder.handler::<come>().handler::<block>().start().unwrap(), came)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_blocks_its_thread_does_not_hold_up_what_is_due() {
    // Other tasks with timers, of which one may be the one that looks after all timers.
    for _ in 0..16 {
        tokio::spawn(async {
            let mut interval = tokio::time::interval(Duration::from_millis(2));
            loop {
                interval.tick().await;
            }
        });
    }
    for (blocks_after, due_after) in [(50, 100), (50, 50), (0, 50)] {
        let (bus, came) = with_blocks();
        bus.post(Block {}).after(Duration::from_millis(blocks_after)).await.unwrap();
        bus.post(next(0)).after(Duration::from_millis(due_after)).await.unwrap();
        assert!(came.in_time().await, "{blocks_after} {due_after}");
    }
}

/// Nothing else keeps a thread awake, which would then look after the timers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_the_only_thread_that_is_awake_does_not_hold_up_what_is_due() {
    for _ in 0..4 {
        let (bus, came) = with_blocks();
        bus.post(Block {}).after(Duration::from_millis(50)).await.unwrap();
        bus.post(next(0)).after(Duration::from_millis(100)).await.unwrap();
        assert!(came.in_time().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_posted_event_that_blocks_its_thread_does_not_hold_up_what_is_due() {
    for _ in 0..8 {
        let (bus, came) = with_blocks();
        bus.post(next(0)).after(Duration::from_millis(50)).await.unwrap();
        // From a thread of the runtime, which then has it run.
        let poster = bus.clone();
        tokio::spawn(async move { poster.post(Block {}).await.unwrap() }).await.unwrap();
        assert!(came.in_time().await);
    }
}

#[tokio::test(start_paused = true)]
async fn no_delay_is_too_long_whenever_it_begins() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    const DAY: u64 = 24 * 3_600;
    assert!(bus.post(reminder("first")).after(secs(1)).await.unwrap().is_pending().await.unwrap());
    for _ in 0..4 {
        sleep(secs(300 * DAY)).await;
        assert!(bus.post(reminder("far")).after(Duration::MAX).await.unwrap().cancel().await.unwrap());
    }
    assert_eq!(log.take(), ["first"]);
}

#[test]
fn in_a_runtime_without_time_a_delayed_post_panics_and_takes_no_room() {
    let bus = bus().0.queue_capacity(1).handler::<remind>().start().unwrap();
    let runtime = |has_time: bool| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        if has_time { builder.enable_time().build().unwrap() } else { builder.build().unwrap() }
    };
    runtime(false).block_on(async {
        let sent = || drop(bus.post(reminder("never")).after(secs(1)).try_send());
        let awaited = || drop(bus.post(reminder("never")).after(secs(1)).into_future());
        assert!(catch_unwind(AssertUnwindSafe(sent)).is_err());
        assert!(catch_unwind(AssertUnwindSafe(awaited)).is_err());
    });
    runtime(true).block_on(async { drop(bus.post(reminder("later")).after(secs(1)).try_send().unwrap()) });
}

#[handler]
async fn posts_a_reminder(step: &Step, context: Context) {
    let delay = secs(3_600);
    let post = context.bus().post(reminder(&step.order_id)).after(delay);
    post.named("reminder", &step.order_id).await.unwrap();
    sleep(secs(step.number.into())).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_posts_for_later_is_handed_back_too_and_so_is_what_no_handler_has_begun() {
    let (builder, _) = bus();
    let bus = builder.handler::<posts_a_reminder>().start().unwrap();
    bus.post(next(1)).await.unwrap();
    tokio::task::yield_now().await;
    let delayed = bus.shutdown(SOON).await.unwrap();
    assert_eq!(delayed.len(), 1);
    assert_eq!(delayed[0].name().unwrap().key(), "o-1");

    let bus = crate::bus().0.handler::<posts_a_reminder>().start().unwrap();
    bus.post(reminder("later")).after(secs(60)).await.unwrap();
    // Of one key: the second waits for the first.
    bus.post(next(60)).await.unwrap();
    bus.post(next(61)).await.unwrap();
    tokio::task::yield_now().await;
    let error = bus.shutdown(secs(5)).await.unwrap_err();
    let of = |event: &atoms::AnyEvent| event.downcast_ref::<Step>().map(|step| step.number);
    let unfinished: Vec<_> = error.unfinished().iter().map(|it| it.event().and_then(of)).collect();
    assert_eq!(unfinished, [None, Some(61)], "what was begun is not to be posted again");
    assert_eq!(error.delayed().len(), 1);
}

/// In the queue, and in a backlog.
fn buses() -> [Bus; 2] {
    let builders = [bus().0, bus().0.backlog(Arc::new(MemoryBacklog::default()))];
    builders.map(|builder| builder.handler::<posts_a_reminder>().start().unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_by_name_is_listed_and_cancelled_by_name() {
    for bus in buses() {
        let post = async |text: &str, delay, name: &str, key: u64| {
            bus.post(reminder(text)).after(secs(delay)).named(name, key).await.unwrap()
        };
        post("c", 30, "reminder", 1).await;
        post("a", 10, "reminder", 2).await;
        let twice = post("b", 20, "reminder", 1).await;
        post("d", 40, "offer", 1).await;
        bus.post(reminder("e")).after(secs(50)).await.unwrap();
        let texts = async |listed: atoms::DelayedPosts<'_>| {
            let events = listed.list().await.unwrap().into_iter().map(DelayedEvent::into_event);
            events.map(|it| it.downcast_ref::<Reminder>().unwrap().text.clone()).collect::<String>()
        };
        assert_eq!(texts(bus.delayed()).await, "abcde");
        assert_eq!(texts(bus.delayed().named("reminder")).await, "abc");
        assert_eq!(texts(bus.delayed().named("reminder").key(1)).await, "bc");
        assert_eq!(texts(bus.delayed().key(1)).await, "bcd");
        assert_eq!(texts(bus.delayed().named("other")).await, "");
        assert_eq!(texts(bus.delayed().limit(2)).await, "ab");
        let in_ten = bus.delayed().list().await.unwrap()[0].due().unix_micros() / 1_000_000 - unix_seconds();
        assert!((5..15).contains(&in_ten), "{in_ten}");

        assert_eq!(bus.delayed().named("reminder").key(1).cancel_all().await.unwrap(), 2);
        assert_eq!(bus.delayed().named("reminder").key(1).cancel_all().await.unwrap(), 0);
        assert!(!twice.is_pending().await.unwrap());
        sleep(secs(15)).await;
        assert_eq!(texts(bus.delayed()).await, "de", "what is due is not listed any more");
        assert_eq!(bus.delayed().cancel_all().await.unwrap(), 2);
        let depths = bus.queue_depths().await.unwrap();
        assert_eq!((depths.delayed.events, depths.delayed.bytes), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn those_in_a_backlog_are_cancelled_at_once_and_do_not_wait_for_each_other() {
    let way = |call| if call == Call::Cancel { Way::ToldLater } else { Way::AtOnce };
    let bus = bus().0.backlog(Faulty::new(way)).start().unwrap();
    for number in 0..20 {
        bus.post(reminder("it")).after(secs(60)).named("reminder", number).await.unwrap();
    }
    let began = Instant::now();
    assert_eq!(bus.delayed().named("reminder").cancel_all().await.unwrap(), 20);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_posts_by_name_is_listed_when_the_handler_is_done() {
    for bus in buses() {
        bus.post(next(1)).await.unwrap();
        sleep(Duration::from_millis(500)).await;
        assert!(bus.delayed().list().await.unwrap().is_empty());
        sleep(secs(1)).await;
        let listed = bus.delayed().named("reminder").key("o-1").list().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(bus.delayed().named("reminder").cancel_all().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_name_is_bounded_and_takes_room() {
    let long = "x".repeat(DelayName::MAX_BYTES);
    for bus in buses() {
        let before = bus.queue_depths().await.unwrap().delayed.bytes;
        bus.post(reminder("it")).after(secs(60)).named(&*long, &long).await.unwrap();
        let named = bus.queue_depths().await.unwrap().delayed.bytes - before;
        assert!(named > 2 * DelayName::MAX_BYTES, "{named}");
        for (name, key) in [(format!("{long}y"), "k".to_owned()), ("n".to_owned(), format!("{long}y"))] {
            let error = bus.post(reminder("it")).after(secs(60)).named(&*name, &key).await.unwrap_err();
            assert_eq!(error.reason(), PostRefusal::NameTooLong);
            assert!(error.to_string().contains("more than 256 bytes"), "{error}");
            let error = bus.post(reminder("it")).after(secs(60)).named(name, key).try_send().unwrap_err();
            assert_eq!(error.reason(), PostRefusal::NameTooLong);
        }
        assert_eq!(bus.delayed().list().await.unwrap().len(), 1);
    }
}
