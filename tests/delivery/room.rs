//! What waits is bounded in number and in bytes.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{BusBuilder, PostRefusal, Priority, StartProblem};
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
    bus.post(note(600_000)).priority(Priority::High).try_send().unwrap();
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

#[event(type = "room.step")]
struct Step {
    #[event(key)]
    key: u32,
}

#[handler]
async fn walk(_: &Step, gate: State<Notify>) {
    gate.notified().await;
}

#[event(type = "room.walk_wanted")]
struct WalkWanted;

#[handler]
fn plan(_: &WalkWanted) -> Vec<Step> {
    vec![Step { key: 1 }, Step { key: 1 }]
}

#[tokio::test]
async fn the_depths_of_the_queue_are_those_of_its_rooms() {
    let (bus, gate) = started(bus().0.queue_capacity(2));
    let at_rest = bus.queue_depths().await.unwrap();
    assert_eq!(at_rest, atoms::QueueDepths::default());
    for priority in [Priority::High, Priority::Normal, Priority::Normal, Priority::Background] {
        bus.post(note(1_000)).priority(priority).try_send().unwrap();
    }
    bus.post(note(1_000)).try_send().unwrap_err();
    bus.post(note(1_000)).beyond_capacity().try_send().unwrap();
    let delayed = bus.post(note(1_000)).after(std::time::Duration::from_secs(60)).await.unwrap();
    // Those that have begun are not done.
    tokio::task::yield_now().await;
    let depths = bus.queue_depths().await.unwrap();
    let rooms = [depths.high, depths.normal, depths.background, depths.delayed, depths.beyond];
    assert_eq!(rooms.map(|room| room.events), [1, 2, 1, 1, 1]);
    assert!(rooms.iter().all(|room| (1_000..2_000).contains(&(room.bytes / room.events))), "{depths:?}");
    assert!(delayed.cancel().await.unwrap());
    open(&gate, &bus).await;
    assert_eq!(bus.queue_depths().await.unwrap(), at_rest);
}

#[tokio::test]
async fn what_follows_and_has_not_begun_is_counted_apart() {
    let (bus, gate) = started(bus().0.handler::<walk>().handler::<plan>());
    bus.post(Step { key: 1 }).await.unwrap();
    bus.post(WalkWanted).await.unwrap();
    for _ in 0..9 {
        tokio::task::yield_now().await;
    }
    let depths = bus.queue_depths().await.unwrap();
    assert_eq!((depths.normal.events, depths.followed), (1, 2), "two wait for their key");
    open(&gate, &bus).await;
    assert_eq!(bus.queue_depths().await.unwrap(), atoms::QueueDepths::default());
}
