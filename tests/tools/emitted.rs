//! What tools and hooks emit.

use atoms::prelude::*;

use crate::bus;
use crate::log::Log;

#[event(type = "test.emitted")]
struct Emitted {
    number: u32,
}

#[event(type = "test.after.emitted")]
struct Followed;

#[handler]
async fn takes(emitted: &Emitted, context: Context, log: State<Log>) -> Followed {
    tokio::task::yield_now().await;
    let cause = context.metadata().causation_id().is_some();
    log.add(format!("{} follows {cause}", emitted.number));
    Followed
}

#[handler]
fn follows(_: &Followed, log: State<Log>) {
    log.add("followed");
}

#[tool]
async fn emits(count: u32, out: Emitter<Emitted>) -> u32 {
    for number in 0..count {
        out.emit(Emitted { number }).await;
    }
    count
}

#[hook(after)]
fn emits_after(_: &mut Done<emits>, out: Emitter<Emitted>) {
    drop(out.emit(Emitted { number: 99 }));
}

#[tokio::test]
async fn what_is_emitted_is_delivered_when_the_call_is_done() {
    let (builder, log) = bus();
    let builder = builder.tool::<emits>().tool_hook::<emits_after>().handler::<takes>().handler::<follows>();
    let bus = builder.start().unwrap();
    emits::call(&bus, EmitsArgs { count: 2 }).await.unwrap();
    let follows = ["0 follows true", "followed", "1 follows true", "followed", "99 follows true", "followed"];
    assert_eq!(log.take(), follows);
    emits::call(&bus, EmitsArgs { count: 5_000 }).await.unwrap();
    assert_eq!(log.take().len(), 10_002);
}

#[handler]
async fn calls(order: &Ordered, context: Context, log: State<Log>) -> Result<(), atoms::tools::ToolError> {
    log.add(format!("ordered {}", order.count));
    emits::call(context.bus(), EmitsArgs { count: order.count }).await.map(drop)
}

#[event(type = "test.ordered")]
struct Ordered {
    count: u32,
}

#[handler]
fn tells_tenant(_: &Emitted, context: Context, log: State<Log>) {
    log.add(context.metadata().get("tenant").map_or("nobody".into(), |tenant| tenant.to_string()));
}

#[tokio::test]
async fn what_is_emitted_inherits_what_the_bus_names() {
    let (builder, log) = bus();
    let builder = builder.tool::<emits>().tool_hook::<emits_after>().handler::<calls>();
    let bus = builder.handler::<tells_tenant>().inherit(["tenant"]).start().unwrap();
    let tenant = atoms::Metadata::from_iter([("tenant", "t-1")]);
    bus.emit(Envelope::new(Ordered { count: 1 }).with_metadata(tenant)).await.into_result().unwrap();
    assert_eq!(log.take(), ["ordered 1", "\"t-1\"", "\"t-1\""]);
}

#[tool]
fn keeps(out: Emitter<Emitted>, kept: State<std::sync::Mutex<Vec<Emitter<Emitted>>>>) {
    kept.lock().unwrap().push(out);
}

#[tokio::test]
async fn what_is_emitted_too_late_is_a_dead_letter() {
    let (builder, log) = bus();
    let kept = std::sync::Arc::<std::sync::Mutex<Vec<Emitter<Emitted>>>>::default();
    let bus = builder.tool::<keeps>().shared_state(kept.clone()).handler::<takes>().start().unwrap();
    keeps::call(&bus, KeepsArgs {}).await.unwrap();
    let out = kept.lock().unwrap().pop().unwrap();
    assert!(!out.emit(Emitted { number: 1 }).await.is_accepted());
    assert!(log.take().is_empty());
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}

#[tool]
fn floods(out: Emitter<Emitted>) -> u32 {
    (0..2_000).filter(|number| out.emit(Emitted { number: *number }).outcome().is_accepted()).count() as u32
}

#[tokio::test]
async fn what_is_emitted_without_waiting_is_bounded() {
    let (builder, log) = bus();
    let bus = builder.tool::<floods>().handler::<takes>().start().unwrap();
    assert_eq!(floods::call(&bus, FloodsArgs {}).await.unwrap(), 1_024);
    assert_eq!(log.take().len(), 1_024);
    assert_eq!(bus.dead_letters().len().await.unwrap(), 976);
}

#[tool]
async fn waits(out: Emitter<Emitted>) {
    drop(out.emit(Emitted { number: 1 }));
    drop(out.emit(Emitted { number: 2 }));
    std::future::pending::<()>().await;
}

#[handler]
async fn never(_: &Emitted) {
    std::future::pending().await
}

#[tokio::test]
async fn what_a_call_that_is_dropped_has_not_delivered_is_a_dead_letter() {
    let bus = bus().0.tool::<waits>().handler::<never>().start().unwrap();
    let call = waits::call(&bus, WaitsArgs {}).into_future();
    tokio::time::timeout(std::time::Duration::from_millis(10), call).await.unwrap_err();
    // The first one was being delivered.
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
}
