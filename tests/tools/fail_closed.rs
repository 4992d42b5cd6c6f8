//! Every way in which a before-hook can end, for every caller: whether the function ran, what the caller is told, and what the
//! events say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::BusBuilder;
use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use atoms::tools::{
    Approvals, Bindings, EventBinding, EventData, EventStage, LoopError, Part, SenderInfo, ToolLoop, ToolSet,
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::log::Log;
use crate::models::stub::Parts;
use crate::{ada, asked, bus, left};

/// How the hook ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Way {
    Allow,
    Deny,
    Replace,
    Ask,
    Error,
    Panic,
    PanicWhenPolled,
    TimeOut,
    Cancelled,
    BreaksArguments,
}

const WAYS: [Way; 10] = [
    Way::Allow,
    Way::Deny,
    Way::Replace,
    Way::Ask,
    Way::Error,
    Way::Panic,
    Way::PanicWhenPolled,
    Way::TimeOut,
    Way::Cancelled,
    Way::BreaksArguments,
];

/// Says who runs.
#[tool]
fn act(
    way: Way,
    #[tool(default = Small(5))] number: Small,
    #[tool(default = false)] asks_first: bool,
    log: State<Log>,
) -> String {
    let _ = (way, number, asks_first);
    log.add("ran");
    "done".into()
}

/// A number of up to 10, as only its schema says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Small(#[schemars(range(max = 10))] u8);

#[derive(Default)]
struct Runs(AtomicU32);

#[hook(before, timeout = "50ms")]
async fn judge(call: &mut Call<act>, runs: State<Runs>) -> Result<Verdict<act>, String> {
    if runs.0.fetch_add(1, Ordering::SeqCst) == 0 && call.args.asks_first {
        return Ok(Verdict::ask(Approval::unnamed()));
    }
    let way = call.args.way;
    tokio::task::yield_now().await;
    match way {
        Way::Allow => Ok(Verdict::Allow),
        Way::Deny => Ok(Verdict::deny("not today")),
        Way::Replace => Ok(Verdict::Replace("another".into())),
        Way::Ask => Ok(Verdict::ask(Approval::unnamed())),
        Way::Error => Err("out of order".into()),
        Way::Panic | Way::PanicWhenPolled => panic!("out of paper"),
        Way::TimeOut | Way::Cancelled => std::future::pending().await,
        Way::BreaksArguments => {
            call.args.number = Small(11);
            Ok(Verdict::Allow)
        }
    }
}

/// One that panics before it is polled: it is not `async`.
#[hook(before, order = -1)]
fn panics(call: &mut Call<act>, runs: State<Runs>) -> Verdict<act> {
    let is_first = runs.0.load(Ordering::SeqCst) == 0;
    assert!(call.args.way != Way::Panic || is_first && call.args.asks_first, "out of paper");
    Verdict::Allow
}

/// The same, of a hook that a configuration names: it denies with an error, and neither replaces nor asks.
#[hook(func = "services.judge.act", timeout = "50ms")]
async fn judge_as_configured(mut data: EventData) -> Result<EventData, String> {
    let way = way_of(&data);
    tokio::task::yield_now().await;
    match way {
        Way::Error => Err("out of order".into()),
        Way::PanicWhenPolled => panic!("out of paper"),
        Way::TimeOut | Way::Cancelled => std::future::pending().await,
        Way::BreaksArguments => {
            data.args["number"] = json!(11);
            Ok(data)
        }
        _ => Ok(data),
    }
}

#[hook(func = "services.judge.panics", order = -1)]
fn panics_as_configured(data: EventData) {
    assert!(way_of(&data) != Way::Panic, "out of paper");
}

fn way_of(data: &EventData) -> Way {
    serde_json::from_value(data.args["way"].clone()).unwrap()
}

static MAIN: SenderInfo = SenderInfo::new("aiagents.Main");

/// What has to become of a call.
struct Row {
    ran: bool,
    /// A part of what the caller is told; `None` if the caller is gone.
    told: Option<&'static str>,
    /// The last event.
    event: &'static str,
}

fn expected(way: Way) -> Row {
    let row = |ran, told, event| Row { ran, told: Some(told), event };
    match way {
        Way::Allow => row(true, "done", "atoms.tool.completed"),
        Way::Deny => row(false, "was denied: not today", "atoms.tool.denied"),
        Way::Replace => row(false, "another", "atoms.tool.completed"),
        // It is approved.
        Way::Ask => row(true, "done", "atoms.tool.completed"),
        Way::Error => row(false, "failed: out of order", "atoms.tool.denied"),
        Way::Panic | Way::PanicWhenPolled => {
            row(false, "failed: it panicked: out of paper", "atoms.tool.denied")
        }
        Way::TimeOut => row(false, "failed: it took longer than 50ms", "atoms.tool.denied"),
        Way::Cancelled => Row { ran: false, told: None, event: "atoms.tool.started" },
        Way::BreaksArguments => {
            row(false, "/number: 11 is greater than the maximum of 10", "atoms.tool.denied")
        }
    }
}

struct Guarded {
    bus: Bus,
    log: Arc<Log>,
    _subscription: atoms::Subscription,
    events: Arc<Log>,
}

fn guarded() -> Guarded {
    guarded_by(|builder| builder.tool_hook::<judge>().tool_hook::<panics>())
}

fn guarded_as_configured() -> Guarded {
    guarded_by(|builder| {
        let binding = |name, func| {
            EventBinding::new(name, EventStage::PreEvent).title("A judge").sender("aiagents.Main").func(func)
        };
        let bindings = Bindings::new().with(binding("events.judge", "services.judge.act"));
        let bindings = bindings.with(binding("events.panics", "services.judge.panics"));
        let builder = builder.tool_hook::<judge_as_configured>().tool_hook::<panics_as_configured>();
        builder.entry(&MAIN).bindings(bindings)
    })
}

fn guarded_by(hooks: impl FnOnce(BusBuilder) -> BusBuilder) -> Guarded {
    let (builder, log) = bus();
    let builder = hooks(builder.tool::<act>());
    let bus = builder.state(Runs::default()).start().unwrap();
    let events = Arc::<Log>::default();
    let told = Arc::clone(&events);
    let subscription = bus.on_any(move |event| {
        if event.event_type().starts_with("atoms.tool.") && event.event_type() != "atoms.tool.approved" {
            told.add(event.event_type());
        }
    });
    Guarded { bus, log, _subscription: subscription, events }
}

impl Guarded {
    fn check(&self, way: Way, told: Option<String>) {
        let row = expected(way);
        assert_eq!(!self.log.take().is_empty(), row.ran, "{way:?}: whether it ran");
        match (&told, row.told) {
            (Some(told), Some(part)) => assert!(told.contains(part), "{way:?}: {told}"),
            (told, part) => assert_eq!(told.is_some(), part.is_some(), "{way:?}: {told:?}"),
        }
        let events = self.events.take();
        let mut of_end = events.iter().filter(|event| !event.ends_with("decided"));
        assert_eq!(of_end.next_back().map(String::as_str), Some(row.event), "{way:?}: {events:?}");
        let decided = events.iter().any(|event| event.ends_with("decided"));
        assert!(decided || way == Way::Cancelled || told.is_none(), "{way:?}: {events:?}");
    }

    /// Calls it; cancels the call where the hook does not end.
    async fn call<T, E>(&self, way: Way, call: impl Future<Output = Result<T, E>>) -> Option<String>
    where
        T: std::fmt::Debug,
        E: std::fmt::Display,
    {
        if way == Way::Cancelled {
            let mut call = std::pin::pin!(call);
            for _ in 0..3 {
                assert!(futures_util::poll!(&mut call).is_pending());
            }
            return None;
        }
        let approve = async {
            if way == Way::Ask {
                self.approve().await;
            }
        };
        let (called, ()) = tokio::join!(call, approve);
        Some(called.map_or_else(|error| error.to_string(), |output| format!("{output:?}")))
    }

    async fn approve(&self) {
        let question = asked(&self.bus).await;
        self.bus.questions().approve(question.id).by(&ada()).await.unwrap();
    }
}

fn args(way: Way) -> ActArgs {
    ActArgs { way, number: Small(5), asks_first: false }
}

#[tokio::test]
async fn a_caller_in_rust() {
    for way in WAYS {
        let guarded = guarded();
        let told = guarded.call(way, act::call(&guarded.bus, args(way)).into_future()).await;
        guarded.check(way, told);
    }
}

#[tokio::test]
async fn a_caller_with_json() {
    for way in WAYS {
        let guarded = guarded();
        let call = guarded.bus.tools().call("act", json!({"way": way})).into_future();
        let told = guarded.call(way, call).await;
        guarded.check(way, told);
    }
}

#[tokio::test]
async fn a_caller_that_is_a_model() {
    for way in WAYS {
        let guarded = guarded();
        let call = Part::call(0, "call_1", "act", json!({ "way": way }).to_string());
        let model = Parts::new([vec![call, Part::End], vec![Part::End]]);
        let tools = ToolSet::for_agent("aiagents.Main").tools(&guarded.bus, ["act"]).unwrap();
        let approvals = Approvals::Wait { told: "One moment.".into(), at_most: Duration::from_secs(5) };
        let answer =
            ToolLoop::new(&guarded.bus, model.clone(), tools).approvals(approvals).answer(Vec::new());
        let call = async {
            answer.texts().try_collect::<String>().await?;
            Ok::<_, LoopError>(model.told().concat())
        };
        let told = guarded.call(way, call).await;
        guarded.check(way, told);
    }
}

#[tokio::test]
async fn a_caller_that_has_gone_before_the_answer() {
    for way in WAYS {
        let guarded = guarded();
        left(&guarded.bus, act::call(&guarded.bus, ActArgs { asks_first: true, ..args(way) })).await;
        guarded.events.take();
        guarded.approve().await;
        if way == Way::Cancelled {
            // The bus ends while the hook runs.
            let _ = guarded.bus.shutdown(Duration::from_millis(5)).await;
            assert!(guarded.log.take().is_empty());
            continue;
        }
        let ended = |event: &String| event == expected(way).event;
        let events = Arc::clone(&guarded.events);
        let mut seen = Vec::new();
        for _ in 0..2_000 {
            seen.extend(events.take());
            if seen.iter().any(ended) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(seen.iter().any(ended), "{way:?}: {seen:?}");
        assert_eq!(!guarded.log.take().is_empty(), expected(way).ran, "{way:?}");
    }
}

#[tokio::test]
async fn a_caller_that_waits_for_the_answer() {
    for way in WAYS.into_iter().filter(|way| *way != Way::Cancelled) {
        let guarded = guarded();
        let call = act::call(&guarded.bus, ActArgs { asks_first: true, ..args(way) }).into_future();
        let (called, ()) = tokio::join!(call, guarded.approve());
        let told = called.unwrap_or_else(|error| error.to_string());
        guarded.check(way, Some(told));
    }
}

#[tokio::test]
async fn a_caller_of_a_tool_with_hooks_of_a_configuration() {
    for way in WAYS.into_iter().filter(|way| !matches!(way, Way::Deny | Way::Replace | Way::Ask)) {
        let guarded = guarded_as_configured();
        let call = act::call(&guarded.bus, args(way)).sender("aiagents.Main").into_future();
        let told = guarded.call(way, call).await;
        guarded.check(way, told);
        let guarded = guarded_as_configured();
        let call = guarded.bus.tools().call("act", json!({"way": way})).sender("aiagents.Main").into_future();
        let told = guarded.call(way, call).await;
        guarded.check(way, told);
    }
}

/// Breaks what it sees after a call.
#[hook(func = "services.breaks.result", timeout = "50ms")]
async fn breaks_result(mut data: EventData) -> Result<EventData, String> {
    let args: ActArgs = serde_json::from_str(data.args.as_str().unwrap()).unwrap();
    tokio::task::yield_now().await;
    match args.way {
        Way::Error => Err("out of order".into()),
        Way::PanicWhenPolled => panic!("out of paper"),
        Way::TimeOut => std::future::pending().await,
        Way::BreaksArguments => {
            data.result = Some(json!(5));
            Ok(data)
        }
        _ => Ok(data),
    }
}

#[tokio::test]
async fn a_result_is_held_back_if_a_hook_of_a_configuration_fails() {
    for (way, said) in [
        (Way::Error, "failed: out of order"),
        (Way::PanicWhenPolled, "failed: it panicked: out of paper"),
        (Way::TimeOut, "failed: it took longer than 50ms"),
        (Way::BreaksArguments, "its result is not one of this tool"),
    ] {
        let binding = EventBinding::new("events.breaks", EventStage::PostEvent).title("Breaks");
        let bindings = Bindings::new().with(binding.sender("aiagents.Main").func("services.breaks.result"));
        let guarded =
            guarded_by(|builder| builder.tool_hook::<breaks_result>().entry(&MAIN).bindings(bindings));
        let error = act::call(&guarded.bus, args(way)).sender("aiagents.Main").await.unwrap_err();
        assert!(error.to_string().contains(said), "{way:?}: {error}");
        assert!(!error.is_denied());
        assert_eq!(guarded.log.take(), ["ran"]);
    }
}

/// A hook that is cancelled with its call says nothing later.
#[tokio::test]
async fn what_is_not_awaited_does_nothing() {
    let guarded = guarded();
    drop(act::call(&guarded.bus, args(Way::Allow)));
    assert!(guarded.log.take().is_empty() && guarded.events.take().is_empty());
}
