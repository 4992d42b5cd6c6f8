//! What is kept of what has happened: the history, its trees, and the stats.

use std::sync::Arc;
use std::time::Duration;

use atoms::control::{
    ErrorReported, Followed, History, HistoryError, HistoryStore, MemoryHistory, Progress, StatsError,
    Steering, Tell, Thinking,
};
use atoms::prelude::*;
use atoms::{Metadata, Timestamp};
use serde_json::json;
use tokio::time::sleep;

use crate::{ada, started, until};

#[event(type = "runs.order.created")]
struct OrderCreated {
    order: String,
    #[event(sensitive)]
    card: String,
}

#[event(type = "runs.order.confirmed")]
struct OrderConfirmed {
    order: String,
}

#[handler]
fn confirm(order: &OrderCreated) -> OrderConfirmed {
    OrderConfirmed { order: order.order.clone() }
}

#[handler]
async fn mail(order: &OrderConfirmed) -> Result<(), &'static str> {
    if order.order == "o-2" { Err("no address") } else { Ok(()) }
}

fn created(order: &str) -> OrderCreated {
    OrderCreated { order: order.into(), card: "4242 4242".into() }
}

fn kept(history: History) -> Bus {
    let bus = Bus::builder().without_discovery().handler::<confirm>().handler::<mail>();
    bus.history(history).start().unwrap()
}

fn types(recorded: &[atoms::control::Recorded]) -> Vec<&str> {
    recorded.iter().map(|event| event.event_type()).collect()
}

#[tokio::test]
async fn events_are_asked_for_by_all_that_is_known_of_them() {
    let bus = kept(History::new());
    let before = Timestamp::now();
    let mut metadata = Metadata::new();
    metadata.set_session_id("s-1");
    metadata.set_source("shop");
    let order = Envelope::new(created("o-1")).with_metadata(metadata);
    let chain = order.id().to_string();
    bus.emit(order).await.into_result().unwrap();
    bus.source("researcher").error("Connection timeout").await.unwrap();
    bus.source("").error("from nobody").await.unwrap();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            bus.emit(created("o-3")).await.into_result()?;
            run.start_part("part", async |run: Run| Ok(run.thinking("hm").await?)).await?;
            Ok(run.id())
        }
    });
    let run = running.await.unwrap();
    bus.idle().await;
    let ask = || bus.history();

    assert_eq!(types(&ask().event_type("runs.order.created").list().await.unwrap()).len(), 2);
    assert_eq!(types(&ask().pattern("runs.order.*").list().await.unwrap()).len(), 4);
    assert_eq!(types(&ask().of::<Thinking>().list().await.unwrap()), ["atoms.thinking"]);
    let session = ask().session("s-1").list().await.unwrap();
    assert_eq!(types(&session), ["runs.order.created", "runs.order.confirmed"]);
    assert_eq!(types(&ask().correlation(&*chain).list().await.unwrap()), ["runs.order.confirmed"]);
    assert_eq!(types(&ask().source("shop").list().await.unwrap()), ["runs.order.created"]);
    let researcher = ask().of::<ErrorReported>().source("researcher").limit(10).list().await.unwrap();
    assert_eq!(researcher[0].to_string(), "atoms.error.reported: Connection timeout");
    let nobody = ask().source("").list().await.unwrap();
    assert_eq!(nobody.iter().map(|event| event.message()).collect::<Vec<_>>(), [Some("from nobody")]);
    let of_run = ask().run(run).list().await.unwrap();
    assert_eq!(of_run.len(), 7, "{of_run:?}");
    assert!(of_run.iter().any(|event| event.event_type() == "atoms.thinking" && event.run() != Some(run)));
    assert!(ask().until(before).list().await.unwrap().is_empty());
    assert_eq!(ask().since(before).list().await.unwrap().len(), ask().list().await.unwrap().len());
}

#[tokio::test]
async fn the_newest_is_last_and_a_limit_keeps_the_latest() {
    let bus = kept(History::new());
    for number in 0..5 {
        bus.source("x").thinking(number.to_string()).await.unwrap();
    }
    bus.idle().await;
    let all = bus.history().list().await.unwrap();
    let messages = |events: &[atoms::control::Recorded]| {
        events.iter().map(|event| event.message().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(messages(&all), "0 1 2 3 4");
    assert_eq!(messages(&bus.history().limit(2).list().await.unwrap()), "3 4");
    assert!(bus.history().limit(0).list().await.unwrap().is_empty(), "a limit of 0 is none");
    assert_eq!(bus.history().limit(usize::MAX).list().await.unwrap().len(), 5);
}

#[tokio::test]
async fn the_history_is_bounded_in_number_and_in_bytes() {
    for (history, most) in
        [(History::new().events(3), 3), (History::new().bytes(25_000), 2), (History::new().events(0), 0)]
    {
        let bus = kept(history);
        for number in 0..10 {
            let order = format!("{number}{}", "x".repeat(10_000));
            bus.emit(OrderConfirmed { order }).await.into_result().unwrap();
        }
        assert_eq!(bus.history().list().await.unwrap().len(), most);
    }
    let bus = kept(History::new().bytes(1));
    bus.emit(OrderConfirmed { order: "x".repeat(10_000) }).await.into_result().unwrap();
    assert_eq!(bus.history().list().await.unwrap().len(), 1, "a larger event is kept alone");
}

#[tokio::test]
async fn sensitive_fields_are_masked() {
    let bus = kept(History::new());
    bus.emit(created("o-1")).await.into_result().unwrap();
    let frame = br#"{"type":"runs.unknown","card":"4242 4242"}"#;
    bus.receive(frame).await.unwrap().into_result().unwrap();
    let recorded = bus.history().list().await.unwrap();
    let order = recorded[0].to_json().unwrap();
    assert_eq!(
        (&order["order"], &order["card"], &order["type"]),
        (&json!("o-1"), &json!("***"), &json!("runs.order.created"))
    );
    let unknown = recorded.last().unwrap().to_json().unwrap();
    assert_eq!((&unknown["type"], &unknown["card"]), (&json!("runs.unknown"), &json!("***")));
    assert!(!format!("{recorded:?}").contains("4242"));
}

#[tokio::test]
async fn a_bus_without_a_history_says_so() {
    let bus = started();
    let error: HistoryError = bus.history().list().await.unwrap_err();
    assert!(error.to_string().contains("add `.history(History::new())`"));
    assert!(matches!(bus.stats().await, Err(StatsError::NotCounted)));
}

#[tokio::test]
async fn a_run_is_drawn_as_a_tree() {
    let bus = kept(History::new());
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            bus.emit(created("o-1")).await.into_result()?;
            run.thinking("\"quoted\" <b>").await?;
            Ok(run.id())
        }
    });
    let id = running.await.unwrap();
    bus.emit(created("elsewhere")).await.into_result().unwrap();
    bus.idle().await;
    let tree = bus.history().run(id).tree().await.unwrap();
    let lines: Vec<_> = tree.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "{tree}");
    assert_eq!(lines[0], "atoms.run.started: import");
    assert!(tree.to_string().contains("├─ runs.order.created\n│  └─ runs.order.confirmed\n"), "{tree}");
    assert_eq!(lines[4], "└─ atoms.run.completed: import is done");
    let mermaid = tree.to_mermaid();
    assert_eq!(mermaid.matches(" --> ").count(), 4, "{mermaid}");
    assert!(mermaid.contains("[\"atoms.thinking: #34;quoted#34; #60;b#62;\"]"), "{mermaid}");
}

#[tokio::test]
async fn causes_that_name_each_other_are_drawn_once() {
    let bus = kept(History::new());
    for (id, cause) in [("a", "b"), ("b", "a"), ("c", "c")] {
        let frame = format!(r#"{{"type":"runs.x","id":"{id}","metadata":{{"causation_id":"{cause}"}}}}"#);
        bus.receive(frame.as_bytes()).await.unwrap().into_result().unwrap();
    }
    let tree = bus.history().tree().await.unwrap();
    assert_eq!(tree.events().count(), 3);
    assert_eq!(tree.to_string(), "runs.x\nruns.x\n└─ runs.x\n");
}

#[tokio::test]
async fn stats_have_the_documents_keys_and_count_sync_handlers() {
    let bus = Bus::builder().without_discovery().handler::<confirm>().handler::<mail>();
    let bus = bus.counted().steering(Steering::new()).state("unused").start().unwrap();
    bus.post_any(bus.decode(br#"{"type":"runs.a.d"}"#).unwrap()).await.unwrap();
    bus.idle().await;
    bus.emit(created("o-1")).await.into_result().unwrap();
    bus.emit(created("o-2")).await.into_result().unwrap_err();
    bus.receive(br#"{"type":"runs.a.b"}"#).await.unwrap().into_result().unwrap();
    bus.receive(br#"{"type":"runs.a.c"}"#).await.unwrap().into_result().unwrap();
    let opened = bus.questions().open(Checkpoint::new("plan-review")).await.unwrap();
    bus.questions().open(Input::<String>::new("name")).await.unwrap();
    let running = bus.runs().start("import", async |run: Run| {
        run.cancelled().await;
        Ok(())
    });
    let stats = bus.stats().await.unwrap();
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(
        (&json["total_events"], &json["handlers_registered"], &json["pending_checkpoints"]),
        (&json!(7), &json!(2), &json!(1))
    );
    assert_eq!((&json["untaken_posts"], stats.start_warnings), (&json!({ "(unknown)": 1 }), 1));
    assert_eq!(json["queue"]["high"], json!({ "events": 0, "bytes": 0 }));
    assert_eq!(
        (stats.deliveries, stats.failures, stats.open_questions, stats.runs, stats.held),
        (4, 1, 2, 1, 0)
    );
    let sync = &stats.handlers["runs::recorded::confirm"];
    assert_eq!((sync.count, sync.failures, sync.error_rate), (2, 0, 0.0));
    let mailed = &stats.handlers["runs::recorded::mail"];
    assert_eq!((mailed.count, mailed.failures, mailed.error_rate), (2, 1, 0.5));
    assert!(mailed.last_success.is_some() && mailed.latency.max >= mailed.latency.p50);
    assert_eq!(stats.types["runs.order.confirmed"].failures, 1);
    assert_eq!(stats.types["(unknown)"].count, 3);
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    let _decision = opened.wait().await.unwrap();
    assert_eq!(bus.stats().await.unwrap().pending_checkpoints, 0);
    drop(running);
}

#[handler]
async fn slow(_: &OrderConfirmed) {
    sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn latencies_are_quantiles_in_microseconds() {
    let bus = Bus::builder().without_discovery().handler::<slow>().counted().start().unwrap();
    for _ in 0..3 {
        bus.emit(OrderConfirmed { order: String::new() }).await.into_result().unwrap();
    }
    let latency = bus.stats().await.unwrap().handlers["runs::recorded::slow"].latency;
    assert!(latency.p50 >= 19_000 && latency.p50 <= latency.p99 && latency.p99 <= latency.max, "{latency:?}");
}

#[tokio::test]
async fn a_history_does_not_keep_its_bus_alive() {
    let bus = kept(History::new());
    let weak = bus.downgrade();
    let seen = Arc::new(());
    let held = Arc::downgrade(&seen);
    let _on = bus.on::<Progress>(move |_| drop(Arc::clone(&seen)));
    drop(_on);
    drop(bus);
    until(async || weak.upgrade().is_none()).await;
    assert!(held.upgrade().is_none());
}

#[tokio::test]
async fn stats_say_how_deep_the_queue_is() {
    let bus = Bus::builder().without_discovery().handler::<slow>().counted().start().unwrap();
    for order in ["o-1", "o-2"] {
        bus.post(OrderConfirmed { order: order.into() }).priority(atoms::Priority::High).await.unwrap();
    }
    bus.post(OrderConfirmed { order: String::new() }).after(Duration::from_secs(60)).await.unwrap();
    let queue = bus.stats().await.unwrap().queue;
    assert_eq!((queue.high.events, queue.normal.events, queue.delayed.events), (2, 0, 1));
    assert!(queue.high.bytes > queue.delayed.bytes && queue.delayed.bytes > 0);
    bus.idle().await;
    assert_eq!(bus.stats().await.unwrap().queue.high, atoms::QueueDepth::default());
}

#[tokio::test]
async fn memory_is_a_store_of_a_history() {
    atoms::control::testing::history::check(|events, bytes| async move {
        Arc::new(MemoryHistory::new(events, bytes)) as Arc<dyn HistoryStore>
    })
    .await;
}

#[tokio::test]
async fn a_history_in_a_store_is_followed_in_memory() {
    let store = Arc::new(MemoryHistory::new(2, 1 << 20));
    let bus = kept(History::new().store(store));
    let mut following = bus.history().source("x").follow().unwrap();
    for number in 0..3 {
        bus.source("x").thinking(number.to_string()).await.unwrap();
    }
    bus.idle().await;
    let mut followed = Vec::new();
    for _ in 0..3 {
        let Some(Followed::Event { event, .. }) = following.next().await else { panic!("it came") };
        followed.push(event.message().unwrap().to_owned());
    }
    assert_eq!(followed, ["0", "1", "2"]);
    let listed = bus.history().list().await.unwrap();
    assert_eq!(listed.iter().map(|event| event.message().unwrap()).collect::<Vec<_>>(), ["1", "2"]);
}
