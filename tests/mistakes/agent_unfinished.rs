#![allow(unused)]

use atoms::prelude::*;
use serde_json::Value;

#[agent(name = "aiagents.Body")]
async fn unfinished_body(task: Value) -> Result<(), String> {
    task.
}

#[agent(name = "aiagents.NoBody")]
async fn without_body(task: Value) -> Result<(), String>;

#[agent(name = "aiagents.UnknownType", tools = [refnd])]
async fn unknown_type(task: Tsk) -> Result<(), String> {}

fn starts(builder: atoms::BusBuilder) -> atoms::BusBuilder {
    builder.agent::<unfinished_body>().agent::<without_body>().agent::<unknown_type>()
}

fn main() {}
