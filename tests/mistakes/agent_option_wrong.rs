#![allow(unused_variables)]

use atoms::prelude::*;
use serde_json::Value;

#[tool]
fn refund(order_id: String) {}

#[handler]
fn no_tool(_: &atoms::agent::events::UserJoined) {}

#[agent]
async fn nameless(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(nam = "aiagents.Main")]
async fn misspelt(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.data-collector")]
async fn not_a_name(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "")]
async fn empty(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.Other", tools = refund)]
async fn no_list(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.ByName", tools = ["refund"])]
async fn by_name(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.OfAHandler", tools = [refund, no_tool])]
async fn of_a_handler(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.Twice")]
#[tool]
async fn of_two_kinds(task: Value) -> Result<(), String> {
    Ok(())
}

fn main() {}
