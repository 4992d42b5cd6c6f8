//! What the documentation of JitAI's agent events does with several agents.

use atoms::control::{AgentCompleted, AgentFailed, AgentStarted, TaskStarted};
use atoms::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::log::Log;
use crate::{SOON, bus};

/// Distributes tasks among agents.
#[tool(name = "taskDistributor")]
fn task_distributor(to: Vec<String>) -> Value {
    let tasks =
        to.iter().enumerate().map(|(number, agent)| json!({"assignedAgent": agent, "task": number + 1}));
    json!({"subTasks": tasks.collect::<Vec<_>>()})
}

#[agent(name = "aiagents.MainAgent", tools = [task_distributor])]
async fn main_agent(to: Vec<String>, context: Context) -> Result<Value, ToolError> {
    task_distributor::call(context.bus(), TaskDistributorArgs { to }).await
}

#[derive(Serialize, Deserialize)]
struct SubTask {
    task: u64,
}

#[agent(name = "aiagents.writer")]
async fn writer(sub: SubTask) -> Result<String, String> {
    Ok(format!("written {}", sub.task))
}

#[agent(name = "aiagents.reader")]
async fn reader(sub: SubTask) -> Result<String, String> {
    match sub.task {
        2 => Err("cannot read 2".into()),
        task => Ok(format!("read {task}")),
    }
}

/// Notifies the sub-agents after the distribution, at the same time, and adds what each returns.
#[hook(after, tools = "taskDistributor", sender = "aiagents.MainAgent")]
async fn notify_sub_agents(done: &mut ToolDone, context: Context) {
    let Ok(result) = &mut done.result else { return };
    let tasks = result["subTasks"].as_array().cloned().unwrap_or_default();
    let results = tasks.into_iter().map(async |task| {
        let name = format!("aiagents.{}", task["assignedAgent"].as_str().unwrap_or_default());
        let done = async {
            Ok::<_, atoms::HandlerError>(context.bus().agents().get(&name)?.execute_task(task)?.await?)
        };
        done.await.map_or_else(|error| json!({"error": error.to_string()}), |done| json!({"done": done}))
    });
    result["results"] = futures_util::future::join_all(results).await.into();
}

#[tokio::test]
async fn sub_agents_are_notified_after_the_distribution_and_each_result_comes_back() {
    let (builder, log) = bus();
    let builder = builder.tool::<task_distributor>().tool_hook::<notify_sub_agents>();
    let builder = builder.agent::<main_agent>().agent::<writer>().agent::<reader>();
    let bus = builder.start().unwrap();
    let _tasks = bus.on::<TaskStarted>({
        let log = log.clone();
        move |started| log.add(format!("{} {}", started.source, started.task))
    });
    let agent = bus.agents().get("aiagents.MainAgent").unwrap();
    let result = agent.start(["writer", "reader", "writer", "nobody"]).unwrap().await.unwrap();
    let expected = json!([
        {"done": "written 1"},
        {"error": "the run `aiagents.reader` failed: cannot read 2"},
        {"done": "written 3"},
        {"error": "there is no agent `aiagents.nobody`"},
    ]);
    let error = &result["results"][3]["error"];
    assert!(error.as_str().unwrap().starts_with("there is no agent `aiagents.nobody`"), "{error}");
    assert_eq!(result["results"].as_array().unwrap()[..3], expected.as_array().unwrap()[..3]);
    bus.idle().await;
    let mut told = log.take();
    told.sort();
    assert_eq!(told.len(), 3);
    assert!(told[0].starts_with(r#"aiagents.reader {"assignedAgent":"reader","task":2}"#), "{told:?}");
    // Another sender than the one of the hook.
    let args = TaskDistributorArgs { to: vec!["writer".into()] };
    let result = task_distributor::call(&bus, args).sender("aiagents.Other").await.unwrap();
    assert!(result.get("results").is_none());
}

/// What each step makes of what it is given.
#[derive(Serialize, Deserialize)]
struct StepResult {
    success: bool,
    data: Value,
}

/// A tool of this name for each step, and an agent that calls it.
macro_rules! steps {
    ($($tool:ident $args:ident $agent:ident $step:literal $name:literal)*) => {$(
        #[tool(name = $step)]
        fn $tool(data: Value, log: State<Log>) -> StepResult {
            log.add(format!(concat!($step, " {}"), data));
            let is_ready = data["fails"] != $step;
            StepResult { success: is_ready, data }
        }

        #[agent(name = $name, tools = [$tool])]
        async fn $agent(data: Value, context: Context) -> Result<StepResult, Box<dyn std::error::Error + Send + Sync>> {
            let result = $tool::call(context.bus(), $args { data }).await?;
            match result.success {
                true => Ok(result),
                false => Err(concat!($step, " has no success").into()),
            }
        }
    )*};
}

steps! {
    data_collector DataCollectorArgs collects "dataCollector" "aiagents.dataCollector"
    data_processor DataProcessorArgs processes "dataProcessor" "aiagents.dataProcessor"
    data_analyzer DataAnalyzerArgs analyzes "dataAnalyzer" "aiagents.dataAnalyzer"
    report_generator ReportGeneratorArgs reports "reportGenerator" "aiagents.reportGenerator"
}

const CHAIN: [(&str, &str); 3] = [
    ("dataCollector", "dataProcessor"),
    ("dataProcessor", "dataAnalyzer"),
    ("dataAnalyzer", "reportGenerator"),
];

#[hook(after, sender = "aiagents.*")]
fn next_step(done: &mut ToolDone, context: Context, log: State<Log>) -> Result<(), atoms::HandlerError> {
    let current = done.tool().name();
    let Some((_, next)) = CHAIN.iter().find(|(tool, _)| *tool == current) else { return Ok(()) };
    match &done.result {
        Ok(result) if result["success"] == true => {
            let agent = context.bus().agents().get(&format!("aiagents.{next}"))?;
            agent.apart().start(&result["data"])?.detach()?;
            log.add(format!("Task chain: {current} -> {next}"));
        }
        _ => log.add(format!("Task chain: ends at {current}")),
    }
    Ok(())
}

fn chain() -> (Bus, std::sync::Arc<Log>) {
    let (builder, log) = bus();
    let builder = builder.tool::<data_collector>().tool::<data_processor>().tool::<data_analyzer>();
    let builder = builder.tool::<report_generator>().tool_hook::<next_step>();
    let builder = builder.agent::<collects>().agent::<processes>().agent::<analyzes>().agent::<reports>();
    (builder.start().unwrap(), log)
}

#[tokio::test]
async fn a_task_chain_goes_from_agent_to_agent() {
    let (bus, log) = chain();
    let reported = bus.expect::<AgentCompleted>(|completed| completed.source == "aiagents.reportGenerator");
    let collector = bus.agents().get("aiagents.dataCollector").unwrap();
    let first = collector.start(json!({"day": 1})).unwrap().await.unwrap();
    assert_eq!(first, json!({"success": true, "data": {"day": 1}}));
    timeout(SOON, reported).await.unwrap().unwrap();
    let expected = [
        r#"dataCollector {"day":1}"#,
        "Task chain: dataCollector -> dataProcessor",
        r#"dataProcessor {"day":1}"#,
        "Task chain: dataProcessor -> dataAnalyzer",
        r#"dataAnalyzer {"day":1}"#,
        "Task chain: dataAnalyzer -> reportGenerator",
        r#"reportGenerator {"day":1}"#,
    ];
    assert_eq!(log.take(), expected);
}

#[tokio::test]
async fn a_step_that_fails_ends_the_chain_and_says_so() {
    let (bus, log) = chain();
    let failed = bus.expect::<AgentFailed>(|_| true);
    let _started = bus.on::<AgentStarted>({
        let log = log.clone();
        move |started| log.add(format!("{} starts", started.source))
    });
    let collector = bus.agents().get("aiagents.dataCollector").unwrap();
    collector.start(json!({"fails": "dataProcessor"})).unwrap().await.unwrap();
    let failed = timeout(SOON, failed).await.unwrap().unwrap();
    assert_eq!(failed.source, "aiagents.dataProcessor");
    assert_eq!(failed.message, "the run `aiagents.dataProcessor` failed: dataProcessor has no success");
    bus.idle().await;
    let log = log.take();
    assert!(log.contains(&"Task chain: ends at dataProcessor".into()), "{log:?}");
    assert!(log.iter().all(|line| !line.contains("dataAnalyzer")), "{log:?}");
}
