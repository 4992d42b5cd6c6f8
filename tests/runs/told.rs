//! What is told of work: all 26 events of the document, and what tells each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::control::{PhaseCompleted, Progress, RunStarted, TaskCompleted, TaskFailed, Tell, Thinking};
use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::{Backlog, MemoryBacklog};
use tokio::time::{sleep, timeout};

use crate::{SOON, started, until};

#[tokio::test]
async fn progress_has_a_percentage_and_an_estimated_end() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", async |run: Run| {
        sleep(Duration::from_millis(20)).await;
        run.progress(0, 0, "").await?;
        run.progress(5, 10, "item 5").await?;
        run.progress(10, 10, "").await?;
        Ok(())
    });
    running.await.unwrap();
    bus.idle().await;
    let [nothing, half, all] = seen.emitted::<Progress>().payloads().try_into().unwrap();
    assert_eq!((nothing.percentage, nothing.estimated_end), (0.0, None));
    assert_eq!(half.message, "5/10 tasks done (50%)");
    assert_eq!(
        (half.percentage, half.current_task.as_str(), half.source.as_str()),
        (50.0, "item 5", "import")
    );
    assert!(half.estimated_end.unwrap() > atoms::Timestamp::from_unix_micros(0));
    assert_eq!(all.percentage, 100.0);
}

#[tokio::test]
async fn what_one_run_tells_is_handled_in_order() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", async |run: Run| {
        for item in 0..500 {
            run.progress(item, 500, "").await?;
        }
        Ok(())
    });
    running.await.unwrap();
    bus.idle().await;
    let completed: Vec<_> =
        seen.emitted::<Progress>().payloads().iter().map(|progress| progress.completed).collect();
    assert!(completed.iter().copied().eq(0..500), "{completed:?}");
}

#[tokio::test]
async fn a_phase_ends_when_its_guard_is_dropped_also_by_an_error() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", async |run: Run| {
        let _phase = run.phase("build");
        let number: u32 = "x".parse()?;
        Ok(number)
    });
    running.await.unwrap_err();
    bus.idle().await;
    assert_eq!(seen.emitted::<PhaseCompleted>().once().phase, "build");
    let expected = ["atoms.run.started", "atoms.phase.started", "atoms.phase.completed", "atoms.run.failed"];
    assert_eq!(seen.types(), expected);
}

#[tokio::test]
async fn a_task_that_is_not_completed_has_failed() {
    let bus = started();
    let seen = Recording::of(&bus);
    let running = bus.runs().start("import", async |run: Run| {
        run.task("research", "researcher").completed();
        run.task("write", "writer").failed("out of ink");
        drop(run.task("review", "editor"));
        Ok(())
    });
    running.await.unwrap();
    bus.idle().await;
    let completed = seen.emitted::<TaskCompleted>().once();
    assert_eq!((completed.task.as_str(), completed.source.as_str()), ("research", "researcher"));
    let failed: Vec<_> = seen
        .emitted::<TaskFailed>()
        .payloads()
        .into_iter()
        .map(|failed| (failed.source, failed.error))
        .collect();
    let expected = [("writer", "out of ink"), ("editor", "it was not completed")];
    assert_eq!(failed, expected.map(|(source, error)| (source.to_owned(), error.to_owned())));
}

#[tokio::test]
async fn a_source_may_be_empty_and_without_a_run() {
    let bus = started();
    let seen = Recording::of(&bus);
    bus.source("").thinking("hm").await.unwrap();
    bus.idle().await;
    let thinking = seen.emitted::<Thinking>().once();
    assert_eq!((thinking.source.as_str(), thinking.message.as_str(), thinking.run), ("", "hm", None));
}

#[tokio::test]
async fn nothing_is_made_that_nobody_takes() {
    let bus = started();
    let untold = bus.source("x").progress(1, 2, "");
    assert!(untold.outcome().is_ok());
    untold.await.unwrap();
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
}

#[event(type = "runs.batch.wanted")]
struct BatchWanted;

#[handler]
async fn batch(_: &BatchWanted, context: Context, seen: State<Mutex<usize>>) {
    context.bus().source("batch").progress(1, 2, "").await.unwrap();
    let told = async {
        while *seen.lock().unwrap() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, told).await.expect("it is told while the handler runs");
}

#[tokio::test]
async fn what_the_handler_of_a_posted_event_tells_is_not_held_until_it_is_done() {
    let seen = Arc::new(Mutex::new(0_usize));
    let bus =
        Bus::builder().without_discovery().handler::<batch>().shared_state(seen.clone()).start().unwrap();
    let _counting = bus.on::<Progress>(move |_| *seen.lock().unwrap() += 1);
    bus.post(BatchWanted).await.unwrap();
    timeout(SOON, bus.idle()).await.unwrap();
    assert_eq!(bus.dead_letters().len().await.unwrap(), 0);
}

#[handler]
async fn slow(_: &Progress) {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test]
async fn who_tells_without_waiting_is_refused_beyond_the_limit() {
    let bus = Bus::builder().without_discovery().handler::<slow>().start().unwrap();
    let source = bus.source("x");
    let told: Vec<_> = (0..10_000).map(|number| source.progress(number, 10_000, "").outcome()).collect();
    assert!(told[0].is_ok());
    let refused = told.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!(refused, 10_000 - 4_096);
    assert!(told.last().unwrap().unwrap_err().to_string().contains("4096 events"));
}

#[tokio::test]
async fn what_is_told_is_in_memory_also_if_posted_events_are_stored() {
    let backlog = Arc::new(MemoryBacklog::default());
    let bus = Bus::builder().without_discovery().backlog(backlog.clone()).start().unwrap();
    let seen = Recording::of(&bus);
    let stored = Arc::new(Mutex::new(0));
    let (most, counted) = (stored.clone(), backlog.clone());
    let running = bus.runs().start("import", async move |run: Run| {
        for item in 0..10 {
            run.progress(item, 10, "").await?;
            let now = counted.count().await?;
            let mut most = most.lock().unwrap();
            *most = now.max(*most);
        }
        Ok(())
    });
    running.await.unwrap();
    bus.idle().await;
    seen.emitted::<Progress>().times(10);
    assert_eq!(*stored.lock().unwrap(), 0);
}

#[tokio::test]
async fn who_listens_to_one_run_or_one_source_hears_no_other() {
    let bus = started();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let note = |by: &'static str| {
        let heard = heard.clone();
        move |event: &AnyEvent| heard.lock().unwrap().push((by, event.event_type().to_owned()))
    };
    let waits = async |run: Run| {
        run.cancelled().await;
        Ok(())
    };
    let (one, other) = (bus.runs().start("one", waits), bus.runs().start("other", waits));
    bus.idle().await;
    let of_run = one.run().unwrap().on_any(note("run")).unwrap();
    let of_source = bus.source("researcher").on_any(note("source")).unwrap();
    let part = one.run().unwrap().start_part("part", async |run: Run| Ok(run.thinking("").await?));
    part.await.unwrap();
    other.run().unwrap().source("researcher").agent_started("").await.unwrap();
    bus.idle().await;
    drop((of_run, of_source));
    one.run().unwrap().thinking("").await.unwrap();
    bus.idle().await;
    let heard = heard.lock().unwrap();
    let of =
        |by| heard.iter().filter(|(own, _)| *own == by).map(|(_, event)| event.as_str()).collect::<Vec<_>>();
    assert_eq!(of("run"), ["atoms.run.started", "atoms.thinking", "atoms.run.completed"]);
    assert_eq!(of("source"), ["atoms.agent.started"]);
}

/// The types of the document, and what tells each.
#[tokio::test]
async fn each_of_the_26_types_is_told() {
    let bus = started();
    let seen = Recording::of(&bus);
    let table: &[(&str, &str, usize)] = &[
        ("started", "atoms.run.started", 5),
        ("completed", "atoms.run.completed", 1),
        ("failed", "atoms.run.failed", 1),
        ("cancelled", "atoms.run.cancelled", 1),
        ("progress", "atoms.progress", 1),
        ("phase_started", "atoms.phase.started", 1),
        ("phase_completed", "atoms.phase.completed", 1),
        ("agent_started", "atoms.agent.started", 1),
        ("agent_completed", "atoms.agent.completed", 1),
        ("agent_failed", "atoms.agent.failed", 1),
        ("agent_message", "atoms.agent.message", 1),
        ("task_started", "atoms.task.started", 2),
        ("task_completed", "atoms.task.completed", 1),
        ("task_failed", "atoms.task.failed", 1),
        ("checkpoint, need_input", "atoms.question.opened", 3),
        ("checkpoint_approved, checkpoint_rejected, user_feedback", "atoms.question.answered", 3),
        ("error", "atoms.error.reported", 1),
        ("bug_detected", "atoms.bug.detected", 1),
        ("discussion_started", "atoms.discussion.started", 1),
        ("fix_started", "atoms.fix.started", 1),
        ("thinking", "atoms.thinking", 1),
    ];
    tell_all(&bus).await;
    bus.idle().await;
    let types = seen.types();
    for (veska, ours, times) in table {
        let told = types.iter().filter(|told| told == ours).count();
        assert!(told >= *times, "{veska}: `{ours}` is told {told} times");
    }
    let names = table.iter().flat_map(|(names, ..)| names.split(", ")).count();
    assert_eq!(names, 24, "`paused` and `resumed` have their own test");
    assert!(seen.emitted::<RunStarted>().payloads().iter().all(|started| started.run.is_some()));
}

async fn tell_all(bus: &Bus) {
    let working = bus.runs().start("work", async |run: Run| {
        run.progress(1, 2, "").await?;
        drop(run.phase("build"));
        run.task("a", "agent").completed();
        run.task("b", "agent").failed("no");
        let agent = run.source("agent");
        agent.agent_started("").await?;
        agent.agent_completed("").await?;
        agent.agent_failed("").await?;
        agent.agent_message("").await?;
        run.error("").await?;
        run.bug_detected("").await?;
        run.discussion_started("").await?;
        run.fix_started("").await?;
        run.thinking("").await?;
        Ok(())
    });
    working.await.unwrap();
    bus.runs().start("fail", async |_| Err::<(), _>("no".into())).await.unwrap_err();
    let endless = bus.runs().start("endless", async |run: Run| {
        run.cancelled().await;
        Ok(())
    });
    bus.runs().cancel(endless.run().unwrap().id()).await;
    endless.await.unwrap_err();
    for answer in ["approve", "reject"] {
        let asking =
            bus.runs().start("ask", async |run: Run| Ok(run.checkpoint(Checkpoint::new("go-on")).await?));
        until(async || bus.questions().get("go-on").await.unwrap().is_some()).await;
        let ada = crate::ada();
        match answer {
            "approve" => bus.questions().approve("go-on").by(&ada).await.unwrap(),
            _ => bus.questions().reject("go-on").by(&ada).await.unwrap(),
        };
        let _decision = asking.await.unwrap();
    }
    let opened = bus.questions().open(Input::<String>::new("database")).await.unwrap();
    bus.questions().answer("database", "SQLite").by(&crate::ada()).await.unwrap();
    opened.wait().await.unwrap();
}
