#![allow(unused_variables)]

use atoms::prelude::*;
use serde_json::Value;

struct Shop;

#[agent(name = "aiagents.Sync")]
fn not_async(task: Value) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.NoTask")]
async fn no_task() -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.Extracted")]
async fn only_extracted(shop: State<Shop>) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.Borrows")]
async fn borrows(task: &str) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.NoJson")]
async fn no_json(task: Shop) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.NotExtracted")]
async fn not_extracted(task: Value, shop: Shop) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.NoResult")]
async fn no_result(task: Value) {}

#[agent(name = "aiagents.Plain")]
async fn plain(task: Value) -> String {
    String::new()
}

#[agent(name = "aiagents.Hidden")]
async fn hidden(task: Value) -> Result<Shop, String> {
    Ok(Shop)
}

#[agent(name = "aiagents.Generic")]
async fn generic<T>(task: T) -> Result<(), String> {
    Ok(())
}

#[agent(name = "aiagents.NotSend")]
async fn not_send(task: Value) -> Result<(), String> {
    let kept = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(kept);
    Ok(())
}

struct Desk;

impl Desk {
    #[agent(name = "aiagents.Method")]
    async fn method(&self, task: Value) -> Result<(), String> {
        Ok(())
    }
}

#[agent(name = "aiagents.Struct")]
struct NoFunction;

fn starts(builder: atoms::BusBuilder) -> atoms::BusBuilder {
    builder.agent::<Desk>().agent::<not_async>()
}

fn main() {}
