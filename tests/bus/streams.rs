//! Events of a running bus as a stream, and one that is expected.

use std::time::Duration;

use atoms::prelude::*;
use atoms::{ExpectError, Lagged};
use tokio::time::{Instant, sleep};

use crate::{SOON, bus};

#[event(type = "streams.ticked")]
struct Ticked {
    number: u64,
}

#[event(type = "streams.other")]
struct Other {}

fn empty() -> Bus {
    bus().start().unwrap()
}

async fn tick(bus: &Bus, number: u64) {
    bus.emit(Ticked { number }).await.into_result().unwrap();
}

#[tokio::test]
async fn a_stream_has_what_came_since_it_was_made() {
    let bus = empty();
    let early = bus.emit(Ticked { number: 0 });
    let mut ticks = bus.stream::<Ticked>();
    drop(early);
    drop(bus.emit(Other {}).await);
    tick(&bus, 1).await;
    tick(&bus, 2).await;
    for number in 1..=2 {
        assert_eq!(ticks.next().await.unwrap().unwrap().number, number);
    }
    assert!(tokio::time::timeout(Duration::ZERO, ticks.next()).await.is_err());
}

#[tokio::test]
async fn a_slow_stream_is_told_how_much_it_lost() {
    let bus = empty();
    let mut slow = bus.stream::<Ticked>();
    for number in 0..1_030 {
        tick(&bus, number).await;
    }
    assert_eq!(slow.next().await.unwrap().unwrap_err(), Lagged(6));
    for number in 6..1_030 {
        assert_eq!(slow.next().await.unwrap().unwrap().number, number);
    }
    bus.shutdown(SOON).await.unwrap();
    assert!(slow.next().await.is_none());
}

#[event(type = "streams.noted")]
struct Noted {
    text: String,
}

#[tokio::test]
async fn a_slow_stream_keeps_no_more_bytes_than_it_may() {
    let bus = bus().stream_bytes(100_000).start().unwrap();
    let (mut slow, mut other) = (bus.stream::<Noted>(), bus.stream::<Noted>());
    for number in 0..50 {
        bus.emit(Noted { text: number.to_string().repeat(10_000 / number.to_string().len()) })
            .await
            .into_result()
            .unwrap();
    }
    let Lagged(lost) = slow.next().await.unwrap().unwrap_err();
    assert!((40..42).contains(&lost), "{lost}");
    for number in lost..50 {
        assert!(slow.next().await.unwrap().unwrap().text.starts_with(&number.to_string()));
    }
    // One that is too large is kept alone.
    bus.emit(Noted { text: "x".repeat(1_000_000) }).await.into_result().unwrap();
    assert_eq!(other.next().await.unwrap().unwrap_err(), Lagged(50));
    assert_eq!(other.next().await.unwrap().unwrap().text.len(), 1_000_000);
}

#[tokio::test]
async fn how_many_events_a_stream_keeps_is_configured() {
    let bus = bus().stream_capacity(2).start().unwrap();
    let mut slow = bus.stream::<Ticked>();
    for number in 0..5 {
        tick(&bus, number).await;
    }
    assert_eq!(slow.next().await.unwrap().unwrap_err(), Lagged(3));
    assert_eq!(slow.next().await.unwrap().unwrap().number, 3);
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_no_subscriber() {
    let bus = empty();
    let stream = bus.stream::<Ticked>();
    let other = bus.stream::<Ticked>();
    other.unsubscribe();
    assert_eq!(bus.emit(Ticked { number: 1 }).await.deliveries().count(), 1);
    drop(stream);
    assert_eq!(bus.emit(Ticked { number: 2 }).await.deliveries().count(), 0);
}

#[tokio::test]
async fn the_first_that_is_expected_comes() {
    let bus = empty();
    let expected = bus.expect::<Ticked>(|ticked| ticked.number >= 3);
    for number in [1, 3, 4] {
        tick(&bus, number).await;
    }
    assert_eq!(expected.await.unwrap().number, 3);
}

#[tokio::test]
async fn what_came_is_expected_no_more() {
    let bus = empty();
    let expected = bus.expect::<Ticked>(|ticked| {
        assert_eq!(ticked.number, 1, "asked again");
        true
    });
    tick(&bus, 1).await;
    assert!(bus.emit(Ticked { number: 2 }).await.is_unhandled());
    assert_eq!(expected.await.unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_in_time_is_an_error() {
    let bus = empty();
    let expected = bus.expect::<Ticked>(|ticked| ticked.number == 7);
    let began = Instant::now();
    tick(&bus, 1).await;
    let error = expected.within(Duration::from_secs(3)).await.unwrap_err();
    let after = Duration::from_secs(3);
    assert_eq!(error, ExpectError::TimedOut { event_type: "streams.ticked", after });
    assert_eq!(error.to_string(), "`streams.ticked` did not come within 3s");
    assert_eq!(began.elapsed(), after);
    assert_eq!(bus.emit(Ticked { number: 7 }).await.deliveries().count(), 0, "it is a subscriber still");
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_time_is_there() {
    let bus = empty();
    let expected = bus.expect::<Ticked>(|_| true).within(Duration::from_secs(3));
    let emit = async {
        sleep(Duration::from_secs(2)).await;
        tick(&bus, 9).await;
    };
    let (expected, ()) = tokio::join!(expected, emit);
    assert_eq!(expected.unwrap().number, 9);
}

#[tokio::test]
async fn what_cannot_come_any_more_is_an_error() {
    let bus = empty();
    let waiting = tokio::spawn(bus.expect::<Ticked>(|_| false));
    let cancelled = bus.expect::<Ticked>(|_| true);
    cancelled.cancel();
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    let closed = ExpectError::Closed { event_type: "streams.ticked" };
    assert_eq!(waiting.await.unwrap().unwrap_err(), closed);
    assert_eq!(bus.expect::<Ticked>(|_| true).await.unwrap_err(), closed);
    assert!(bus.stream::<Ticked>().next().await.is_none());
}

#[tokio::test]
async fn what_came_before_the_shutdown_is_not_lost() {
    let bus = empty();
    let (mut stream, expected) = (bus.stream::<Ticked>(), bus.expect::<Ticked>(|_| true));
    tick(&bus, 1).await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(expected.await.unwrap().number, 1);
    assert_eq!(stream.next().await.unwrap().unwrap().number, 1);
    assert!(stream.next().await.is_none());
}
