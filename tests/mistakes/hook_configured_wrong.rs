#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::tools::EventData;

#[tool]
fn refund(order_id: String) {}

#[hook(func = "nextStep")]
fn of_no_element(data: EventData) {}

#[hook(func = services.taskChain.nextStep)]
fn not_text(data: EventData) {}

#[hook(func)]
fn without_a_name(data: EventData) {}

#[hook(func = "services.taskChain.nextStep", before, detached, sender = "aiagents.Main")]
fn says_what_the_configuration_says(data: EventData) {}

#[hook(func = "services.taskChain.nextStep")]
fn of_one_tool(call: &mut Call<refund>) {}

#[hook(func = "services.taskChain.nextStep")]
fn by_reference(data: &mut EventData) {}

#[hook(func = "services.taskChain.nextStep")]
fn of_nothing() {}

#[hook(func = "services.taskChain.nextStep")]
fn with_a_verdict(data: EventData) -> Verdict {
    Verdict::Allow
}

#[hook(func = "services.taskChain.nextStep")]
fn with_a_number(data: EventData) -> u32 {
    5
}

#[hook(func = "services.taskChain.nextStep")]
async fn with_a_number_later(data: EventData) -> Result<u32, String> {
    Ok(5)
}

#[hook(func = "services.taskChain.nextStep", timeout = "2s")]
fn not_async(data: EventData) -> EventData {
    data
}

fn main() {
    let _ = Bus::builder().tool_hook::<of_one_tool>().tool_hook::<with_a_number>();
}
