//! What any [`HistoryStore`] does: [`check`] is a test of one.

use std::sync::{Arc, Mutex};

use atoms_runtime::{AnyEvent, Bus, Envelope, Timestamp};
use serde_json::Value;

use crate::bus::{Control, ControlBuilder};
use crate::events::{BugDetected, ErrorReported};
use crate::history::{History, HistoryFilter, HistoryStore, Recorded};
use crate::principal::Principal;
use crate::work::Run;

const MIB: usize = 1024 * 1024;

/// Checks stores that `make` returns empty, with room for this many events, and this many bytes of them. Panics with what is
/// wrong. Needs a tokio runtime.
///
/// ```
/// use std::sync::Arc;
/// use atoms::control::{HistoryStore, MemoryHistory};
///
/// # #[tokio::main]
/// # async fn main() {
/// atoms::control::testing::history::check(|events, bytes| async move {
///     Arc::new(MemoryHistory::new(events, bytes)) as Arc<dyn HistoryStore>
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
///
/// If a store does not do what [`HistoryStore`] says.
pub async fn check<F: Future<Output = Arc<dyn HistoryStore>>>(make: impl Fn(usize, usize) -> F) {
    an_event_is_shown_as_it_was(make(100, MIB).await).await;
    the_newest_is_last_and_a_limit_keeps_the_latest(make(100, MIB).await).await;
    each_part_of_a_filter_selects(make(100, MIB).await).await;
    the_oldest_make_room(make(3, MIB).await, 10, 3).await;
    the_oldest_make_room(make(100, 25_000).await, 10_000, 2).await;
    the_oldest_make_room(make(100, 1_000).await, 10_000, 1).await;
    the_oldest_make_room(make(0, MIB).await, 10, 0).await;
    what_several_put_is_all_there(make(10_000, 64 * MIB).await).await;
}

/// A bus with this history, and all that it delivers.
fn kept(store: &Arc<dyn HistoryStore>) -> (Bus, Arc<Mutex<Vec<AnyEvent>>>) {
    let builder = Bus::builder().without_discovery().history(History::new().store(Arc::clone(store)));
    let bus = builder.start().expect("a bus without handlers starts");
    let seen = Arc::<Mutex<Vec<AnyEvent>>>::default();
    let all = Arc::clone(&seen);
    bus.on_any(move |event| all.lock().expect("nobody panics").push(event.clone())).detach();
    (bus, seen)
}

fn error(source: &str, message: impl Into<String>) -> ErrorReported {
    ErrorReported { run: None, source: source.into(), message: message.into() }
}

async fn emit(bus: &Bus, message: impl Into<String>) {
    bus.emit(error("x", message)).await.into_result().expect("nothing fails");
}

async fn list(store: &dyn HistoryStore, filter: HistoryFilter, limit: usize) -> Vec<Recorded> {
    store.list(filter, limit).await.expect("the history can be read")
}

async fn all(store: &dyn HistoryStore) -> Vec<Recorded> {
    list(store, HistoryFilter::default(), usize::MAX).await
}

fn messages(events: &[Recorded]) -> Vec<&str> {
    events.iter().map(|event| event.message().expect("control's events have one")).collect()
}

async fn an_event_is_shown_as_it_was(store: Arc<dyn HistoryStore>) {
    let (bus, seen) = kept(&store);
    let mut first = Envelope::new(error("researcher", "line\nbreak \"q\" \u{1f980}"));
    first.metadata_mut().set_session_id("s-1");
    first.metadata_mut().insert("more", serde_json::json!({ "a": [1, null, 0.1] }));
    bus.emit(first).await.into_result().expect("nothing fails");
    let unknown = br#"{"type":"testing.unknown","secret":"4242","metadata":{"correlation_id":"c-1"}}"#;
    bus.receive(unknown).await.expect("it can be read").into_result().expect("nothing fails");
    let ada = Principal::new("ada");
    let part = bus
        .runs()
        .for_principal(&ada)
        .start("whole", async |run: Run| Ok(run.start_part("part", async |run: Run| Ok(run.id())).await?));
    part.await.expect("it succeeds");
    bus.idle().await;
    let seen: Vec<_> = std::mem::take(&mut *seen.lock().expect("nobody panics"));
    let (kept, seen) = (all(&*store).await, seen.into_iter().map(Recorded::new).collect::<Vec<_>>());
    assert_eq!(kept.len(), seen.len(), "all is kept: {kept:?}");
    for (kept, seen) in kept.iter().zip(&seen) {
        let shown = |event: &Recorded| (event.event_type().to_owned(), event.id().clone(), event.timestamp());
        assert_eq!(shown(kept), shown(seen), "an event is what it was");
        assert_eq!((kept.source(), kept.message()), (seen.source(), seen.message()));
        assert_eq!((kept.run(), kept.runs()), (seen.run(), seen.runs()), "it belongs to its runs");
        assert_eq!(kept.is_for(&ada), seen.is_for(&ada), "it is for the same principals");
        assert_eq!((kept.session(), kept.correlation()), (seen.session(), seen.correlation()));
        assert_eq!((kept.cause(), kept.to_string()), (seen.cause(), seen.to_string()));
        let json = |event: &Recorded| event.to_json().expect("it can be written");
        assert_eq!(json(kept), json(seen), "it is shown as it was");
    }
    let unknown = kept.iter().find(|event| event.event_type() == "testing.unknown").expect("it is kept");
    let hidden: Value = unknown.to_json().expect("it can be written")["secret"].clone();
    assert_eq!(hidden, "***", "what may be sensitive is not shown");
}

async fn the_newest_is_last_and_a_limit_keeps_the_latest(store: Arc<dyn HistoryStore>) {
    assert!(all(&*store).await.is_empty(), "a new history is empty");
    let (bus, _) = kept(&store);
    for number in 0..5 {
        emit(&bus, number.to_string()).await;
    }
    assert_eq!(messages(&all(&*store).await), ["0", "1", "2", "3", "4"], "the newest is last");
    let latest = async |limit| list(&*store, HistoryFilter::default(), limit).await;
    assert_eq!(messages(&latest(2).await), ["3", "4"], "a limit keeps the latest");
    assert!(latest(0).await.is_empty(), "a limit of 0 is none");
    store.flush().await.expect("all is kept");
    assert_eq!((store.lost(), latest(usize::MAX).await.len()), (0, 5));
}

async fn each_part_of_a_filter_selects(store: Arc<dyn HistoryStore>) {
    let (bus, _) = kept(&store);
    let mut early = Envelope::new(error("a", "early")).with_timestamp(Timestamp::from_unix_micros(10));
    early.metadata_mut().set_session_id("s-1");
    bus.emit(early).await.into_result().expect("nothing fails");
    let mut late = Envelope::new(error("", "late")).with_timestamp(Timestamp::from_unix_micros(20));
    late.metadata_mut().set_correlation_id("c-1");
    bus.emit(late).await.into_result().expect("nothing fails");
    let bug = BugDetected { run: None, source: "a".into(), message: "bug".into() };
    bus.emit(bug).await.into_result().expect("nothing fails");
    let ada = Principal::new("ada");
    let running = bus.runs().for_principal(&ada).start("whole", async |run: Run| Ok(run.id()));
    let run = running.await.expect("it succeeds");
    bus.idle().await;
    let found = async |filter| {
        let found = list(&*store, filter, usize::MAX).await;
        messages(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let any = HistoryFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let at = |micros| Some(Timestamp::from_unix_micros(micros));
    assert_eq!(found(HistoryFilter { event_type: text("atoms.bug.detected"), ..any() }).await, ["bug"]);
    assert_eq!(found(HistoryFilter { pattern: text("atoms.error.*"), ..any() }).await, ["early", "late"]);
    assert_eq!(found(HistoryFilter { source: text("a"), ..any() }).await, ["early", "bug"]);
    assert_eq!(found(HistoryFilter { source: text(""), ..any() }).await, ["late"], "a source may be empty");
    assert_eq!(found(HistoryFilter { session: text("s-1"), ..any() }).await, ["early"]);
    assert_eq!(found(HistoryFilter { correlation: text("c-1"), ..any() }).await, ["late"]);
    assert_eq!(found(HistoryFilter { until: at(20), ..any() }).await, ["early"]);
    assert_eq!(found(HistoryFilter { since: at(10), until: at(21), ..any() }).await, ["early", "late"]);
    assert_eq!(found(HistoryFilter { run: Some(run), ..any() }).await, ["whole", "whole is done"]);
    assert_eq!(found(HistoryFilter { principal: Some(ada), ..any() }).await, ["whole", "whole is done"]);
    let both = HistoryFilter { source: text("a"), event_type: text("atoms.error.reported"), ..any() };
    assert_eq!(found(both).await, ["early"]);
    assert!(found(HistoryFilter { session: text("s-2"), ..any() }).await.is_empty());
}

/// Of ten events of so many bytes, there is room for so many.
async fn the_oldest_make_room(store: Arc<dyn HistoryStore>, bytes: usize, most: usize) {
    let (bus, _) = kept(&store);
    for number in 0..10 {
        emit(&bus, format!("{number}{}", "x".repeat(bytes))).await;
        store.flush().await.expect("all is kept");
    }
    let kept = all(&*store).await;
    let first: String = messages(&kept).iter().map(|message| &message[..1]).collect();
    assert_eq!(first, "0123456789"[10 - most..], "the oldest make room");
}

async fn what_several_put_is_all_there(store: Arc<dyn HistoryStore>) {
    const EACH: usize = 200;
    let (bus, _) = kept(&store);
    let putting = (0..4).map(|thread| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                let event = error(&thread.to_string(), number.to_string());
                bus.emit(event).await.into_result().expect("nothing fails");
            }
        })
    });
    for putting in putting.collect::<Vec<_>>() {
        putting.await.expect("it does not panic");
    }
    for thread in 0..4 {
        let filter = HistoryFilter { source: Some(thread.to_string()), ..HistoryFilter::default() };
        let kept = list(&*store, filter, usize::MAX).await;
        let numbers = messages(&kept).into_iter().map(|number| number.parse::<usize>().expect("a number"));
        assert!(numbers.eq(0..EACH), "what was put before is listed, in its order: {kept:?}");
    }
}
