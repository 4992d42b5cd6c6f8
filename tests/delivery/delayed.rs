//! Posted events that are due later.

use std::time::{Duration, SystemTime};

use atoms::prelude::*;
use atoms::{PostRefusal, Timestamp};
use tokio::time::{Instant, sleep};

use crate::{Log, SOON, bus};

#[event(type = "delayed.reminder")]
struct Reminder {
    text: String,
}

#[handler]
fn remind(reminder: &Reminder, log: State<Log>) {
    log.add(&*reminder.text);
}

fn reminder(text: &str) -> Reminder {
    Reminder { text: text.into() }
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
    assert_eq!((early.is_pending(), late.is_pending()), (false, true));
    sleep(secs(30)).await;
    assert_eq!(log.take(), ["late"]);
    assert!(!late.cancel());
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
    assert!(cancelled.cancel());
    // The place of the one that was cancelled is taken by another one.
    let kept = bus.post(reminder("kept")).after(secs(5)).await.unwrap();
    assert!(!cancelled.cancel());
    assert!(kept.is_pending() && !cancelled.is_pending());
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
    assert!(first.cancel());
    let second = bus.post(reminder("second")).after(secs(5)).await.unwrap();
    // What is due now has room of its own.
    bus.post(reminder("third")).await.unwrap();
    assert!(second.is_pending());
    sleep(secs(6)).await;
    assert_eq!(log.take(), ["third", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_cancels_what_is_not_due_and_says_so() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    let began = Instant::now();
    let pending = bus.post(reminder("never")).after(secs(3_600)).await.unwrap();
    let error = bus.shutdown(SOON).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(error.unfinished().len(), 1);
    assert_eq!(error.unfinished()[0].event_type(), "delayed.reminder");
    assert!(!pending.is_pending() && !pending.cancel());
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
async fn no_delay_is_too_long_whenever_it_begins() {
    let (builder, log) = bus();
    let bus = builder.handler::<remind>().start().unwrap();
    const DAY: u64 = 24 * 3_600;
    assert!(bus.post(reminder("first")).after(secs(1)).await.unwrap().is_pending());
    for _ in 0..4 {
        sleep(secs(300 * DAY)).await;
        assert!(bus.post(reminder("far")).after(Duration::MAX).await.unwrap().cancel());
    }
    assert_eq!(log.take(), ["first"]);
}
