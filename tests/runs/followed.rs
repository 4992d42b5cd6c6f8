//! A history that is read while it grows, and for whom runs are.

use atoms::control::{Followed, Following, History, HistoryPosition, NoHistory, Thinking};
use atoms::prelude::*;
use tokio::time::timeout;

use crate::{SOON, ada, started};

#[event(type = "runs.item.counted")]
struct ItemCounted {
    number: u64,
}

fn kept(history: History) -> Bus {
    Bus::builder().without_discovery().history(history).start().unwrap()
}

async fn count(bus: &Bus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let _ = bus.emit(ItemCounted { number }).await;
    }
}

/// What comes next, in short.
async fn next(following: &mut Following) -> String {
    match timeout(SOON, following.next()).await.expect("it comes soon") {
        Some(Followed::Event { event, .. }) => event.to_json().unwrap()["number"].to_string(),
        Some(Followed::Missed(missed)) => format!("missed {missed}"),
        Some(Followed::Forgotten) => "forgotten".into(),
        other => format!("{other:?}"),
    }
}

async fn position(following: &mut Following) -> HistoryPosition {
    match following.next().await {
        Some(Followed::Event { position, .. }) => position,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_comes_is_read_in_order_and_goes_on_where_it_was() {
    let bus = kept(History::new());
    count(&bus, 0..3).await;
    let mut following = bus.history().follow().unwrap();
    count(&bus, 3..203).await;
    let mut last = HistoryPosition::OLDEST;
    for _ in 3..103 {
        let position = position(&mut following).await;
        assert!(position > last && position.to_string() > last.to_string());
        last = position;
    }
    assert_eq!(last.to_string().parse::<HistoryPosition>().unwrap(), last);
    drop(following);
    let mut following = bus.history().follow_after(last).unwrap();
    for number in 103..203 {
        assert_eq!(next(&mut following).await, number.to_string());
    }
    let mut all = bus.history().follow_after(HistoryPosition::OLDEST).unwrap();
    assert_eq!(next(&mut all).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_what_is_kept_and_what_comes() {
    let bus = kept(History::new());
    let counting = tokio::spawn({
        let bus = bus.clone();
        async move { count(&bus, 0..5_000).await }
    });
    let mut last = HistoryPosition::OLDEST;
    let mut number = 0;
    while number < 5_000 {
        let mut following = bus.history().follow_after(last).unwrap();
        for _ in 0..100 {
            match timeout(SOON, following.next()).await.expect("it comes soon") {
                Some(Followed::Event { position, event, .. }) => {
                    assert_eq!(event.to_json().unwrap()["number"], number);
                    (last, number) = (position, number + 1);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    counting.await.unwrap();
}

#[tokio::test]
async fn who_is_slow_is_told_how_many_of_theirs_are_missed() {
    let bus = kept(History::new().events(100));
    let mut slow = bus.history().event_type("runs.item.counted").follow().unwrap();
    let mut other = bus.history().of::<Thinking>().follow().unwrap();
    for number in 0..300 {
        count(&bus, number..number + 1).await;
        let _ = bus.emit(Thinking { run: None, source: "x".into(), message: String::new() }).await;
        if number == 0 {
            assert_eq!(next(&mut slow).await, "0");
        }
    }
    // 600 events, of which the latest 100 are there.
    assert_eq!(next(&mut slow).await, "missed 249");
    assert_eq!(next(&mut slow).await, "250");
    assert_eq!(next(&mut other).await, "missed 250");

    let mut nothing = bus.history().source("nobody").follow().unwrap();
    count(&bus, 0..300).await;
    let waiting = timeout(std::time::Duration::from_millis(50), nothing.next()).await;
    assert!(waiting.is_err(), "what was not asked for is not missed: {waiting:?}");
}

#[tokio::test]
async fn a_position_that_the_history_does_not_know_is_told() {
    let bus = kept(History::new().events(10));
    let mut first = bus.history().follow().unwrap();
    count(&bus, 0..1).await;
    let first = position(&mut first).await;
    count(&bus, 1..11).await;
    let mut known = bus.history().follow_after(first).unwrap();
    assert_eq!(next(&mut known).await, "1", "it is the newest of those that are gone");
    count(&bus, 11..12).await;
    for unknown in [first, "1".parse().unwrap(), "ffffffffffffffff".parse().unwrap()] {
        let mut following = bus.history().follow_after(unknown).unwrap();
        assert_eq!(next(&mut following).await, "forgotten", "{unknown}");
        assert_eq!(next(&mut following).await, "2");
    }
    // That of an earlier process.
    let again = kept(History::new());
    count(&again, 0..1).await;
    let mut following = again.history().follow_after(first).unwrap();
    assert_eq!(next(&mut following).await, "forgotten");
    assert_eq!(next(&mut following).await, "0");
}

#[tokio::test]
async fn it_ends_with_the_bus() {
    let bus = kept(History::new());
    let mut following = bus.history().follow().unwrap();
    count(&bus, 0..1).await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(next(&mut following).await, "0");
    assert!(timeout(SOON, following.next()).await.expect("it ends").is_none());

    let bus = kept(History::new());
    let mut following = bus.history().follow().unwrap();
    drop(bus);
    assert!(timeout(SOON, following.next()).await.expect("it ends").is_none());
    let error: NoHistory = started().history().follow().unwrap_err();
    assert!(error.to_string().contains(".history(History::new())"), "{error}");
}

#[test]
fn what_is_no_position_is_refused() {
    for wrong in ["", "g", "-1", "+1", "0x1", " 1", "12345678901234567"] {
        assert!(wrong.parse::<HistoryPosition>().is_err(), "{wrong}");
    }
}

#[handler]
async fn start_another(_: &ItemCounted, context: Context) -> Result<(), atoms::HandlerError> {
    Ok(context.bus().runs().start("another", async |_| Ok(())).await?)
}

#[tokio::test]
async fn a_run_is_for_a_principal_with_all_that_follows_from_it() {
    let bus = Bus::builder()
        .without_discovery()
        .handler::<start_another>()
        .history(History::new())
        .start()
        .unwrap();
    let (eve, bob) = (Principal::new("eve"), Principal::new("bob"));
    let work = |bus: &Bus| {
        let bus = bus.clone();
        async move |run: Run| {
            run.thinking("what first?").await?;
            let part = run.start_part("part", async |part: Run| Ok(part.is_for(&ada()))).await?;
            bus.emit(ItemCounted { number: 1 }).await.into_result()?;
            Ok((run.is_for(&ada()), part))
        }
    };
    let mine = bus.runs().for_principal(&ada()).start("mine", work(&bus)).await.unwrap();
    assert_eq!(mine, (true, true));
    let of_nobody = bus.runs().start("of nobody", work(&bus)).await.unwrap();
    assert_eq!(of_nobody, (false, false));
    bus.idle().await;
    let types = async |principal: &Principal| {
        let events = bus.history().principal(principal).list().await.unwrap();
        assert!(events.iter().all(|event| event.is_for(principal)));
        events.iter().map(|event| event.event_type().to_owned()).collect::<Vec<_>>()
    };
    let all = bus.history().list().await.unwrap().len();
    assert_eq!((types(&ada()).await.len(), all), (8, 16), "{:?}", types(&ada()).await);
    assert!(types(&eve).await.is_empty());

    bus.emit(Envelope::new(ItemCounted { number: 2 }).carry(bob.clone())).await.into_result().unwrap();
    bus.idle().await;
    assert_eq!(types(&bob).await, ["runs.item.counted", "atoms.run.started", "atoms.run.completed"]);
    assert_eq!(types(&ada()).await.len(), 8);
}
