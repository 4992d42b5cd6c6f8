//! What belongs to a run: events, handlers, tools, and runs in it.

use std::sync::{Arc, Mutex};

use atoms::control::{NotStarted, RunCancelled, RunError, RunId, RunStarted};
use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::{Envelope, Metadata};

use crate::{started, until};

#[event(type = "runs.item.imported")]
struct ItemImported {
    number: u32,
}

#[event(type = "runs.item.stored")]
struct ItemStored;

type Log = Arc<Mutex<Vec<(&'static str, Option<RunId>)>>>;

#[handler]
fn import(_: &ItemImported, run: Run, log: State<Log>) -> ItemStored {
    log.lock().unwrap().push(("imported", Some(run.id())));
    ItemStored
}

#[handler]
async fn store(_: &ItemStored, run: Option<Run>, log: State<Log>) {
    log.lock().unwrap().push(("stored", run.map(|run| run.id())));
}

#[tool]
async fn import_again(#[extract] run: Run) -> String {
    run.id().to_string()
}

fn bus() -> (Bus, Log) {
    let log = Log::default();
    let bus =
        Bus::builder().without_discovery().handler::<import>().handler::<store>().tool::<import_again>();
    (bus.state(log.clone()).start().unwrap(), log)
}

#[tokio::test]
async fn runs_are_within_each_other_up_to_a_limit() {
    let (bus, _) = bus();
    let until_cancelled = async |run: Run| {
        run.cancelled().await;
        Ok(())
    };
    let root = bus.runs().start("outer", until_cancelled);
    let mut inner = root.run().unwrap().clone();
    for _ in 1..256 {
        inner = inner.start_part("inner", until_cancelled).detach().unwrap();
    }
    let error = inner.start_part("too deep", async |_| Ok(())).await.unwrap_err();
    assert!(
        matches!(&error, RunError::NotStarted { cause: NotStarted::TooDeep { limit: 256 }, .. }),
        "{error}"
    );
    drop(inner);
    let cancelled = bus.runs().cancel(root.run().unwrap()).reason("no time").await;
    assert_eq!((cancelled.runs.len(), cancelled.still_running.len()), (256, 0));
    assert!(root.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn what_follows_from_the_work_of_a_run_belongs_to_it() {
    let (bus, log) = bus();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            bus.emit(ItemImported { number: 1 }).await.into_result()?;
            bus.post(ItemImported { number: 2 }).await?;
            let by_tool = import_again::call(&bus, ImportAgainArgs {}).await?;
            Ok((run.id(), by_tool))
        }
    });
    let (id, by_tool) = running.await.unwrap();
    bus.idle().await;
    assert_eq!(by_tool, id.to_string());
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|(_, run)| *run == Some(id)), "{log:?}");
}

#[tokio::test]
async fn what_is_emitted_without_a_run_belongs_to_none() {
    let (bus, log) = bus();
    bus.emit(ItemStored).await.into_result().unwrap();
    assert_eq!(*log.lock().unwrap(), [("stored", None)]);
    let receipt = bus.emit(ItemImported { number: 1 }).await;
    let error = receipt.failures()[0].error.to_string();
    assert!(error.contains("the event belongs to no run: take an `Option<Run>`"), "{error}");
}

#[tokio::test]
async fn no_frame_says_to_which_run_it_belongs() {
    let (bus, log) = bus();
    let running = bus.runs().start("import", async |run: Run| {
        run.cancelled().await;
        Ok(())
    });
    let id = running.run().unwrap().id();
    let frame =
        format!(r#"{{"type":"runs.item.stored","run":"{id}","metadata":{{"run":"{id}","run_id":"{id}"}}}}"#);
    bus.receive(frame.as_bytes()).await.unwrap().into_result().unwrap();
    assert_eq!(*log.lock().unwrap(), [("stored", None)]);
    let event = Envelope::new(ItemStored).carry(running.run().unwrap().clone()).into();
    assert!(!String::from_utf8(bus.encode(&event).unwrap()).unwrap().contains(&id.to_string()));
}

#[tokio::test]
async fn what_happens_in_a_run_names_its_start_as_its_cause() {
    let (bus, _) = bus();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |_| Ok(bus.emit(ItemStored).await.into_result()?)
    });
    running.await.unwrap();
    bus.idle().await;
    let all = seen.events();
    let find = |name: &str| all.iter().find(|event| event.event_type() == name).unwrap();
    let start = find("atoms.run.started").id().to_string();
    for event in ["runs.item.stored", "atoms.run.completed"] {
        assert_eq!(find(event).metadata().causation_id().unwrap().to_string(), start, "{event}");
    }
}

#[tokio::test]
async fn a_run_in_a_run_ends_with_it() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("parent", {
        let bus = bus.clone();
        async move |parent: Run| {
            let child = bus.runs().start("child", async |run: Run| {
                run.cancelled().await;
                Ok(())
            });
            let child = child.detach()?;
            let grandchild = child.start_part("grandchild", async |_| {
                std::future::pending::<()>().await;
                Ok(())
            });
            let grandchild = grandchild.detach()?;
            Ok((parent, child, grandchild))
        }
    });
    let (parent, child, grandchild) = running.await.unwrap();
    assert_eq!((child.parent(), grandchild.parent()), (Some(&parent), Some(&child)));
    assert!(
        child.has_ended() && grandchild.has_ended(),
        "they have ended before their parent's end is known"
    );
    bus.idle().await;
    let cancelled = seen.emitted::<RunCancelled>().payloads();
    assert_eq!(cancelled.len(), 2);
    assert!(
        cancelled[0].reason.as_deref().unwrap().contains("the run `parent`, to which it belongs, has ended")
    );
    let types = seen.types();
    assert_eq!(types.last().unwrap(), "atoms.run.completed", "{types:?}");
}

#[tokio::test]
async fn a_run_that_has_ended_takes_no_part() {
    let bus = started();
    let run = bus.runs().start("first", async |run: Run| Ok(run)).await.unwrap();
    let late = run.start_part("late", async |_| Ok(())).await.unwrap_err();
    assert!(matches!(late, RunError::NotStarted { .. }), "{late}");
    assert!(late.to_string().contains("the run `first`, in which it was started, has ended"), "{late}");
}

#[handler]
async fn import_in_a_run(_: &ItemImported, context: Context) {
    let running = context.bus().runs().start("import", async |run: Run| Ok(run.session().map(str::to_owned)));
    assert_eq!(running.await.unwrap().as_deref(), Some("s-1"));
}

#[tokio::test]
async fn a_run_that_a_handler_starts_is_in_the_session_of_its_event() {
    let bus = Bus::builder().without_discovery().handler::<import_in_a_run>().start().unwrap();
    let seen = Recording::of(&bus);
    let mut metadata = Metadata::new();
    metadata.set_session_id("s-1");
    bus.emit(Envelope::new(ItemImported { number: 1 }).with_metadata(metadata)).await.into_result().unwrap();
    bus.idle().await;
    let all = seen.events();
    let started = all.iter().find(|event| event.is::<RunStarted>()).unwrap();
    assert_eq!(started.metadata().session_id(), Some("s-1"));
}

#[event(type = "runs.import.told")]
struct ImportTold;

#[handler]
async fn import_later(_: &ImportTold, run: Run, context: Context, parents: State<Mutex<Vec<Option<RunId>>>>) {
    run.ended().await;
    let running = context.bus().runs().start("later", async |run: Run| Ok(run.parent().map(Run::id)));
    let parent = running.await.unwrap();
    parents.lock().unwrap().push(parent);
}

#[tokio::test]
async fn a_run_that_is_started_after_the_run_of_its_event_has_ended_is_no_part_of_that() {
    let parents = Arc::<Mutex<Vec<Option<RunId>>>>::default();
    let bus = Bus::builder().without_discovery().handler::<import_later>().shared_state(parents.clone());
    let bus = bus.start().unwrap();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |_| Ok(bus.post(ImportTold).await?)
    });
    running.await.unwrap();
    bus.idle().await;
    assert_eq!(*parents.lock().unwrap(), [None]);
}

#[tokio::test]
async fn a_task_that_the_work_spawns_belongs_to_the_run_if_it_says_so() {
    let (bus, log) = bus();
    let running = bus.runs().start("import", {
        let bus = bus.clone();
        async move |run: Run| {
            let emit = async move { bus.emit(ItemStored).await.is_ok() };
            assert!(tokio::spawn(run.within(emit)).await?);
            Ok(run.id())
        }
    });
    let id = running.await.unwrap();
    until(async || !log.lock().unwrap().is_empty()).await;
    assert_eq!(*log.lock().unwrap(), [("stored", Some(id))]);
}

#[tokio::test]
async fn nothing_is_left_of_a_run() {
    let bus = started();
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let running = bus.runs().start("import", async move |run: Run| {
        let _held = held;
        run.start_part("part", async |_| Ok(())).await?;
        Ok(())
    });
    running.await.unwrap();
    assert!(weak.upgrade().is_none());
}
