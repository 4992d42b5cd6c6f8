//! Agents that start each other: one distributes tasks among others and gets their results back, and four are a chain, each of
//! which starts the next one when its tool has succeeded. Which function does that, and after the calls of which agent, the
//! files in `events/` say, in the form of JitAI's agent events. It plays by itself:
//!
//! ```sh
//! cargo run --example task_chain
//! ```

mod agents;
mod services;

use std::error::Error;
use std::time::Duration;

use atoms::control::{AgentCompleted, AgentFailed, AgentStarted, Progress};
use atoms::prelude::*;
use atoms::tools::Bindings;
use serde_json::json;

use agents::Sales;

#[handler]
fn starts(started: &AgentStarted) {
    println!("  {} starts", started.source);
}

#[handler]
fn goes_on(progress: &Progress) {
    println!("  {}: {}", progress.source, progress.current_task);
}

#[handler]
fn fails(failed: &AgentFailed) {
    println!("  {}", failed.message);
}

/// Starts the chain with the sales of a shop, and returns whether a report is made.
async fn report(bus: &Bus, shop: &str) -> Result<bool, Box<dyn Error>> {
    println!("the sales of {shop}:");
    let reported = bus.expect::<AgentCompleted>(|completed| completed.source == "aiagents.reportGenerator");
    let failed = bus.expect::<AgentFailed>(|_| true);
    // The chain goes on by itself. If this step fails, that is told as well.
    bus.agents().get("aiagents.dataCollector")?.start(shop)?.detach()?;
    let is_reported = tokio::select! {
        reported = reported => reported.is_ok(),
        _ = failed => false,
    };
    bus.idle().await;
    println!("{}", if is_reported { "there is a report" } else { "there is no report" });
    Ok(is_reported)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/task_chain/events");
    let bus = Bus::builder().state(Sales::new()).bindings(Bindings::from_dir(events)?).start()?;
    for event in bus.events().list() {
        println!("{}: {} {} of {}", event.name(), event.func(), event.stage(), event.sender());
    }

    assert!(report(&bus, "the north").await?);
    assert!(!report(&bus, "the south").await?);
    assert!(!report(&bus, "the west").await?);

    println!("two shops at once:");
    let main_agent = bus.agents().get("aiagents.MainAgent")?;
    let distributed = main_agent.start(["the north", "the west"])?.await?;
    println!("{distributed:#}");
    let results = json!([{"done": "the north has sold 21"}, {"error": "the west is not known"}]);
    assert_eq!(distributed["results"][0], results[0]);
    assert!(
        distributed["results"][1]["error"]
            .as_str()
            .is_some_and(|error| error.ends_with("the west is not known"))
    );
    bus.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}
