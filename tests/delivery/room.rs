//! What waits is bounded in number and in bytes.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{BusBuilder, PostRefusal, StartProblem};
use tokio::sync::Notify;

use crate::{SOON, bus};

#[event(type = "room.note")]
struct Note {
    text: String,
}

fn note(bytes: usize) -> Note {
    Note { text: "x".repeat(bytes) }
}

#[handler]
async fn keep(_: &Note, gate: State<Notify>) {
    gate.notified().await;
}

#[event(type = "room.copy")]
struct Copy {
    texts: usize,
}

#[handler]
async fn copy(copy: &Copy, context: Context) {
    for _ in 0..copy.texts {
        context.bus().post(note(600_000)).await.unwrap();
    }
}

fn started(builder: BusBuilder) -> (Bus, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let builder = builder.shared_state(gate.clone()).handler::<keep>().handler::<copy>();
    (builder.queue_bytes(1_000_000).start().unwrap(), gate)
}

async fn open(gate: &Notify, bus: &Bus) {
    let idle = bus.idle();
    tokio::pin!(idle);
    loop {
        gate.notify_one();
        tokio::select! {
            () = &mut idle => return,
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn a_queue_that_is_full_of_bytes_gives_the_event_back() {
    let (bus, gate) = started(bus().0);
    bus.post(note(600_000)).try_send().unwrap();
    let error = bus.post(note(600_000)).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::FullOfBytes { bytes: 1_000_000 });
    assert_eq!(
        error.to_string(),
        "`room.note` was not posted: the queue is full, with 1000000 bytes of events of its kind; await the post to wait for room"
    );
    bus.post(note(300_000)).try_send().unwrap();
    bus.post(note(600_000)).priority(atoms::Priority::High).try_send().unwrap();
    open(&gate, &bus).await;
    bus.post(note(900_000)).try_send().unwrap();
    open(&gate, &bus).await;
}

#[tokio::test]
async fn who_awaits_a_queue_that_is_full_of_bytes_waits() {
    let (bus, gate) = started(bus().0);
    bus.post(note(600_000)).await.unwrap();
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.post(note(600_000)).await }
    });
    for _ in 0..9 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    gate.notify_one();
    waiting.await.unwrap().unwrap();
    open(&gate, &bus).await;
}

#[tokio::test]
async fn an_event_that_is_larger_than_all_room_is_taken_alone() {
    let (bus, gate) = started(bus().0);
    bus.post(note(5_000_000)).try_send().unwrap();
    assert!(bus.post(note(1)).try_send().is_err());
    open(&gate, &bus).await;
    bus.post(note(1)).try_send().unwrap();
    assert!(bus.post(note(5_000_000)).try_send().is_err());
    open(&gate, &bus).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_due_later_has_as_many_bytes_until_it_is_handled_or_cancelled() {
    let (bus, _gate) = started(bus().0);
    let later = bus.post(note(600_000)).after(SOON).try_send().unwrap();
    let error = bus.post(note(600_000)).after(SOON).try_send().unwrap_err();
    assert_eq!(error.reason(), PostRefusal::FullOfBytes { bytes: 1_000_000 });
    assert!(later.cancel().await.unwrap());
    bus.post(note(600_000)).after(SOON).try_send().unwrap();
}

#[tokio::test]
async fn what_handlers_post_beyond_the_room_is_bounded_as_well() {
    let (bus, gate) = started(bus().0);
    // One in the queue, one beyond it, and one for which there is no room.
    let receipt = bus.emit(Copy { texts: 3 }).await;
    assert!(receipt.to_string().contains("the queue is full, with 1000000 bytes of events"), "{receipt}");
    open(&gate, &bus).await;
    assert!(bus.emit(Copy { texts: 2 }).await.is_ok());
    open(&gate, &bus).await;
}

#[test]
fn a_limit_that_leaves_no_room_does_not_start() {
    type Limit = fn(BusBuilder) -> BusBuilder;
    let limits: [(&str, Limit); 10] = [
        ("frame_limit", |builder| builder.frame_limit(0)),
        ("follow_up_capacity", |builder| builder.follow_up_capacity(0)),
        ("follow_up_bytes", |builder| builder.follow_up_bytes(0)),
        ("stream_capacity", |builder| builder.stream_capacity(0)),
        ("stream_bytes", |builder| builder.stream_bytes(0)),
        ("dead_letter_capacity", |builder| builder.dead_letter_capacity(0)),
        ("dead_letter_bytes", |builder| builder.dead_letter_bytes(0)),
        ("queue_capacity", |builder| builder.queue_capacity(0)),
        ("queue_bytes", |builder| builder.queue_bytes(0)),
        ("detached_limit", |builder| builder.detached_limit(0)),
    ];
    for (name, zero) in limits {
        let error = zero(bus().0).start().unwrap_err();
        let [StartProblem::NoRoom { setting }] = error.problems() else { panic!("{error}") };
        assert_eq!(*setting, name);
        assert!(
            error
                .to_string()
                .contains(&format!("`{name}(0)` leaves no room for anything: give it 1 or more"))
        );
        assert!(zero(bus().0).verify().is_err());
    }
}
