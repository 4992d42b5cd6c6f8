use atoms::prelude::*;

#[event(type = "system.order.created")]
struct System;

#[event(type = "agent.order")]
struct Agent;

#[event(type = "atoms.order")]
struct Atoms;

fn main() {}
