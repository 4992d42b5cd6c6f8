//! The frames that we write, read by Veska: each is one of its events, with all that we wrote.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use atoms::Timestamp;
use atoms::control::{
    AgentCompleted, AgentCreated, AgentFailed, AgentMessage, AgentStarted, Answer, BugDetected,
    DiscussionStarted, ErrorReported, FixStarted, PhaseCompleted, PhaseStarted, Progress, QuestionAnswered,
    QuestionId, QuestionKind, QuestionOpened, RunCancelled, RunCompleted, RunFailed, RunId, RunPaused,
    RunResumed, RunStarted, Scope, Steering, TaskCompleted, TaskFailed, TaskStarted, Tell, Thinking, Veska,
};
use atoms::prelude::*;
use serde_json::{Value, json};

use crate::python;

static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| python::with("veska==0.1.2"));

fn bus() -> Bus {
    Bus::builder().without_discovery().codec(Veska).steering(Steering::new()).start().unwrap()
}

/// What Veska's handlers were given, frame by frame.
fn watched(frames: &[Vec<u8>]) -> Vec<Value> {
    let lines: Vec<_> = frames.iter().map(|frame| String::from_utf8(frame.clone()).unwrap() + "\n").collect();
    assert!(lines.iter().all(|line| line.matches('\n').count() == 1), "a frame is one line");
    let said = python::said_to(&mut python::script(&PYTHON, "veska/watch.py"), &lines.concat());
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the fields of the events have that differ only in how much there is.
struct Case {
    text: &'static str,
    number: u64,
    percentage: f64,
    time: Timestamp,
    run: Option<RunId>,
    value: Value,
}

impl Case {
    fn all() -> Vec<Self> {
        let run: RunId = "01932b5e-7a3c-7c4d-8e5f-0123456789ab".parse().unwrap();
        let at = Timestamp::from_unix_micros;
        let odd = "line\nbreak\r\t \"q\" \\ \0 \u{1b}[31m \u{7f} \u{85}\u{2028} ü é\u{301} 🦀 \u{feff}\u{ffff}\u{10ffff}";
        vec![
            Self { text: "", number: 0, percentage: 0.0, time: at(0), run: None, value: json!([]) },
            Self {
                text: "a",
                number: 1,
                percentage: 50.0,
                time: at(1_795_226_595_487_399),
                run: Some(run),
                value: json!({ "a": [] }),
            },
            Self {
                text: odd,
                number: u64::MAX,
                percentage: f64::MAX,
                time: at(253_402_300_799_999_999),
                run: Some(run),
                value: json!(odd),
            },
            Self {
                text: "null",
                number: (1 << 53) + 1,
                percentage: f64::MIN_POSITIVE,
                time: at(-62_135_596_800_000_000),
                run: None,
                value: json!([u64::MAX, i64::MIN, 0.1, 1e308, [[]], { "": {} }, odd, null, true]),
            },
        ]
    }

    fn envelope<E>(&self, event: E) -> Envelope<E> {
        Envelope::new(event).with_timestamp(self.time)
    }

    fn by(&self) -> Option<Principal> {
        self.run.map(|_| Principal::new(self.text).role(self.text))
    }

    fn optional(&self) -> Option<String> {
        self.run.map(|_| self.text.to_owned())
    }

    fn of_runs(&self) -> Vec<AnyEvent> {
        let (run, elapsed_micros, by) = (self.run, self.number, || self.by());
        let [source, message, name] = [(); 3].map(|()| || self.text.to_owned());
        let (session, reason, error) = (|| self.optional(), self.optional(), name());
        vec![
            self.envelope(RunStarted {
                run,
                source: source(),
                message: message(),
                name: name(),
                parent: run,
            })
            .into(),
            self.envelope(RunCompleted {
                run,
                source: source(),
                message: message(),
                name: name(),
                elapsed_micros,
            })
            .into(),
            self.envelope(RunFailed {
                run,
                source: source(),
                message: message(),
                name: name(),
                error,
                is_panic: run.is_some(),
                elapsed_micros,
            })
            .into(),
            self.envelope(RunCancelled {
                run,
                source: source(),
                message: message(),
                name: session(),
                session: session(),
                by: by(),
                reason,
            })
            .into(),
            self.envelope(RunPaused {
                run,
                source: source(),
                message: message(),
                session: session(),
                by: by(),
            })
            .into(),
            self.envelope(RunResumed {
                run,
                source: source(),
                message: message(),
                session: session(),
                by: by(),
                held: self.number,
            })
            .into(),
        ]
    }

    fn of_work(&self) -> Vec<AnyEvent> {
        let (run, elapsed_micros) = (self.run, self.number);
        let [source, message, task] = [(); 3].map(|()| || self.text.to_owned());
        let mut events: Vec<AnyEvent> = vec![
            self.envelope(Progress {
                run,
                source: source(),
                message: message(),
                completed: self.number,
                total: self.number,
                current_task: task(),
                percentage: self.percentage,
                estimated_end: run.map(|_| self.time),
            })
            .into(),
            self.envelope(PhaseStarted { run, source: source(), message: message(), phase: task() }).into(),
            self.envelope(PhaseCompleted {
                run,
                source: source(),
                message: message(),
                phase: task(),
                elapsed_micros,
            })
            .into(),
            self.envelope(TaskStarted { run, source: source(), message: message(), task: task() }).into(),
            self.envelope(TaskCompleted {
                run,
                source: source(),
                message: message(),
                task: task(),
                elapsed_micros,
            })
            .into(),
            self.envelope(TaskFailed {
                run,
                source: source(),
                message: message(),
                task: task(),
                error: task(),
                elapsed_micros,
            })
            .into(),
        ];
        macro_rules! told {
            ($($event:ident)*) => {
                $(events.push(self.envelope($event { run, source: source(), message: message() }).into());)*
            };
        }
        told!(AgentCreated AgentStarted AgentCompleted AgentFailed AgentMessage ErrorReported BugDetected);
        told!(DiscussionStarted FixStarted Thinking);
        events
    }

    fn of_questions(&self) -> Vec<AnyEvent> {
        use QuestionKind::{Approval, Checkpoint, Input};
        let question: QuestionId = "01932b5e-7a3c-7c4d-8e5f-0123456789ac".parse().unwrap();
        let (name, deadline) = (self.optional(), self.run.map(|_| self.time));
        let roles: Vec<_> = self.optional().into_iter().collect();
        let opened = [Approval, Checkpoint, Input].map(|kind| {
            let (title, name, roles) = (self.text.to_owned(), name.clone(), roles.clone());
            let mut opened = self.envelope(QuestionOpened { question, kind, name, title, roles, deadline });
            if self.run.is_some() {
                opened.metadata_mut().set_source(self.text);
            }
            opened.into()
        });
        let feedback = || self.optional();
        let answers = [
            (Approval, Answer::Approved { feedback: feedback(), edited: Some(self.value.clone()) }),
            (Checkpoint, Answer::Approved { feedback: feedback(), edited: None }),
            (Checkpoint, Answer::Rejected { feedback: feedback() }),
            (Input, Answer::Given(self.value.clone())),
            (Input, Answer::Given(self.text.into())),
        ];
        let answered = answers.map(|(kind, answer)| {
            let (name, answered_by) = (name.clone(), self.by());
            let is_default = answered_by.is_none();
            self.envelope(QuestionAnswered { question, kind, name, answer, answered_by, is_default }).into()
        });
        opened.into_iter().chain(answered).collect()
    }

    fn events(&self) -> Vec<AnyEvent> {
        [self.of_runs(), self.of_work(), self.of_questions()].concat()
    }
}

fn json(frame: &[u8]) -> Value {
    serde_json::from_slice(frame).unwrap()
}

/// Veska leaves nothing out, and we read what it says of our events as we read our own.
fn check(bus: &Bus, frames: &[Vec<u8>]) -> BTreeSet<String> {
    let watched = watched(frames);
    assert_eq!(watched.len(), frames.len());
    let mut kinds = BTreeSet::new();
    for (frame, watched) in frames.iter().zip(watched) {
        assert_eq!(watched, json(frame));
        let (ours, theirs) =
            (bus.decode(frame).unwrap(), bus.decode(watched.to_string().as_bytes()).unwrap());
        assert_eq!(ours.known_type(), theirs.known_type());
        assert_eq!(json(&bus.encode(&theirs).unwrap()), watched);
        kinds.insert(watched["type"].as_str().unwrap().to_owned());
    }
    kinds
}

#[test]
fn each_event_that_we_write_is_read_by_veska() {
    let bus = bus();
    let events: Vec<_> = Case::all().iter().flat_map(Case::events).collect();
    let frames: Vec<_> = events.iter().map(|event| bus.encode(event).unwrap()).collect();
    assert_eq!(frames.len(), 4 * 30);
    assert_eq!(check(&bus, &frames).len(), 26);
}

#[tokio::test]
async fn veska_watches_a_bus_at_work() {
    let bus = bus();
    let frames = Arc::new(Mutex::new(Vec::new()));
    let (all, writes) = (frames.clone(), bus.clone());
    let _on = bus.on_any(move |event| all.lock().unwrap().push(writes.encode(event).unwrap()));
    let running = bus.runs().start("nightly\nimport \u{1f980}", async |run: Run| {
        let _phase = run.phase("");
        run.progress(u64::MAX, u64::MAX, "\"last\"").await?;
        run.progress(0, 0, "").await?;
        run.task("write", "writer").failed("out of ink");
        run.source("").agent_message("line\nbreak").await?;
        Ok(run.ask::<Vec<String>>(Input::new("tags").title("Which?")).await?)
    });
    while bus.questions().get("tags").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    bus.questions().answer("tags", json!([])).by(&Principal::new("ada")).await.unwrap();
    assert!(running.await.unwrap().is_empty());
    bus.source("cli").error("").await.unwrap();
    bus.runs().pause(Scope::Bus).by(&Principal::new("ada")).await.unwrap();
    bus.runs().resume(Scope::Bus).await;
    bus.runs().cancel(Scope::Bus).reason("done").await;
    bus.idle().await;
    let frames = std::mem::take(&mut *frames.lock().unwrap());
    let kinds = check(&bus, &frames);
    let expected = [
        "agent_message",
        "cancelled",
        "completed",
        "error",
        "need_input",
        "paused",
        "phase_completed",
        "phase_started",
        "progress",
        "resumed",
        "started",
        "task_failed",
        "task_started",
        "user_feedback",
    ];
    assert!(kinds.iter().eq(expected), "{kinds:?}");
}

#[test]
fn veska_says_what_is_not_its_own() {
    let others = [json!({ "type": "atoms.question.cancelled" }), json!({ "type": "thinking", "data": [] })];
    let said = watched(&others.map(|frame| frame.to_string().into_bytes()));
    assert!(said[0]["error"].as_str().unwrap().contains("Input should be 'started'"), "{said:?}");
    assert!(said[1]["error"].as_str().unwrap().contains("Input should be an object"), "{said:?}");
}
