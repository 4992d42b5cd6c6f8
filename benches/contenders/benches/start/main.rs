//! Starting a bus with a thousand events and a thousand handlers.

use std::env;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use atoms::Bus;
use contenders::runner::{Table, duration, quantile};

#[path = "../many.rs"]
mod many;
mod handlers {
    //! A handler of each event.
    use super::many::*;

    include!(concat!(env!("OUT_DIR"), "/handlers.rs"));
}

/// The argument with which this program runs itself: to start one bus, and print its time.
const ONCE: &str = "--once";

/// How many programs are started.
const PROGRAMS: usize = 31;

fn main() {
    if env::args().any(|argument| argument == ONCE) {
        let start = Instant::now();
        black_box(&Bus::start().expect("the handlers need nothing"));
        println!("{}", start.elapsed().as_nanos());
        return;
    }
    println!("\n## Start");
    let bus = Bus::start().expect("the handlers need nothing");
    println!("\n{} events, {} handlers", many::ADD.len(), bus.registry().handlers().len());
    let first: Vec<f64> = (0..PROGRAMS).map(|_| of_program()).collect();
    println!("\nThe first `Bus::start` of a program: {} (target: 3 ms)", duration(quantile(&first, 0.5)));
    let mut table = Table::new("Further ones");
    table.add("`Bus::start`", None, || {
        black_box(&Bus::start().expect("the handlers need nothing"));
    });
    table.run();
}

/// What a new program takes for its first bus, in nanoseconds.
fn of_program() -> f64 {
    let program = env::current_exe().expect("a program has a path");
    let output = Command::new(program).arg(ONCE).output().expect("it ran just now");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a number")
}
