//! Events that are held while the bus is paused.

use std::hint::black_box;
use std::time::Instant;

use atoms::control::{Scope, Steering};
use atoms::handler;
use atoms::prelude::*;
use contenders::runner::duration;
use tokio::runtime::Builder;

use crate::memory::resident;

#[atoms::event(type = "shop.order.held")]
struct OrderHeld {
    order: u64,
}

#[handler]
fn take(order: &OrderHeld) {
    black_box(order.order);
}

fn bus() -> Bus {
    let steering = Steering::new().held_events(1_000_000).held_bytes(1 << 30);
    let bus = Bus::builder().without_discovery().handler::<take>().steering(steering);
    bus.start().expect("the handler needs nothing")
}

async fn emitted(bus: &Bus, events: u64) -> Vec<tokio::task::JoinHandle<bool>> {
    let mut emitting = Vec::with_capacity(events as usize);
    for order in 0..events {
        let bus = bus.clone();
        emitting.push(tokio::spawn(async move { bus.emit(OrderHeld { order }).await.is_ok() }));
    }
    while bus.runs().held().events < events as usize {
        tokio::task::yield_now().await;
    }
    emitting
}

/// What is measured with so many held events: in nanoseconds, and in bytes for each.
struct Measured {
    held: f64,
    bytes: f64,
    pause_again: f64,
    resume: f64,
    cancel: f64,
}

async fn measured(events: u64) -> Measured {
    let bus = bus();
    let each = |begun: Instant| begun.elapsed().as_nanos() as f64 / events as f64;
    let before = resident();
    bus.runs().pause(Scope::Bus).await.expect("the bus has a gate");
    let begun = Instant::now();
    let emitting = emitted(&bus, events).await;
    let (held, bytes) = (each(begun), (resident() - before) / events as f64);
    let begun = Instant::now();
    bus.runs().pause(Scope::Session("s-1".into())).await.expect("there is room");
    let pause_again = begun.elapsed().as_nanos() as f64;
    bus.runs().resume(Scope::Session("s-1".into())).await;
    let begun = Instant::now();
    assert_eq!(bus.runs().resume(Scope::Bus).await, Some(events as usize));
    for emitted in emitting {
        assert!(emitted.await.expect("it does not panic"));
    }
    let resume = each(begun);
    bus.runs().pause(Scope::Bus).await.expect("the bus has a gate");
    let emitting = emitted(&bus, events).await;
    let begun = Instant::now();
    assert_eq!(bus.runs().cancel(Scope::Bus).await.dropped.len(), events as usize);
    for emitted in emitting {
        assert!(!emitted.await.expect("it does not panic"));
    }
    Measured { held, bytes, pause_again, resume, cancel: each(begun) }
}

/// Measures fewer events as well, to see what grows. The memory is that of the first row: the others take what it has freed.
pub(crate) fn table() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    println!("\n### Events that are held, each emitted by a task that waits\n");
    println!("| events | hold each | memory of each | pause once more | resume each | cancel each |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for events in [100_000, 10_000, 1_000] {
        let Measured { held, bytes, pause_again, resume, cancel } = runtime.block_on(measured(events));
        let [held, pause_again, resume, cancel] = [held, pause_again, resume, cancel].map(duration);
        println!("| {events} | {held} | {bytes:.0} B | {pause_again} | {resume} | {cancel} |");
    }
}
