use atoms::prelude::*;

#[event(type = "system.started")]
struct Started;

#[event(type = "agent.said")]
struct Said;

#[event(type = "atoms.order.created")]
struct OrderCreated;

#[event(type = "agent")]
struct Agent;

fn main() {}
