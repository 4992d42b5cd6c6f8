//! The frames of Veska: each is read as an event, and written again as the same JSON value.

use std::collections::BTreeSet;
use std::fs;

use atoms::control::{
    Answer, Progress, QuestionAnswered, QuestionKind, QuestionOpened, RunStarted, Tell, Thinking, Veska,
};
use atoms::prelude::*;
use serde_json::{Value, json};

#[event(type = "veska.other.happened")]
struct OtherHappened {
    number: u32,
}

fn bus() -> Bus {
    Bus::builder()
        .without_discovery()
        .event::<OtherHappened>()
        .event::<Thinking>()
        .codec(Veska)
        .start()
        .unwrap()
}

fn frames() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/veska_wire.jsonl");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn json(frame: &[u8]) -> Value {
    serde_json::from_slice(frame).unwrap()
}

fn decoded(frame: &Value) -> AnyEvent {
    bus().decode(frame.to_string().as_bytes()).unwrap()
}

#[test]
fn each_frame_is_written_as_it_was_read() {
    let (bus, frames) = (bus(), frames());
    assert_eq!(frames.len(), 63);
    let mut kinds = BTreeSet::new();
    for frame in frames {
        let event = bus.decode(frame.as_bytes()).unwrap();
        assert!(event.known_type().is_some(), "{frame}");
        assert!(event.event_type().starts_with("atoms."), "{frame}");
        assert_eq!(json(&bus.encode(&event).unwrap()), json(frame.as_bytes()));
        kinds.insert(json(frame.as_bytes())["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds.len(), 26);
}

#[test]
fn what_the_event_has_a_field_for_is_in_it() {
    let frame = json(frames()[0].as_bytes());
    let event = decoded(&frame);
    let progress = event.downcast_ref::<Progress>().unwrap();
    assert_eq!((progress.completed, progress.total, progress.percentage), (5, 10, 50.0));
    assert_eq!((progress.source.as_str(), progress.current_task.as_str()), ("my-agent", "item 5"));
    assert_eq!(event.timestamp().unix_micros(), 1_795_226_595_487_399);
    assert!(event.metadata().is_empty(), "nothing is left over: {:?}", event.metadata());

    let frames = frames();
    let checkpoint =
        frames.iter().map(|frame| json(frame.as_bytes())).find(|frame| frame["type"] == "checkpoint");
    let event = decoded(&checkpoint.unwrap());
    let opened = event.downcast_ref::<QuestionOpened>().unwrap();
    assert_eq!((opened.kind, opened.name.as_deref()), (QuestionKind::Checkpoint, Some("plan-review")));
    assert_eq!(opened.title, "Review execution plan");

    let feedback =
        frames.iter().map(|frame| json(frame.as_bytes())).find(|frame| frame["type"] == "user_feedback");
    let event = decoded(&feedback.unwrap());
    let answered = event.downcast_ref::<QuestionAnswered>().unwrap();
    assert_eq!(answered.answer, Answer::Given("Use PostgreSQL".into()));
}

#[test]
fn fields_of_other_types_are_kept_as_data() {
    let frame = json!({ "type": "progress", "source": "x", "message": "", "timestamp": 1,
        "data": { "completed": "five", "total": 10, "source": "y" } });
    let event = decoded(&frame);
    let progress = event.downcast_ref::<Progress>().unwrap();
    assert_eq!((progress.source.as_str(), progress.completed), ("x", 0));
    assert_eq!(json(&bus().encode(&event).unwrap()), frame);
}

#[test]
fn a_frame_may_leave_out_what_veska_sets_by_default() {
    let event = decoded(&json!({ "type": "thinking" }));
    assert_eq!(event.downcast_ref::<Thinking>().unwrap().source, "");
}

#[test]
fn a_frame_that_is_not_veskas_is_an_error_or_another_event() {
    let bus = bus();
    let error = bus.decode(br#"{"type":"thinking","source":7}"#).unwrap_err();
    assert_eq!(error.event_type(), Some("thinking"));
    assert!(error.to_string().contains("invalid type: integer `7`"), "{error}");
    for wrong in [&br#"{"type":"thinking","data":[]}"#[..], br#"{"type":"thinking","timestamp":"now"}"#, b"{"]
    {
        bus.decode(wrong).unwrap_err();
    }
    let event = bus.decode(br#"{"type":"veska.other.happened","number":3}"#).unwrap();
    assert_eq!(event.downcast_ref::<OtherHappened>().unwrap().number, 3);
    assert_eq!(json(&bus.encode(&event).unwrap())["type"], "veska.other.happened");
}

#[tokio::test]
async fn our_own_events_are_read_back() {
    let bus = bus();
    let (written, read) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), bus.clone());
    let all = written.clone();
    let _on = bus.on_any(move |event| all.lock().unwrap().push(read.encode(event).unwrap()));
    let running = bus.runs().start("import", async |run: Run| {
        run.progress(1, 4, "item 1").await?;
        run.task("a", "researcher").completed();
        let asked = run.source("agent").thinking("which one?");
        asked.await?;
        Ok(run.id())
    });
    let id = running.await.unwrap();
    let opened = bus.questions().open(Checkpoint::new("plan")).await.unwrap();
    bus.questions().reject("plan").feedback("more research").by(&Principal::new("ada")).await.unwrap();
    let _decision = opened.wait().await.unwrap();
    bus.idle().await;
    let written = written.lock().unwrap();
    let kinds: BTreeSet<_> =
        written.iter().map(|frame| json(frame)["type"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "checkpoint",
        "checkpoint_rejected",
        "completed",
        "progress",
        "started",
        "task_completed",
        "task_started",
        "thinking",
    ];
    assert!(kinds.iter().eq(expected), "{kinds:?}");
    for frame in &*written {
        let event = bus.decode(frame).unwrap();
        assert_eq!(json(&bus.encode(&event).unwrap()), json(frame));
        if let Some(started) = event.downcast_ref::<RunStarted>() {
            assert_eq!((started.run, started.name.as_str()), (Some(id), "import"));
        }
    }
    let rejected =
        written.iter().map(|frame| json(frame)).find(|frame| frame["type"] == "checkpoint_rejected");
    let rejected = rejected.unwrap();
    assert_eq!((&rejected["source"], &rejected["message"]), (&json!("ada"), &json!("more research")));
    assert_eq!(rejected["data"]["checkpoint_id"], "plan");
}

#[test]
fn what_the_metadata_keep_of_a_frame_is_written_only_if_it_is_veskas() {
    let frame = json!({ "type": "atoms.thinking", "run": null, "source": "x", "message": "", "timestamp": "2026-11-21T00:00:00Z",
        "metadata": { "veska": { "data": [1], "timestamp": "now", "message": 7, "source": "y" } } });
    let written = json(&bus().encode(&decoded(&frame)).unwrap());
    let expected = json!({ "type": "thinking", "source": "y", "message": "", "data": null, "timestamp": 1_795_219_200.0 });
    assert_eq!(written, expected);
}
