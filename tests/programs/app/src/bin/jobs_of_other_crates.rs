//! Finds the jobs of a crate that it links, and its own.

use atoms::prelude::*;
use atoms::{Entry, Registry};
use backup as _;
use jobs::Job;

#[event(type = "app.tick")]
struct Tick {}

#[handler]
fn tick(_: &Tick) {}

jobs::job!("tick" every 1 seconds: Tick {});

fn main() {
    let bus = Bus::start().unwrap();
    let jobs: Vec<_> = bus.registry().entries::<Job>().map(Entry::name).collect();
    println!("{}", jobs.join(" "));
    let list = Registry::linked().to_string();
    list.lines().filter(|line| line.starts_with("job ")).for_each(|line| println!("{line}"));
}
