//! What allocates nothing.

#[expect(unreachable_pub, reason = "the crate of the benchmarks exports it")]
#[path = "../benches/contenders/src/allocations.rs"]
mod allocations;

use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use atoms::prelude::*;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

#[tool]
fn pay(order: u64, cents: u64) -> u64 {
    order + cents
}

#[hook(before)]
fn first(call: &mut Call<pay>) -> Verdict<pay> {
    if call.args.cents > 10_000 { Verdict::deny("too much") } else { Verdict::Allow }
}

#[hook(before)]
fn second(call: &mut Call<pay>) -> Verdict<pay> {
    call.args.cents += 1;
    Verdict::Allow
}

#[hook(after)]
fn after(done: &mut Done<pay>) {
    if let Ok(cents) = &mut done.result {
        *cents += 1;
    }
}

fn poll_once<F: IntoFuture>(future: F) -> F::Output {
    match pin!(future.into_future()).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for something"),
    }
}

#[test]
fn a_call_by_type_allocates_nothing_if_nobody_takes_its_events() {
    let builder = Bus::builder().without_discovery().tool::<pay>();
    let builder = builder.tool_hook::<first>().tool_hook::<second>().tool_hook::<after>();
    let bus = builder.start().unwrap();
    let call = || poll_once(pay::call(&bus, PayArgs { order: 1, cents: 40 })).unwrap();
    assert_eq!(call(), 43);
    let before = allocations::count();
    for _ in 0..10 {
        assert_eq!(call(), 43);
    }
    assert_eq!(allocations::count() - before, 0);
}
