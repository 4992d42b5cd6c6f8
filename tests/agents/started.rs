//! How agents are started, what is told of them, and how they end.

use std::sync::{Arc, Mutex};

use atoms::control::{AgentFailed, RunError, TaskCompleted, TaskFailed};
use atoms::prelude::*;
use atoms::tools::{AgentError, Sender, ToolSet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::log::Log;
use crate::{SOON, bus};

/// Says who calls.
#[tool]
pub(crate) fn whoami(#[extract] sender: Option<Sender>, #[extract] principal: Option<Principal>) -> String {
    let name = |name: Option<String>| name.unwrap_or_else(|| "nobody".into());
    format!("{} for {}", name(sender.map(Into::into)), name(principal.map(|it| it.name().to_owned())))
}

#[tool]
fn delete_customer(customer_id: String) -> String {
    customer_id
}

#[derive(Serialize, Deserialize)]
struct Task {
    words: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    pages: usize,
    by: String,
}

/// Finds pages.
#[agent(name = "aiagents.Main", tools = [whoami])]
async fn main_agent(task: Task, run: Run, context: Context, log: State<Log>) -> Result<Found, ToolError> {
    log.add(format!("{} works", run.name()));
    let total = task.words.len();
    for (done, word) in task.words.iter().enumerate() {
        drop(run.progress(done as u64 + 1, total as u64, word));
    }
    Ok(Found { pages: total, by: whoami::call(context.bus(), WhoamiArgs {}).await? })
}

/// The types of the framework's events that a bus delivers, and who tells them.
fn told(bus: &Bus) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let all = told.clone();
    bus.on_any(move |event| all.lock().unwrap().push(event.event_type().to_owned())).detach();
    told
}

#[tokio::test]
async fn it_is_created_started_makes_progress_and_completes() {
    let (builder, log) = bus();
    let bus = builder.tool::<whoami>().agent::<main_agent>().start().unwrap();
    let told = told(&bus);
    let agent = bus.agents().get("aiagents.Main").unwrap();
    assert_eq!((agent.info().name(), agent.info().description()), ("aiagents.Main", "Finds pages."));
    let found = agent.start(Task { words: vec!["a".into(), "b".into()] }).unwrap().await.unwrap();
    assert_eq!(found, json!({"pages": 2, "by": "aiagents.Main for nobody"}));
    assert_eq!(log.take(), ["aiagents.Main works"]);
    bus.idle().await;
    let expected = [
        "run.started",
        "agent.created",
        "agent.started",
        "progress",
        "progress",
        "agent.completed",
        "run.completed",
    ];
    let told: Vec<_> = told.lock().unwrap().drain(..).filter(|told| !told.contains(".tool.")).collect();
    assert_eq!(told, expected.map(|told| format!("atoms.{told}")));
}

#[tokio::test]
async fn its_calls_carry_its_name_and_for_whom_it_works() {
    let (builder, _) = bus();
    let bus = builder.tool::<whoami>().agent::<main_agent>().start().unwrap();
    let ada = Principal::new("ada");
    let running = bus.runs().for_principal(&ada).start("ada's", {
        let bus = bus.clone();
        async move |_| Ok(bus.agents().get("aiagents.Main")?.start(json!({"words": []}))?.await?)
    });
    assert_eq!(running.await.unwrap()["by"], "aiagents.Main for ada");
    // Who starts it is not the sender of what it calls, and the agent is not that of later calls.
    assert_eq!(whoami::call(&bus, WhoamiArgs {}).await.unwrap(), "nobody for nobody");
}

#[agent(name = "aiagents.Fails")]
async fn fails(how: String) -> Result<(), String> {
    match how.as_str() {
        "returns" => Err("out of paper".into()),
        "panics" => panic!("out of ink"),
        _ => std::future::pending().await,
    }
}

#[tokio::test]
async fn it_fails_by_an_error_a_panic_or_a_cancel_and_says_so() {
    let (builder, _) = bus();
    let bus = builder.agent::<fails>().start().unwrap();
    let agent = bus.agents().get("aiagents.Fails").unwrap();
    for (how, said) in [
        ("returns", "the run `aiagents.Fails` failed: out of paper"),
        ("panics", "the run `aiagents.Fails` panicked: out of ink"),
        ("waits", "the run `aiagents.Fails` was cancelled: enough"),
    ] {
        let failed = bus.expect::<AgentFailed>(|_| true);
        let working = agent.start(how).unwrap();
        if how == "waits" {
            bus.runs().cancel(working.run().unwrap().id()).reason("enough").await;
        }
        assert_eq!(working.await.unwrap_err().to_string(), said);
        assert_eq!(timeout(SOON, failed).await.unwrap().unwrap().message, said);
    }
}

#[tokio::test]
async fn a_task_is_told_beside_the_agent() {
    let (builder, _) = bus();
    let bus = builder.tool::<whoami>().agent::<main_agent>().agent::<fails>().start().unwrap();
    let completed = bus.expect::<TaskCompleted>(|_| true);
    let task = json!({"words": ["a"]});
    bus.agents().get("aiagents.Main").unwrap().execute_task(&task).unwrap().await.unwrap();
    let completed = timeout(SOON, completed).await.unwrap().unwrap();
    assert_eq!((&*completed.source, &*completed.task), ("aiagents.Main", r#"{"words":["a"]}"#));
    let failed = bus.expect::<TaskFailed>(|_| true);
    bus.agents().get("aiagents.Fails").unwrap().execute_task("returns").unwrap().await.unwrap_err();
    let failed = timeout(SOON, failed).await.unwrap().unwrap();
    assert_eq!((&*failed.task, &*failed.error), ("returns", "out of paper"));
}

#[tokio::test]
async fn what_is_not_started_says_why_and_tells_nothing() {
    let (builder, log) = bus();
    let bus = builder.tool::<whoami>().agent::<main_agent>().start().unwrap();
    let told = told(&bus);
    let unknown = bus.agents().get("aiagents.main").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no agent `aiagents.main`: did you mean `aiagents.Main`?");
    assert!(matches!(bus.agents().get("x").unwrap_err(), AgentError::Unknown { nearest: None, .. }));
    let agent = bus.agents().get("aiagents.Main").unwrap();
    let wrong = agent.start(json!({"word": 1})).unwrap_err();
    let said = "the agent `aiagents.Main` was not started: its task is wrong: missing field `words`";
    assert_eq!(wrong.to_string(), said);
    assert!(agent.execute_task("words").is_err());
    bus.idle().await;
    assert!(told.lock().unwrap().is_empty() && log.take().is_empty());
    bus.shutdown(SOON).await.unwrap();
    let closed = agent.start(json!({"words": []})).unwrap().await.unwrap_err();
    assert!(matches!(closed, RunError::NotStarted { .. }), "{closed}");
}

#[agent(name = "aiagents.ByName", tools = [whoami])]
async fn by_name(name: String, tools: ToolSet, context: Context) -> Result<Value, ToolError> {
    let arguments = if name == "whoami" { json!({}) } else { json!({"customer_id": "c-1"}) };
    tools.call(context.bus(), &name, arguments).await
}

#[tokio::test]
async fn it_calls_by_name_what_it_lists_and_no_other_tool() {
    let (builder, _) = bus();
    let bus = builder.tool::<whoami>().tool::<delete_customer>().agent::<by_name>().start().unwrap();
    let agent = bus.agents().get("aiagents.ByName").unwrap();
    assert_eq!(agent.tools().list(&bus).map(|tool| tool.name()).collect::<Vec<_>>(), ["whoami"]);
    assert_eq!(agent.start("whoami").unwrap().await.unwrap(), json!("aiagents.ByName for nobody"));
    let refused = agent.start("delete_customer").unwrap().await.unwrap_err();
    assert!(refused.to_string().ends_with("there is no tool `delete_customer`"), "{refused}");
}

#[handler]
fn needs_tools(_: &TaskCompleted, tools: Option<ToolSet>, log: State<Log>) {
    log.add(format!("{:?}", tools.map(|tools| tools.sender().to_string())));
}

#[tokio::test]
async fn who_is_not_an_agent_has_no_tools_of_one() {
    let (builder, log) = bus();
    let bus = builder.handler::<needs_tools>().start().unwrap();
    bus.source("cli").task("a", "cli").completed();
    bus.idle().await;
    assert_eq!(log.take(), ["None"]);
}

#[test]
fn the_start_reports_what_is_missing_all_at_once() {
    let error = Bus::builder().without_discovery().agent::<main_agent>().start().unwrap_err().to_string();
    assert!(error.contains("agent aiagents.Main (tests/agents/started.rs:"), "{error}");
    assert!(error.contains("the bus has no state `agents::log::Log`"), "{error}");
    let tool = "its tool `whoami` is not on this bus: write `.tool::<agents::started::whoami>()` where the bus is built";
    assert!(error.contains(tool), "{error}");
}

#[tokio::test]
async fn an_agent_that_is_started_by_another_ends_with_it_unless_it_is_apart() {
    let (builder, _) = bus();
    let bus = builder.agent::<fails>().start().unwrap();
    for is_apart in [false, true] {
        let starts = bus.clone();
        let run = bus.runs().start("main", async move |_| {
            let agent = starts.agents().get("aiagents.Fails")?;
            let agent = if is_apart { agent.apart() } else { agent };
            Ok(agent.start("waits")?.detach()?)
        });
        let run = run.await.unwrap();
        assert_eq!((run.parent().is_none(), run.has_ended()), (is_apart, !is_apart));
    }
    bus.runs().cancel(atoms::control::Scope::Bus).await;
}

#[agent(name = "aiagents.Quick")]
async fn quick(task: usize) -> Result<usize, String> {
    Ok(task)
}

#[tokio::test]
async fn all_is_told_of_more_agents_that_start_at_once_than_there_is_room_for() {
    const AGENTS: usize = 2_500;
    let (builder, _) = bus();
    let bus = builder.agent::<quick>().start().unwrap();
    let told = told(&bus);
    let agent = bus.agents().get("aiagents.Quick").unwrap();
    let working: Vec<_> = (0..AGENTS).map(|task| agent.execute_task(task).unwrap()).collect();
    for (task, working) in working.into_iter().enumerate() {
        assert_eq!(working.await.unwrap(), task);
    }
    bus.idle().await;
    let told = told.lock().unwrap();
    let told = |name| told.iter().filter(|told| *told == name).count();
    for name in [
        "atoms.run.started",
        "atoms.agent.created",
        "atoms.agent.started",
        "atoms.task.started",
        "atoms.task.completed",
        "atoms.agent.completed",
        "atoms.run.completed",
    ] {
        assert_eq!(told(name), AGENTS, "{name}");
    }
}

/// Starts itself again and again, until it cannot.
#[agent(name = "aiagents.Endless")]
async fn endless(started: usize, context: Context, log: State<Log>) -> Result<(), AgentError> {
    let next = context.bus().agents().get("aiagents.Endless")?.apart().start(started + 1)?;
    if let Err(error) = next.detach() {
        log.add(format!("{started}: {error}"));
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_that_starts_itself_for_ever_is_stopped() {
    let (builder, log) = bus();
    let bus = builder.agent::<endless>().start().unwrap();
    bus.agents().get("aiagents.Endless").unwrap().start(1).unwrap().await.unwrap();
    timeout(SOON, async {
        while !bus.runs().list().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let why = "256 runs led to it, each started by the one before, which is the limit: a loop was stopped";
    assert_eq!(log.take(), [format!("256: the run `aiagents.Endless` was not started: {why}")]);
}

#[tokio::test]
async fn an_error_holds_no_more_of_a_task_than_it_shows() {
    let (builder, _) = bus();
    let bus = builder.agent::<quick>().start().unwrap();
    let agent = bus.agents().get("aiagents.Quick").unwrap();
    let error = agent.start("x".repeat(100_000)).map(drop).unwrap_err();
    assert!(
        format!("{error:?}").len() < 1_200 && error.to_string().contains("invalid type: string"),
        "{error}"
    );
}
