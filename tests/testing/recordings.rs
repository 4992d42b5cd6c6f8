//! What was emitted on a bus, and what an assertion that fails says.

use std::time::Duration;

use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::{DeliveryFailed, Timestamp};
use futures_util::FutureExt;
use tokio::time::advance;

use crate::{bus, failure};

#[event(type = "kit.order.placed")]
struct Placed {
    order: u64,
    #[event(sensitive)]
    card: String,
}

#[event(type = "kit.order.confirmed")]
struct Confirmed {
    order: u64,
}

#[event(type = "kit.mail.sent")]
struct MailSent {
    order: u64,
}

#[event(type = "kit.payment.due")]
struct PaymentDue {
    order: u64,
}

fn placed(order: u64) -> Placed {
    Placed { order, card: "4111".into() }
}

#[handler]
fn confirm(placed: &Placed) -> Confirmed {
    Confirmed { order: placed.order }
}

#[handler]
async fn mail(confirmed: &Confirmed) -> Result<MailSent, String> {
    if confirmed.order == 13 {
        Err("no such address".into())
    } else {
        Ok(MailSent { order: confirmed.order })
    }
}

#[handler]
async fn remind(placed: &Placed, context: Context) {
    let due = PaymentDue { order: placed.order };
    context.bus().post(due).after(Duration::from_secs(3_600)).await.unwrap();
}

fn started() -> (Bus, Recording) {
    let bus = bus().handler::<confirm>().handler::<mail>().start().unwrap();
    let recorded = Recording::of(&bus);
    (bus, recorded)
}

#[tokio::test]
async fn payloads_counts_predicates_and_order_are_asserted() {
    let (bus, recorded) = started();
    for order in [1, 2] {
        bus.emit(placed(order)).await.into_result().unwrap();
    }
    assert_eq!(recorded.emitted::<Confirmed>().that(|it| it.order == 2).once().order, 2);
    let orders = recorded.emitted::<Confirmed>().times(2).into_iter().map(|it| it.order);
    assert_eq!(orders.collect::<Vec<_>>(), [1, 2]);
    recorded.emitted::<PaymentDue>().never();
    assert_eq!(recorded.emitted::<MailSent>().count(), 2);
    recorded.in_order::<(Placed, Confirmed, MailSent, Placed, MailSent)>();
    assert_eq!(recorded.types()[..3], ["kit.order.placed", "kit.order.confirmed", "kit.mail.sent"]);
    recorded.clear();
    recorded.emitted::<Placed>().never();
}

#[tokio::test]
async fn a_failure_shows_the_tree_and_marks_what_it_is_about() {
    let (bus, recorded) = started();
    for order in [1, 2] {
        bus.emit(placed(order)).await.into_result().unwrap();
    }
    let told = failure(|| recorded.emitted::<Confirmed>().once());
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "`kit.order.confirmed` was expected once, and came 2 times");
    assert!(lines[1].starts_with("what was recorded, and when"), "{told}");
    for (line, (mark, name)) in lines[2..].iter().zip([
        (' ', "kit.order.placed  Placed { order: 1, card: [redacted] }"),
        ('>', "  kit.order.confirmed  Confirmed { order: 1 }"),
        (' ', "    kit.mail.sent  MailSent { order: 1 }"),
        (' ', "kit.order.placed  Placed { order: 2, card: [redacted] }"),
        ('>', "  kit.order.confirmed  Confirmed { order: 2 }"),
        (' ', "    kit.mail.sent  MailSent { order: 2 }"),
    ]) {
        assert!(line.starts_with(mark), "{told}");
        assert!(line.ends_with(&format!("s  {name}")), "{line:?} is not {name:?}: {told}");
    }
    assert_eq!(lines.len(), 8, "{told}");

    let told = failure(|| recorded.emitted::<MailSent>().that(|it| it.order == 3).some());
    assert!(
        told.starts_with("`kit.mail.sent` as it was selected was expected at least once, and came never\n")
    );
    let told = failure(|| recorded.emitted::<Confirmed>().never());
    assert!(told.starts_with("`kit.order.confirmed` was expected never, and came 2 times\n"));
    let told = failure(|| recorded.emitted::<Confirmed>().times(3));
    assert!(told.starts_with("`kit.order.confirmed` was expected 3 times, and came 2 times\n"));
    let told = failure(|| recorded.in_order::<(MailSent, MailSent, Confirmed)>());
    assert!(told.starts_with("`kit.order.confirmed` did not come after `kit.mail.sent`\n"), "{told}");
    let told = failure(|| recorded.in_order::<PaymentDue>());
    assert!(told.starts_with("`kit.payment.due` did not come\n"), "{told}");
    recorded.clear();
    assert!(failure(|| recorded.emitted::<Placed>().once()).ends_with("came never\nnothing was recorded\n"));
}

#[tokio::test]
async fn nothing_else_is_what_no_assertion_was_about() {
    let (bus, recorded) = started();
    bus.emit(placed(1)).await.into_result().unwrap();
    recorded.emitted::<Confirmed>().once();
    let told = failure(|| recorded.nothing_else());
    assert!(told.starts_with("1 event was emitted that no assertion was about\n"), "{told}");
    let marked: Vec<_> = told.lines().filter(|line| line.starts_with('>')).collect();
    assert!(matches!(&marked[..], [line] if line.contains("kit.mail.sent")), "{told}");
    assert_eq!(recorded.emitted::<MailSent>().payloads()[0].order, 1);
    // What the test has sent itself does not count.
    recorded.nothing_else();

    bus.emit(placed(13)).await.into_result().unwrap_err();
    recorded.emitted::<Confirmed>().times(2);
    let told = failure(|| recorded.nothing_else());
    assert!(told.contains("atoms.delivery.failed") && told.contains("no such address"), "{told}");
    recorded.emitted::<DeliveryFailed>().once();
    recorded.nothing_else();
}

#[tokio::test]
async fn one_event_is_expected_after_the_other() {
    let (bus, recorded) = started();
    let later = bus.clone();
    tokio::spawn(async move {
        for order in [1, 2] {
            tokio::task::yield_now().await;
            later.post(placed(order)).await.unwrap();
        }
    });
    assert_eq!(recorded.expect::<MailSent>().await.order, 1);
    assert_eq!(recorded.expect::<MailSent>().await.order, 2);
    // One that came before is not missed.
    assert_eq!(recorded.expect_that::<Confirmed, _>(|it| it.order == 2).await.order, 2);
    assert_eq!(recorded.expect::<Confirmed>().await.order, 1);
    recorded.nothing_else();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_told_with_the_tree() {
    let (bus, recorded) = started();
    bus.emit(placed(1)).await.into_result().unwrap();
    recorded.expect::<MailSent>().await;
    let again = recorded.expect::<MailSent>();
    let panic = std::panic::AssertUnwindSafe(again).catch_unwind().await.map(drop).unwrap_err();
    let told = atoms::panic_message(panic);
    let expected = "`kit.mail.sent` did not come within 10s, beside those that were expected before\n";
    assert!(told.starts_with("tests/testing/recordings.rs:") && told.contains(expected), "{told}");
    assert!(told.contains("kit.order.placed"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_paused_is_shown_and_timestamps_follow_it() {
    let bus = bus().handler::<remind>().event::<PaymentDue>().start().unwrap();
    let recorded = Recording::of(&bus).patience(Duration::from_secs(7_200));
    let before = Timestamp::now();
    assert_eq!(Timestamp::now(), before);
    bus.emit(placed(1)).await.into_result().unwrap();
    let due = recorded.expect::<PaymentDue>().await;
    let waited = due.timestamp().unix_micros() - before.unix_micros();
    // Nobody has looked at it before it was due.
    assert_eq!(waited, 3_600_000_000);
    assert_eq!(Timestamp::now().unix_micros() - before.unix_micros(), 3_600_000_000);
    let shown = recorded.to_string();
    assert!(
        shown.starts_with("what was recorded, and when, by the clock of the runtime, which is paused"),
        "{shown}"
    );
    assert!(shown.contains(" 3600.000s    kit.payment.due"), "{shown}");

    advance(Duration::from_secs(60)).await;
    bus.emit(placed(2)).await.into_result().unwrap();
    let later = recorded.emitted::<Placed>().times(2)[1].timestamp();
    assert_eq!(later.unix_micros() - before.unix_micros(), 3_660_000_000);
}

#[tokio::test]
async fn what_comes_after_a_recording_is_dropped_is_not_in_it() {
    let (bus, recorded) = started();
    let kept = recorded.clone();
    drop(recorded);
    bus.emit(placed(1)).await.into_result().unwrap();
    kept.emitted::<Placed>().once();
    drop(kept);
    assert!(!bus.takes(Some(MailSent::event_type())));
}

#[tokio::test]
async fn a_recording_is_bounded_and_says_so() {
    let recorded = Recording::new();
    let large = AnyEvent::from(Envelope::new(Placed { order: 0, card: "x".repeat(1024 * 1024) }));
    for _ in 0..65 {
        recorded.add(large.clone());
    }
    let told = failure(|| recorded.emitted::<Placed>().some());
    assert!(told.starts_with("the recording is full, and 2 events are not in it"), "{told}");
    recorded.clear();
    recorded.nothing_else();
    for order in 0..300 {
        recorded.add(Envelope::new(Confirmed { order }).into());
    }
    let told = failure(|| recorded.nothing_else());
    assert!(told.starts_with("300 events were emitted") && told.ends_with("  and 100 more\n"), "{told}");
}
