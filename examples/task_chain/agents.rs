//! The agents, each with its tool.

use std::collections::BTreeMap;

use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What each shop has sold, day by day.
pub(crate) struct Sales(BTreeMap<&'static str, Vec<u64>>);

impl Sales {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::from([("the north", vec![5, 9, 7]), ("the south", vec![])]))
    }

    fn of(&self, shop: &str) -> Result<&[u64], String> {
        self.0.get(shop).map(Vec::as_slice).ok_or_else(|| format!("{shop} is not known"))
    }
}

/// What a step of the chain has made, for the next one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Step<T> {
    success: bool,
    data: T,
}

impl<T> Step<T> {
    fn done(data: T) -> Self {
        Self { success: true, data }
    }
}

/// Reads what a shop has sold.
#[tool(name = "dataCollector", read_only)]
fn data_collector(shop: String, sales: State<Sales>) -> Result<Step<Vec<u64>>, String> {
    sales.of(&shop).map(|days| Step::done(days.to_vec()))
}

#[agent(name = "aiagents.dataCollector", tools = [data_collector])]
async fn collect(shop: String, context: Context) -> Result<Step<Vec<u64>>, ToolError> {
    data_collector::call(context.bus(), DataCollectorArgs { shop }).await
}

/// The days of a shop.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Days {
    days: Vec<u64>,
    total: u64,
}

/// Sums the days up.
#[tool(name = "dataProcessor", read_only)]
fn data_processor(days: Vec<u64>) -> Step<Days> {
    let total = days.iter().sum();
    Step::done(Days { days, total })
}

#[agent(name = "aiagents.dataProcessor", tools = [data_processor])]
async fn process(days: Vec<u64>, context: Context, run: Run) -> Result<Step<Days>, ToolError> {
    drop(run.progress(0, days.len() as u64, format!("{} days", days.len())));
    data_processor::call(context.bus(), DataProcessorArgs { days }).await
}

/// Finds the best day.
#[tool(name = "dataAnalyzer", read_only)]
fn data_analyzer(sold: Days) -> Result<Step<Value>, String> {
    let best = sold.days.iter().max().ok_or("nothing was sold")?;
    Ok(Step::done(json!({"total": sold.total, "best": best})))
}

#[agent(name = "aiagents.dataAnalyzer", tools = [data_analyzer])]
async fn analyze(sold: Days, context: Context) -> Result<Step<Value>, ToolError> {
    data_analyzer::call(context.bus(), DataAnalyzerArgs { sold }).await
}

/// Writes the report.
#[tool(name = "reportGenerator")]
fn report_generator(total: u64, best: u64) -> String {
    format!("{total} were sold, and {best} of these on the best day")
}

#[derive(Deserialize)]
struct Analyzed {
    total: u64,
    best: u64,
}

#[agent(name = "aiagents.reportGenerator", tools = [report_generator])]
async fn report(Analyzed { total, best }: Analyzed, context: Context) -> Result<String, ToolError> {
    let text = report_generator::call(context.bus(), ReportGeneratorArgs { total, best }).await?;
    println!("  report: {text}");
    Ok(text)
}

/// Gives each shop to an agent.
#[tool(name = "taskDistributor", read_only)]
fn task_distributor(shops: Vec<String>) -> Value {
    let tasks = shops.iter().map(|shop| json!({"assignedAgent": "teller", "shop": shop}));
    json!({"subTasks": tasks.collect::<Vec<_>>()})
}

#[agent(name = "aiagents.MainAgent", tools = [task_distributor])]
async fn main_agent(shops: Vec<String>, context: Context) -> Result<Value, ToolError> {
    task_distributor::call(context.bus(), TaskDistributorArgs { shops }).await
}

#[derive(Deserialize)]
struct SubTask {
    shop: String,
}

/// Tells what a shop has sold.
#[agent(name = "aiagents.teller")]
async fn teller(task: SubTask, sales: State<Sales>) -> Result<String, String> {
    let sold: u64 = sales.of(&task.shop)?.iter().sum();
    Ok(format!("{} has sold {sold}", task.shop))
}
