//! Events that handlers emit, and that nobody gets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{DeadLetterCause, EmitOutcome, Refusal};
use tokio::sync::{Notify, mpsc};

use crate::{Log, bus};

#[event(type = "lost.begun")]
struct Begun {
    followers: usize,
    text: String,
}

#[event(type = "lost.followed")]
struct Followed {
    text: String,
}

#[event(type = "lost.counted")]
struct Counted {}

fn begun(followers: usize, bytes: usize) -> Begun {
    Begun { followers, text: "x".repeat(bytes) }
}

/// What became of the events that handlers emitted.
type Outcomes = Mutex<Vec<EmitOutcome>>;

#[handler]
fn flood(begun: &Begun, out: Emitter<(Followed, Counted)>, outcomes: State<Outcomes>) {
    for number in 0..begun.followers {
        let emitted = if number % 10 == 0 {
            out.emit(Counted {})
        } else {
            out.emit(Followed { text: begun.text.clone() })
        };
        outcomes.lock().unwrap().push(emitted.outcome().clone());
    }
}

#[handler]
fn count(_: &Followed, log: State<Log>) {
    log.add("followed");
}

#[tokio::test]
async fn events_beyond_the_capacity_are_in_the_receipt_and_among_the_dead_letters() {
    let ((builder, log), outcomes) = (bus(), Arc::new(Outcomes::default()));
    let builder = builder.handler::<flood>().handler::<count>().shared_state(outcomes.clone());
    let bus = builder.follow_up_capacity(100).start().unwrap();
    let receipt = bus.emit(begun(1_000, 10)).await;
    assert_eq!((log.take().len(), receipt.follow_ups().len()), (90, 100));
    let lost: Vec<_> = receipt.lost().iter().map(|lost| (lost.event_type(), lost.count())).collect();
    assert_eq!(lost, [("lost.counted", 90), ("lost.followed", 810)]);
    let full = Refusal::WorklistFull { events: 100, bytes: 64 * 1024 * 1024 };
    let (accepted, refused) =
        outcomes.lock().unwrap().clone().into_iter().partition::<Vec<_>, _>(|it| it.is_accepted());
    assert_eq!((accepted.len(), refused.len()), (100, 900));
    assert_eq!(refused[0].refusal(), Some(&full));
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 64, "so that they do not push out all others");
    assert!(
        letters.iter().all(|letter| matches!(letter.cause(), DeadLetterCause::Refused(it) if *it == full))
    );
    assert!(receipt.to_string().contains("- `lost.followed`: 810 of these events were lost"), "{receipt}");
    let error = receipt.into_result().unwrap_err().to_string();
    assert!(error.starts_with("`lost.counted`: 90 of these events were lost"), "{error}");
    let (again, id) = (bus.dead_letters(), letters[1].id());
    again.redeliver(id).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["followed"]);
}

#[tokio::test]
async fn the_limit_of_what_follows_counts_bytes_as_well() {
    let ((builder, log), outcomes) = (bus(), Arc::new(Outcomes::default()));
    let builder = builder.handler::<flood>().handler::<count>().shared_state(outcomes);
    let bus = builder.follow_up_bytes(100_000).start().unwrap();
    let receipt = bus.emit(begun(100, 10_000)).await;
    let followed = log.take().len();
    assert!((9..=10).contains(&followed), "{followed}");
    assert_eq!(
        receipt.lost().iter().map(|lost| lost.count()).sum::<u64>(),
        100 - receipt.follow_ups().len() as u64
    );
}

#[handler]
async fn flow(begun: &Begun, out: Emitter<Followed>) {
    for _ in 0..begun.followers {
        assert!(out.emit(Followed { text: begun.text.clone() }).await.is_accepted());
    }
}

#[tokio::test]
async fn who_awaits_an_emitter_loses_nothing() {
    for builder in [bus().0.follow_up_bytes(100_000), bus().0.follow_up_capacity(2)] {
        let bus = builder.handler::<flow>().handler::<count>().start().unwrap();
        let receipt = bus.emit(begun(1_000, 10_000)).await;
        assert_eq!(receipt.follow_ups().len(), 1_000);
        receipt.into_result().unwrap();
    }
}

/// Says when the root event is done, and what became of an event that was emitted then.
struct Late(Notify, mpsc::UnboundedSender<EmitOutcome>);

#[handler]
async fn outlive(begun: &Begun, out: Emitter<Followed>, late: State<Late>) {
    let followers = begun.followers;
    tokio::spawn(async move {
        late.0.notified().await;
        for number in 0..followers {
            late.1.send(out.emit(Followed { text: number.to_string() }).await).unwrap();
        }
    });
}

#[tokio::test]
async fn what_is_emitted_after_the_receipt_is_a_dead_letter() {
    let ((builder, log), (outcome, mut outcomes)) = (bus(), mpsc::unbounded_channel());
    let late = Arc::new(Late(Notify::new(), outcome));
    let builder = builder.handler::<outlive>().handler::<count>().shared_state(late.clone());
    let bus = builder.start().unwrap();
    bus.emit(begun(1, 0)).await.into_result().unwrap();
    late.0.notify_one();
    let told = tokio::time::timeout(Duration::from_secs(30), outcomes.recv()).await.unwrap();
    assert_eq!(told, Some(EmitOutcome::Refused(Refusal::TooLate)));
    let [letter] = &bus.dead_letters().list().await.unwrap()[..] else {
        panic!("{:?}", bus.dead_letters().list().await.unwrap())
    };
    assert_eq!(letter.event().downcast_ref::<Followed>().unwrap().text, "0");
    assert!(letter.event().metadata().causation_id().is_some());
    assert!(letter.to_string().ends_with("it was emitted after the receipt of its root event"), "{letter}");
    bus.dead_letters().redeliver(letter.id()).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["followed"]);
}

#[tokio::test]
async fn late_events_do_not_push_out_all_other_letters() {
    let ((builder, _), (outcome, mut outcomes)) = (bus(), mpsc::unbounded_channel());
    let late = Arc::new(Late(Notify::new(), outcome));
    let bus = builder.handler::<outlive>().shared_state(late.clone()).start().unwrap();
    bus.emit(begun(5_000, 0)).await.into_result().unwrap();
    late.0.notify_one();
    for _ in 0..5_000 {
        assert_eq!(outcomes.recv().await.unwrap().into_result(), Err(Refusal::TooLate));
    }
    assert_eq!(bus.dead_letters().len().await.unwrap(), 64);
}
