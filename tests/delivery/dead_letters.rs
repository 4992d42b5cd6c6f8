//! What failed for good is kept, told of, and delivered again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    AnyEvent, AttemptKind, DeadLetter, DeadLetterCause, DeliveryFailed, EventInvalid, LetterRecipient,
    RedeliverError, Refusal,
};
use tokio::time::{sleep, timeout};

use crate::{Log, SOON, bus};

#[event(type = "letters.order")]
struct Order {
    number: u64,
}

#[event(type = "letters.needed", must_handle)]
struct Needed {}

atoms::testing::handled!(Needed);

/// Whether the disk is full.
struct Full(AtomicBool);

#[handler]
async fn store(order: &Order, full: State<Full>, log: State<Log>) -> Result<(), String> {
    sleep(Duration::from_secs(1)).await;
    if full.0.load(Ordering::Relaxed) {
        return Err(format!("no room for {}", order.number));
    }
    log.add(format!("stored {}", order.number));
    Ok(())
}

#[handler]
fn count(order: &Order, log: State<Log>) {
    log.add(format!("counted {}", order.number));
}

/// A bus with a full disk.
fn full(capacity: usize) -> (Bus, Arc<Log>, Arc<Full>) {
    let (builder, log) = bus();
    let full = Arc::new(Full(true.into()));
    let builder = builder.shared_state(full.clone()).dead_letter_capacity(capacity);
    (builder.handler::<store>().handler::<count>().start().unwrap(), log, full)
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_kept_with_its_event_its_handler_and_its_error() {
    let (bus, ..) = full(8);
    assert!(!bus.emit(Order { number: 7 }).await.is_ok());
    let letters = bus.dead_letters();
    assert_eq!((letters.len().await.unwrap(), letters.dropped().await.unwrap()), (1, 0));
    let letter = letters.get(letters.list().await.unwrap()[0].id()).await.unwrap().unwrap();
    assert_eq!(letter.event().downcast_ref::<Order>().unwrap().number, 7);
    let Some(LetterRecipient::Handler(handler)) = letter.recipient() else { panic!("{letter:?}") };
    assert_eq!(handler, "delivery::dead_letters::store");
    assert_eq!(letter.attempts().len(), 1);
    assert_eq!(
        (letter.attempts()[0].kind(), letter.attempts()[0].error()),
        (AttemptKind::Error, "no room for 7")
    );
    assert!(letter.attempts()[0].at() <= letter.at());
    assert!(letter.to_string().contains("1 attempt: no room for 7"), "{letter}");
    assert_eq!(
        (letters.of::<Order>().await.unwrap().len(), letters.of::<Needed>().await.unwrap().len()),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_oldest_letter_makes_room() {
    let (bus, ..) = full(2);
    for number in 0..5 {
        assert!(!bus.emit(Order { number }).await.is_ok());
    }
    let letters = bus.dead_letters();
    let numbers = |letters: Vec<Arc<atoms::DeadLetter>>| {
        let orders = letters.into_iter().map(|letter| letter.event().clone().downcast::<Order>().unwrap());
        orders.map(|order| order.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(letters.list().await.unwrap()), [3, 4]);
    assert_eq!(letters.dropped().await.unwrap(), 3);
    assert!(!letters.is_empty().await.unwrap());
    assert_eq!(numbers(letters.discard_all().await.unwrap()), [3, 4]);
    assert!(letters.is_empty().await.unwrap());
}

#[tokio::test]
async fn what_others_could_not_deliver_is_kept_under_a_number_too() {
    let (bus, ..) = full(2);
    let letters = bus.dead_letters();
    let numbers = [1, 2]
        .map(|number| letters.keep(AnyEvent::from(Envelope::new(Order { number })), Refusal::MailboxFull));
    for (number, letter) in numbers.into_iter().zip(letters.list().await.unwrap()) {
        assert_eq!(letter.id(), number);
        assert!(matches!(letter.cause(), DeadLetterCause::Refused(Refusal::MailboxFull)));
        assert!(letters.discard(number).await.unwrap().is_some());
    }
    assert!(letters.is_empty().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_chosen_letters_are_redelivered_each_once() {
    let (bus, log, full) = full(8);
    for number in 1..=5 {
        assert!(!bus.emit(Order { number }).await.is_ok());
    }
    let refused = bus.dead_letters().keep(AnyEvent::from(Envelope::new(Needed {})), Refusal::Unhandled);
    let number = |letter: &DeadLetter| letter.event().downcast_ref::<Order>().map(|order| order.number);
    let is_odd = |letter: &DeadLetter| number(letter).is_some_and(|number| number % 2 == 1);
    let redelivered = bus.dead_letters().redeliver_all(is_odd).await.unwrap();
    let are_ok: Vec<_> = redelivered.iter().map(|(_, receipt)| receipt.as_ref().unwrap().is_ok()).collect();
    assert_eq!(are_ok, [false; 3], "one that fails does not stop the others");
    let letters = bus.dead_letters().list().await.unwrap();
    let attempts: Vec<_> = letters.iter().map(|letter| letter.attempts().len()).collect();
    assert_eq!(attempts, [2, 1, 2, 1, 2, 0]);

    full.0.store(false, Ordering::Relaxed);
    log.take();
    let redelivered = bus.dead_letters().redeliver_all(is_odd).await.unwrap();
    let ids: Vec<_> = redelivered.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [letters[0].id(), letters[2].id(), letters[4].id()]);
    assert_eq!(log.take(), ["stored 1", "stored 3", "stored 5"]);
    let left = bus.dead_letters().redeliver_all(|_| true).await.unwrap();
    assert!(left.iter().all(|(id, receipt)| receipt.as_ref().unwrap().is_ok() == (*id != refused)));
    assert_eq!(bus.dead_letters().list().await.unwrap().len(), 1);
}

#[event(type = "letters.card")]
struct Card {
    owner: String,
    #[event(sensitive)]
    number: String,
    limit: Option<f64>,
}

#[handler(id = "letters.charge")]
fn charge(card: &Card) -> Result<(), String> {
    Err(format!("no charge for {}", card.owner))
}

#[tokio::test]
async fn a_letter_is_written_as_json_without_sensitive_values() {
    let bus = bus().0.handler::<charge>().start().unwrap();
    let card = |limit| Card { owner: "ada".into(), number: "4111".into(), limit };
    assert!(!bus.emit(card(Some(1.5))).await.is_ok());
    let letter = bus.dead_letters().list().await.unwrap().remove(0);
    let json = serde_json::to_value(&*letter).unwrap();
    let attempt = serde_json::to_value(&letter.attempts()[0]).unwrap();
    assert_eq!(attempt["kind"], "Error");
    assert_eq!(
        json,
        serde_json::json!({
            "id": letter.id(), "type": "letters.card", "at": letter.at(), "handler": "letters.charge",
            "error": "no charge for ada", "attempts": [attempt],
            "event": {
                "type": "letters.card", "id": letter.event().id(), "timestamp": letter.event().timestamp(),
                "owner": "ada", "number": "***", "limit": 1.5,
            },
        })
    );

    let unwritable =
        bus.dead_letters().keep(Envelope::new(card(Some(f64::NAN))).into(), Refusal::MailboxFull);
    let raw = bus.decode(br#"{"type":"letters.unknown","secret":"x"}"#).unwrap();
    let unknown = bus.dead_letters().keep(raw, Refusal::MailboxFull);
    let _subscription = bus.on::<Order>(|_| panic!("no"));
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let letters = serde_json::to_value(bus.dead_letters().list().await.unwrap()).unwrap();
    let [_, unwritten, unknown_one, of_subscriber] = &letters.as_array().unwrap()[..] else {
        panic!("{letters}")
    };
    assert_eq!((&unwritten["id"], &unwritten["event"]), (&unwritable.into(), &serde_json::Value::Null));
    assert!(unwritten["event_error"].as_str().unwrap().contains("JSON has no NaN"), "{unwritten}");
    assert!(unwritten.get("handler").is_none() && unwritten.get("subscriber").is_none());
    assert_eq!(unwritten["error"], "the mailbox of a node is full");
    assert_eq!((&unknown_one["id"], &unknown_one["event"]["secret"]), (&unknown.into(), &"***".into()));
    assert!(of_subscriber["subscriber"].as_str().unwrap().contains("dead_letters.rs:"), "{of_subscriber}");
}

#[event(type = "letters.note")]
struct Note {
    text: String,
}

#[handler]
fn lose(note: &Note) -> Result<(), String> {
    Err(note.text.clone())
}

#[tokio::test]
async fn letters_take_so_many_bytes_together_and_one_that_is_larger_stays_alone() {
    let bus = bus().0.dead_letter_bytes(1_000_000).handler::<lose>().start().unwrap();
    let sizes = async || {
        let letters = bus.dead_letters().list().await.unwrap().into_iter();
        letters.map(|letter| letter.event().downcast_ref::<Note>().unwrap().text.len()).collect::<Vec<_>>()
    };
    // Its error is as large as the event.
    for size in [200_000, 200_001, 200_002] {
        assert!(!bus.emit(Note { text: "x".repeat(size) }).await.is_ok());
    }
    assert_eq!((sizes().await, bus.dead_letters().dropped().await.unwrap()), (vec![200_001, 200_002], 1));
    assert!(!bus.emit(Note { text: "x".repeat(3_000_000) }).await.is_ok());
    assert_eq!((sizes().await, bus.dead_letters().dropped().await.unwrap()), (vec![3_000_000], 3));
    assert!(!bus.emit(Note { text: "x".repeat(100_000) }).await.is_ok());
    assert_eq!(sizes().await, [100_000]);
    // What is taken out makes room.
    for _ in 0..3 {
        bus.dead_letters().discard_all().await.unwrap();
        assert!(!bus.emit(Note { text: "x".repeat(400_000) }).await.is_ok());
        let id = bus.dead_letters().list().await.unwrap()[0].id();
        assert!(bus.dead_letters().discard(id).await.unwrap().is_some());
        assert!(!bus.emit(Note { text: "x".repeat(300_000) }).await.is_ok());
        assert_eq!(sizes().await, [300_000]);
    }
    assert_eq!(bus.dead_letters().dropped().await.unwrap(), 4);
}

#[tokio::test]
async fn the_errors_of_a_letter_are_bounded() {
    let bus = bus().0.handler::<lose>().start().unwrap();
    for (size, kept) in [(20_000, 3), (100_000, 1), (10, 64)] {
        assert!(!bus.emit(Note { text: "x".repeat(size) }).await.is_ok());
        let id = bus.dead_letters().list().await.unwrap()[0].id();
        for _ in 0..70 {
            assert!(!bus.dead_letters().redeliver(id).await.unwrap().is_ok());
        }
        assert_eq!(bus.dead_letters().get(id).await.unwrap().unwrap().attempts().len(), kept);
        bus.dead_letters().discard_all().await.unwrap();
    }
}

#[handler(retry(attempts = 200, delay = "1ms", backoff = "fixed"))]
async fn lose_again(_: &Note) -> Result<(), String> {
    Err("no".into())
}

#[tokio::test(start_paused = true)]
async fn of_many_attempts_the_last_are_kept() {
    let bus = bus().0.handler::<lose_again>().start().unwrap();
    assert!(!bus.emit(Note { text: "x".into() }).await.is_ok());
    assert_eq!(bus.dead_letters().list().await.unwrap()[0].attempts().len(), 64);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_fails_again_is_as_old_as_it_was() {
    let (bus, ..) = full(2);
    for number in 0..2 {
        assert!(!bus.emit(Order { number }).await.is_ok());
    }
    let first = bus.dead_letters().list().await.unwrap()[0].id();
    assert!(!bus.dead_letters().redeliver(first).await.unwrap().is_ok());
    assert_eq!(bus.dead_letters().list().await.unwrap()[0].id(), first);
    assert!(!bus.emit(Order { number: 2 }).await.is_ok());
    let ids: Vec<_> = bus.dead_letters().list().await.unwrap().iter().map(|letter| letter.id()).collect();
    assert_eq!(ids, [first + 1, first + 2]);
    assert!(bus.dead_letters().get(first).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_redelivered_to_the_handler_that_failed_alone() {
    let (bus, log, full) = full(8);
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    assert_eq!(log.take(), ["counted 1"]);
    let seen = log.clone();
    let _subscription = bus.on::<Order>(move |_| seen.add("subscriber"));
    full.0.store(false, Ordering::Relaxed);
    let receipt = bus.dead_letters().redeliver(id).await.unwrap();
    assert_eq!(receipt.deliveries().count(), 1);
    receipt.into_result().unwrap();
    assert_eq!(log.take(), ["stored 1"]);
    assert!(bus.dead_letters().is_empty().await.unwrap());
    assert_eq!(bus.dead_letters().redeliver(id).await.unwrap_err(), RedeliverError::NotFound(id));
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_fails_again_keeps_its_number_and_all_its_attempts() {
    let (bus, ..) = full(8);
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    for attempts in 2..4 {
        assert!(!bus.dead_letters().redeliver(id).await.unwrap().is_ok());
        let letters = bus.dead_letters().list().await.unwrap();
        assert_eq!((letters.len(), letters[0].id(), letters[0].attempts().len()), (1, id, attempts));
    }
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_that_is_dropped_loses_nothing() {
    let (bus, ..) = full(8);
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    timeout(Duration::from_millis(1), bus.dead_letters().redeliver(id)).await.unwrap_err();
    assert_eq!(bus.dead_letters().get(id).await.unwrap().unwrap().attempts().len(), 1);
    assert!(bus.dead_letters().discard(id).await.unwrap().is_some());
    assert!(bus.dead_letters().discard(id).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_shut_down_redelivers_nothing_and_keeps_its_letters() {
    let (bus, ..) = full(8);
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    bus.shutdown(SOON).await.unwrap();
    assert!(!bus.emit(Order { number: 2 }).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    assert_eq!(bus.dead_letters().redeliver(id).await.unwrap_err(), RedeliverError::Refused(Refusal::Closed));
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_that_nobody_got_is_a_letter_without_a_handler() {
    let (builder, _) = bus();
    let bus = builder.start().unwrap();
    assert!(!bus.emit(Needed {}).await.is_ok());
    let letter = bus.dead_letters().list().await.unwrap().remove(0);
    assert!(matches!(letter.cause(), DeadLetterCause::Refused(Refusal::Unhandled)));
    assert_eq!((letter.recipient(), letter.attempts().len()), (None, 0));
    let _subscription = bus.on::<Needed>(|_| {});
    bus.dead_letters().redeliver(letter.id()).await.unwrap().into_result().unwrap();
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

#[tokio::test]
async fn a_subscriber_that_panicked_cannot_be_called_again() {
    let (builder, _) = bus();
    let bus = builder.start().unwrap();
    let _subscription = bus.on::<Order>(|_| panic!("no"));
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    assert_eq!(bus.dead_letters().redeliver(id).await.unwrap_err(), RedeliverError::Subscriber(id));
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

#[handler]
fn report(failed: &Envelope<DeliveryFailed>, log: State<Log>) {
    let handler = failed.handler.as_deref().unwrap_or("nobody").rsplit("::").next().unwrap();
    let handler = handler.split(' ').next().unwrap();
    log.add(format!("{} at {handler}, {}: {}", failed.event_type, failed.attempts, failed.error));
    assert_eq!(failed.metadata().causation_id(), Some(&*failed.event_id));
}

#[handler]
fn fail_to_report(_: &DeliveryFailed) -> Result<(), &'static str> {
    Err("the report failed")
}

#[tokio::test(start_paused = true)]
async fn handlers_take_what_failed_and_a_failure_of_theirs_is_no_further_event() {
    let (builder, log) = bus();
    let builder = builder.state(Full(true.into())).handler::<store>();
    let bus = builder.handler::<report>().handler::<fail_to_report>().start().unwrap();
    let receipt = bus.emit(Order { number: 5 }).await;
    assert_eq!(log.take(), ["letters.order at store, 1: no room for 5"]);
    assert_eq!(receipt.follow_ups().len(), 1);
    assert_eq!(receipt.follow_ups()[0].event_type(), "atoms.delivery.failed");
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 2);
    assert!(letters[1].event().is::<DeliveryFailed>());
    assert!(!bus.emit(Needed {}).await.is_ok());
    assert!(log.take()[0].starts_with("letters.needed at nobody, 0: nothing on this bus handles it"));
}

#[handler]
fn see(event: &AnyEvent, log: State<Log>) {
    log.add(event.event_type());
}

#[handler]
fn refuse(invalid: &EventInvalid, log: State<Log>) {
    log.add(format!("{:?} at {:?}: {}", invalid.event_type, invalid.paths, invalid.error));
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_becomes_an_event_with_the_broken_path() {
    let (builder, log) = bus();
    let bus = builder.event::<Order>().handler::<refuse>().handler::<see>().start().unwrap();
    let error = bus.receive(br#"{"type":"letters.order","number":"seven"}"#).await.unwrap_err();
    assert_eq!(error.path(), "number");
    let lines = log.take();
    assert_eq!(lines[0], format!(r#"Some("letters.order") at ["number"]: {error}"#));
    assert_eq!(lines[1], "atoms.event.invalid");
    bus.receive(b"{").await.unwrap_err();
    assert!(log.take()[0].starts_with("None at []: cannot decode the frame"));
}

#[handler]
async fn try_again(failed: &DeliveryFailed, context: Context, log: State<Log>) {
    log.add("again");
    drop(context.bus().dead_letters().redeliver(failed.dead_letter).await);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_redelivers_what_fails_ends_at_the_limit() {
    let (builder, log) = bus();
    let builder = builder.state(Full(true.into())).handler::<store>().handler::<try_again>();
    let bus = builder.hop_limit(8).start().unwrap();
    assert!(!bus.emit(Order { number: 1 }).await.is_ok());
    let again = log.take().len();
    assert!((2..10).contains(&again), "{again}");
    let attempts: Vec<_> =
        bus.dead_letters().list().await.unwrap().iter().map(|letter| letter.attempts().len()).collect();
    assert_eq!(attempts, [again]);
}

#[tokio::test(start_paused = true)]
async fn a_letter_of_a_chain_that_was_too_long_begins_a_new_one() {
    let (builder, log) = bus();
    let bus = builder.hop_limit(0).handler::<relay>().handler::<count>().start().unwrap();
    assert!(!bus.emit(Needed {}).await.is_ok());
    let letter = bus.dead_letters().of::<Order>().await.unwrap().remove(0);
    assert!(matches!(letter.cause(), DeadLetterCause::Refused(Refusal::HopLimit { .. })));
    bus.dead_letters().redeliver(letter.id()).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["counted 1"]);
}

#[handler]
fn relay(_: &Needed) -> Order {
    Order { number: 1 }
}

#[event(type = "letters.round")]
struct Round {}

#[handler(allow_cycle)]
fn go_round(_: &Round) -> Round {
    Round {}
}

#[tokio::test]
async fn the_end_of_a_loop_is_told_as_well() {
    let (builder, log) = bus();
    let bus = builder.hop_limit(3).handler::<go_round>().handler::<report>().start().unwrap();
    assert!(!bus.emit(Round {}).await.is_ok());
    let lines = log.take();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("letters.round at nobody, 0: a loop of events was stopped"), "{lines:?}");
}
