//! What a handler of a posted event emits and posts is held until that handler is done.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{BusBuilder, DeliveryFailed, EmitOutcome, MemoryBacklog, Priority, Refusal};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::{Log, SOON, bus};

#[event(type = "held.order")]
struct Order {
    #[event(key)]
    key: Option<u32>,
    /// How many calls of a handler fail.
    failures: u32,
}

#[event(type = "held.packed")]
struct Packed {
    by: String,
}

#[event(type = "held.sent")]
struct Sent {
    by: String,
}

fn packed(by: &str) -> Packed {
    Packed { by: by.into() }
}

fn order(failures: u32) -> Order {
    Order { key: None, failures }
}

#[derive(Default)]
struct Calls(AtomicU32);

impl Calls {
    fn next(&self, order: &Order) -> Result<(), String> {
        let call = self.0.fetch_add(1, Ordering::SeqCst);
        if call < order.failures { Err(format!("call {call}")) } else { Ok(()) }
    }
}

/// Emits, posts now and later, asks on the bus itself, and then fails or not.
#[handler(retry(attempts = 3, delay = "1ms", backoff = "fixed"))]
async fn pack(
    order: &Order,
    out: Emitter<Packed>,
    context: Context,
    calls: State<Calls>,
) -> Result<Packed, String> {
    assert!(out.emit(packed("emitter")).await.is_accepted());
    context.bus().post(packed("post")).await.map_err(|error| error.to_string())?;
    context.bus().post(packed("try_send")).try_send().map_err(|error| error.to_string())?;
    context.bus().post(packed("after")).after(Duration::from_millis(1)).await.map_err(|it| it.to_string())?;
    assert!(context.bus().emit(Sent { by: "emit".into() }).await.is_ok());
    calls.next(order)?;
    Ok(packed("return"))
}

#[handler]
fn seen(packed: &Packed, log: State<Log>) {
    log.add(format!("packed by {}", packed.by));
}

/// A handler of an event that was emitted directly: what it posts stands.
#[handler]
async fn sent(sent: &Sent, context: Context, log: State<Log>) {
    log.add(format!("sent by {}", sent.by));
    context.bus().post(packed("sent")).await.unwrap();
}

#[handler]
fn alert(failed: &DeliveryFailed, log: State<Log>) {
    log.add(format!("{} attempts", failed.attempts));
}

/// Buses to be, with the queue and with another backlog.
fn buses() -> [(BusBuilder, Arc<Log>); 2] {
    let [queue, (builder, log)] = [bus(), bus()];
    [queue, (builder.backlog(Arc::new(MemoryBacklog::default())), log)]
}

fn started((builder, log): (BusBuilder, Arc<Log>)) -> (Bus, Arc<Log>) {
    let builder = builder.state(Calls::default()).handler::<pack>().handler::<seen>().handler::<sent>();
    (builder.handler::<alert>().start().unwrap(), log)
}

async fn lines(bus: &Bus, log: &Log) -> Vec<String> {
    bus.idle().await;
    sleep(Duration::from_secs(1)).await;
    let mut lines = log.take();
    lines.sort();
    lines
}

#[tokio::test(start_paused = true)]
async fn a_retry_emits_and_posts_nothing_twice() {
    for bus in buses() {
        let (bus, log) = started(bus);
        bus.post(order(2)).await.unwrap();
        let direct = ["packed by sent", "sent by emit"].repeat(3);
        let held = ["emitter", "post", "try_send", "after", "return"].map(|by| format!("packed by {by}"));
        let mut expected: Vec<_> = direct.into_iter().map(String::from).chain(held).collect();
        expected.sort();
        assert_eq!(lines(&bus, &log).await, expected);
        assert!(bus.dead_letters().is_empty().await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_for_good_emits_nothing_but_that_it_failed() {
    for bus in buses() {
        let (bus, log) = started(bus);
        bus.post(order(9)).await.unwrap();
        let mut expected = ["packed by sent", "sent by emit"].repeat(3);
        expected.push("3 attempts");
        expected.sort();
        assert_eq!(lines(&bus, &log).await, expected);
        // Room that was reserved for what was thrown away is free again.
        bus.shutdown(SOON).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_emitted_event_leads_to_stands_though_its_handler_fails() {
    for bus in buses() {
        let (bus, log) = started(bus);
        assert!(!bus.emit(order(9)).await.is_ok());
        let lines = lines(&bus, &log).await;
        assert_eq!(lines.iter().filter(|line| *line == "packed by emitter").count(), 3);
        assert_eq!(lines.iter().filter(|line| *line == "packed by post").count(), 3);
    }
}

#[handler]
fn gives_up(_: &Packed, out: Emitter<Sent>) {
    assert!(out.emit(Sent { by: "sync".into() }).outcome().is_accepted());
    panic!("no");
}

#[handler]
fn goes_on(_: &Packed) -> Sent {
    Sent { by: "goes_on".into() }
}

#[handler]
fn noted(sent: &Sent, log: State<Log>) {
    log.add(format!("sent by {}", sent.by));
}

#[tokio::test]
async fn each_handler_is_held_for_itself() {
    for bus in buses() {
        let (builder, log) = bus;
        let bus = builder.handler::<gives_up>().handler::<goes_on>().handler::<noted>().start().unwrap();
        bus.post(packed("test")).await.unwrap();
        bus.idle().await;
        assert_eq!(log.take(), ["sent by goes_on"]);
        assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    }
}

#[handler]
async fn quick(order: &Order, log: State<Log>) -> Packed {
    log.add(format!("quick {}", order.failures));
    packed("quick")
}

#[handler]
async fn slow(order: &Order, log: State<Log>) -> Packed {
    log.add(format!("slow {} begins", order.failures));
    sleep(Duration::from_secs(1)).await;
    log.add(format!("slow {} ends", order.failures));
    packed("slow")
}

#[tokio::test(start_paused = true)]
async fn the_next_event_of_a_key_starts_after_all_handlers_and_a_follow_up_after_its_own() {
    for bus in buses() {
        let (builder, log) = bus;
        let bus = builder.handler::<quick>().handler::<slow>().handler::<seen>().start().unwrap();
        for failures in [1, 2] {
            bus.post(Order { key: Some(7), failures }).await.unwrap();
        }
        bus.idle().await;
        let of = |number| {
            [
                format!("quick {number}"),
                format!("slow {number} begins"),
                "packed by quick".into(),
                format!("slow {number} ends"),
                "packed by slow".into(),
            ]
        };
        let lines = log.take();
        assert_eq!(lines[..4], of(1)[..4]);
        // Beside the first event's last follow-up, the second event begins.
        let mut rest: Vec<_> = lines[4..].to_vec();
        rest.sort();
        let mut expected: Vec<_> = of(1)[4..].iter().cloned().chain(of(2)).collect();
        expected.sort();
        assert_eq!(rest, expected);
    }
}

#[handler]
async fn changes_its_mind(_: &Packed, context: Context, log: State<Log>) {
    let later = context.bus().post(Sent { by: "later".into() }).after(Duration::from_secs(5)).await.unwrap();
    assert!(later.is_pending().await.unwrap());
    assert!(later.cancel().await.unwrap());
    assert!(!later.is_pending().await.unwrap() && !later.cancel().await.unwrap());
    log.add("cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_post_can_be_cancelled_while_it_is_held() {
    for bus in buses() {
        let (builder, log) = bus;
        let bus = builder.queue_capacity(1).handler::<changes_its_mind>().handler::<noted>().start().unwrap();
        for _ in 0..3 {
            bus.post(packed("test")).await.unwrap();
            bus.idle().await;
        }
        sleep(Duration::from_secs(9)).await;
        assert_eq!(log.take(), ["cancelled"; 3]);
    }
}

#[handler]
async fn changes_its_mind_about_one(_: &Packed, context: Context) {
    let later = async |by: &str| {
        let sent = Sent { by: by.into() };
        context.bus().post(sent).after(Duration::from_secs(5)).await.unwrap()
    };
    let (first, second) = (later("first").await, later("second").await);
    assert!(second.cancel().await.unwrap());
    assert!(first.is_pending().await.unwrap() && !second.is_pending().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn of_two_delayed_posts_that_are_held_one_can_be_cancelled() {
    for bus in buses() {
        let (builder, log) = bus;
        let builder = builder.handler::<changes_its_mind_about_one>().handler::<noted>();
        let bus = builder.start().unwrap();
        bus.post(packed("test")).await.unwrap();
        bus.idle().await;
        sleep(Duration::from_secs(9)).await;
        assert_eq!(log.take(), ["sent by first"]);
        assert!(bus.dead_letters().is_empty().await.unwrap());
    }
}

#[tokio::test]
async fn a_subscriber_that_failed_is_told_of_beside_handlers_that_did_not() {
    for bus in buses() {
        let (builder, log) = bus;
        let bus = builder.handler::<seen>().handler::<quick>().handler::<alert>().start().unwrap();
        let _subscription = bus.on::<Packed>(|_| panic!("no"));
        bus.post(packed("test")).await.unwrap();
        bus.idle().await;
        assert_eq!(log.take(), ["packed by test", "1 attempts"]);
    }
}

#[event(type = "held.needed", must_handle)]
struct Needed {}

atoms::testing::handled!(Needed);

fn never(_: &Needed) -> bool {
    false
}

#[handler(when = never)]
fn declines(_: &Needed) {}

#[handler(when = never)]
async fn declines_later(_: &Needed) {}

#[tokio::test]
async fn an_event_that_must_be_handled_and_is_not_is_told_of() {
    for handlers in 0..4 {
        for bus in buses() {
            let (mut builder, log) = bus;
            if handlers & 1 != 0 {
                builder = builder.handler::<declines>();
            }
            if handlers & 2 != 0 {
                builder = builder.handler::<declines_later>();
            }
            let bus = builder.handler::<alert>().start().unwrap();
            bus.post(Needed {}).await.unwrap();
            bus.idle().await;
            assert_eq!(log.take(), ["0 attempts"], "{handlers:b}");
            assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
        }
    }
}

/// Says when the handler is done, and what became of what was emitted then.
struct Late(Notify, tokio::sync::mpsc::UnboundedSender<EmitOutcome>);

#[handler]
async fn outlives(_: &Packed, out: Emitter<Sent>, late: State<Late>) {
    tokio::spawn(async move {
        late.0.notified().await;
        late.1.send(out.emit(Sent { by: "late".into() }).await).unwrap();
    });
}

#[tokio::test]
async fn what_is_emitted_after_the_handler_is_done_is_a_dead_letter() {
    for bus in buses() {
        let (outcome, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
        let late = Arc::new(Late(Notify::new(), outcome));
        let bus = bus.0.handler::<outlives>().shared_state(late.clone()).start().unwrap();
        bus.post(packed("test")).await.unwrap();
        bus.idle().await;
        late.0.notify_one();
        assert_eq!(outcomes.recv().await, Some(EmitOutcome::Refused(Refusal::TooLate)));
        assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    }
}

#[event(type = "held.flood")]
struct Flood {
    events: usize,
}

#[handler]
async fn flood(flood: &Flood, out: Emitter<Packed>) {
    for _ in 0..flood.events {
        // It would wait for itself if it waited for room.
        drop(out.emit(packed("flood")).await);
    }
}

#[tokio::test]
async fn what_one_handler_may_emit_is_bounded() {
    for bus in buses() {
        let (builder, log) = bus;
        let bus = builder.follow_up_capacity(100).handler::<flood>().handler::<seen>().start().unwrap();
        for _ in 0..3 {
            bus.post(Flood { events: 120 }).await.unwrap();
        }
        bus.idle().await;
        assert_eq!((log.take().len(), bus.dead_letters().len().await.unwrap()), (300, 60));
    }
}

#[handler]
async fn done_first(_: &Order, log: State<Log>) -> Packed {
    log.add("first");
    packed("first")
}

#[handler]
async fn stuck_once(_: &Order, calls: State<Calls>, log: State<Log>) {
    log.add("second");
    if calls.0.fetch_add(1, Ordering::SeqCst) == 0 {
        pending::<()>().await;
    }
}

#[handler]
fn at_once(_: &Order, log: State<Log>) {
    log.add("sync");
}

#[test]
fn a_runtime_that_ends_gives_back_the_handlers_that_are_not_done_alone() {
    let (builder, log) = bus();
    let builder = builder.handler::<done_first>().handler::<stuck_once>().handler::<at_once>();
    let bus = builder.state(Calls::default()).handler::<seen>().start().unwrap();
    let subscriber = log.clone();
    let _subscription = bus.on::<Order>(move |_| subscriber.add("subscriber"));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        bus.post(order(0)).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    });
    assert_eq!(log.take(), ["sync", "subscriber", "first", "second", "packed by first"]);
    drop(first);
    runtime().block_on(async { timeout(SOON, bus.idle()).await.unwrap() });
    assert_eq!(log.take(), ["second"]);
}

/// Takes the room for what is urgent in its first call, and then fails, or waits for ever if the order has a key.
#[handler]
async fn takes_room(order: &Order, context: Context, calls: State<Calls>) -> Result<(), String> {
    let Err(failure) = calls.next(order) else { return Ok(()) };
    let urgent = context.bus().post(packed("nobody")).priority(Priority::High);
    urgent.try_send().map_err(|error| error.to_string())?;
    if order.key.is_some() {
        pending::<()>().await;
    }
    Err(failure)
}

#[test]
fn what_is_thrown_away_gives_its_room_back() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for is_cancelled in [false, true] {
        let builder = bus().0.queue_capacity(1).state(Calls::default());
        let bus = builder.handler::<takes_room>().start().unwrap();
        let urgent = || bus.post(packed("urgent")).priority(Priority::High).try_send();
        let first = runtime();
        first.block_on(async {
            bus.post(Order { key: is_cancelled.then_some(1), failures: 1 }).await.unwrap();
            sleep(Duration::from_millis(10)).await;
            assert_eq!(urgent().is_err(), is_cancelled);
        });
        drop(first);
        runtime().block_on(async {
            timeout(SOON, bus.idle()).await.unwrap();
            urgent().unwrap();
        });
    }
}
