//! The functions that the files in `events/` name.

use atoms::HandlerError;
use atoms::prelude::*;
use atoms::tools::EventData;
use futures_util::future::join_all;
use serde_json::{Value, json};

#[hook(func = "services.standardServices.sayHello")]
fn say_hello(data: EventData) {
    println!("  tool {} called at {} stage with {}", data.tool_name(), data.stage(), data.args);
}

/// Which agent comes after the call of which tool.
const CHAIN: [(&str, &str); 3] = [
    ("dataCollector", "dataProcessor"),
    ("dataProcessor", "dataAnalyzer"),
    ("dataAnalyzer", "reportGenerator"),
];

/// Starts the next agent with what this one has made. It is apart: this one need not wait for it, and ends before it.
#[hook(func = "services.taskChain.nextStep")]
fn next_step(data: EventData, context: Context) -> Result<EventData, HandlerError> {
    let current = data.tool_name();
    let Some((_, next)) = CHAIN.iter().find(|(tool, _)| *tool == current) else { return Ok(data) };
    match &data.result {
        Some(result) if result["success"] == true => {
            println!("  task chain: {current} -> {next}");
            let next = context.bus().agents().get(&format!("aiagents.{next}"))?;
            next.apart().start(&result["data"])?.detach()?;
        }
        _ => println!("  task chain: ends at {current}: {}", data.error.as_deref().unwrap_or("no success")),
    }
    Ok(data)
}

/// Starts the agents that have got tasks, at the same time, and adds what each returns.
#[hook(func = "services.agentCoordinator.notifySubAgents")]
async fn notify_sub_agents(mut data: EventData, context: Context) -> EventData {
    if let (Some(result), "taskDistributor") = (&data.result, data.tool_name()) {
        let tasks = result["subTasks"].as_array().into_iter().flatten();
        let results = join_all(tasks.map(|task| notify(context.bus(), task))).await;
        let mut result = result.clone();
        result["results"] = results.into();
        data.result = Some(result);
    }
    data
}

async fn notify(bus: &Bus, task: &Value) -> Value {
    let name = format!("aiagents.{}", task["assignedAgent"].as_str().unwrap_or_default());
    let done = async { Ok::<_, HandlerError>(bus.agents().get(&name)?.execute_task(task)?.await?) };
    done.await.map_or_else(|error| json!({"error": error.to_string()}), |done| json!({"done": done}))
}
