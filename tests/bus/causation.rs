//! Which event an event follows from, and chains that never end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use atoms::prelude::*;
use atoms::{Delivery, EmitLayer, EventId, Layer, Metadata, Next, NextEmit, Outcome, Refusal, Veto};

use crate::bus;

#[event(type = "causation.root")]
struct Root {}

#[event(type = "causation.child")]
struct Child {}

#[event(type = "causation.grandchild")]
struct Grandchild {}

#[event(type = "causation.loop")]
struct Loop {}

/// An id, with those of the cause and of the root.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    event_type: String,
    id: String,
    causation: Option<String>,
    correlation: Option<String>,
}

#[derive(Default)]
struct Trail(Mutex<Vec<Seen>>);

#[handler(order = -1)]
fn follow(event: &AnyEvent, trail: State<Trail>) {
    trail.0.lock().unwrap().push(Seen {
        event_type: event.event_type().into(),
        id: event.id().to_string(),
        causation: event.metadata().causation_id().map(Into::into),
        correlation: event.metadata().correlation_id().map(Into::into),
    });
}

/// Asserts that each event followed from the one before it, all of them from `root`.
#[track_caller]
fn assert_chain(trail: &Trail, root: &str, types: &[&str]) {
    let seen = trail.0.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|seen| &*seen.event_type).collect::<Vec<_>>(), types);
    for pair in seen.windows(2) {
        assert_eq!(pair[1].causation.as_deref(), Some(&*pair[0].id), "{seen:#?}");
        assert_eq!(pair[1].correlation.as_deref(), Some(root), "{seen:#?}");
    }
}

const TYPES: [&str; 3] = ["causation.root", "causation.child", "causation.grandchild"];

#[handler]
fn return_child(_: &Root) -> Child {
    Child {}
}

#[handler]
async fn emit_grandchild(_: &Child, out: Emitter<Grandchild>) {
    tokio::task::yield_now().await;
    out.emit(Grandchild {}).await;
}

#[tokio::test]
async fn it_goes_through_returns_and_emitters() {
    let trail = Arc::new(Trail::default());
    let builder = bus().shared_state(trail.clone()).handler::<follow>();
    let bus = builder.handler::<return_child>().handler::<emit_grandchild>().start().unwrap();
    let root = Envelope::new(Root {}).with_id("root-1".parse().unwrap());
    bus.emit(root).await.into_result().unwrap();
    assert_chain(&trail, "root-1", &TYPES);
}

#[handler]
async fn emit_on_context(_: &Root, context: Context) -> Result<(), atoms::EmitError> {
    tokio::task::yield_now().await;
    context.bus().emit(Child {}).await.into_result()
}

#[handler]
async fn emit_on_state(_: &Child, bus: State<OnceLock<Bus>>) -> Result<(), atoms::EmitError> {
    let bus = bus.get().unwrap();
    bus.emit(Grandchild {}).await.into_result()
}

#[tokio::test]
async fn it_goes_through_a_bus_in_the_context_or_in_a_state() {
    let (trail, own) = (Arc::new(Trail::default()), Arc::new(OnceLock::<Bus>::new()));
    let builder = bus().shared_state(trail.clone()).shared_state(own.clone()).handler::<follow>();
    let bus = builder.handler::<emit_on_context>().handler::<emit_on_state>().start().unwrap();
    own.set(bus.clone()).unwrap();
    let root = Envelope::new(Root {}).with_id("root-2".parse().unwrap());
    let receipt = bus.emit(root).await;
    assert!(receipt.follow_ups().is_empty(), "they have receipts of their own: {receipt}");
    receipt.into_result().unwrap();
    assert_chain(&trail, "root-2", &TYPES);
}

#[tokio::test]
async fn what_a_root_says_of_its_cause_stands() {
    let trail = Arc::new(Trail::default());
    let builder = bus().shared_state(trail.clone()).handler::<follow>().handler::<return_child>();
    let bus = builder.start().unwrap();
    let frame = br#"{"type":"causation.root","id":"r","metadata":{"correlation_id":"far away"}}"#;
    bus.receive(frame).await.unwrap().into_result().unwrap();
    assert_chain(&trail, "far away", &TYPES[..2]);
}

#[handler]
async fn pass_on(_: &Child, context: Context) {
    context.bus().post(Grandchild {}).await.unwrap();
}

/// Keeps the metadata of each event.
#[handler]
fn measure(event: &AnyEvent, sizes: State<Mutex<Vec<(String, usize)>>>) {
    sizes.lock().unwrap().push((event.event_type().into(), event.metadata().size()));
}

#[tokio::test]
async fn only_a_few_short_values_are_inherited() {
    let (trail, sizes) = (Arc::new(Trail::default()), Arc::new(Mutex::new(Vec::<(String, usize)>::new())));
    let builder = bus().shared_state(trail.clone()).shared_state(sizes.clone()).handler::<follow>();
    let builder = builder.handler::<return_child>().handler::<pass_on>().handler::<measure>();
    let bus = builder.start().unwrap();
    let long = "x".repeat(900_000);
    for bad in [&*long, "a\nforged line", "\u{1b}[31m"] {
        let metadata = Metadata::from_iter([("correlation_id", bad), ("session_id", bad), ("tenant", &long)]);
        let root = Envelope::new(Root {}).with_id("root-3".parse().unwrap()).with_metadata(metadata);
        bus.emit(root).await.into_result().unwrap();
        bus.idle().await;
        let seen = std::mem::take(&mut *trail.0.lock().unwrap());
        assert_eq!(seen.len(), 3);
        assert!(seen[1..].iter().all(|seen| seen.correlation.as_deref() == Some("root-3")), "{seen:#?}");
        let sizes = std::mem::take(&mut *sizes.lock().unwrap());
        assert!(
            sizes.len() == 3 && sizes[0].1 > 900_000 && sizes[1..].iter().all(|(_, size)| *size < 2_000),
            "{sizes:?}"
        );
    }
    let metadata = Metadata::from_iter([("session_id", "s-1"), ("correlation_id", "c-1"), ("tenant", "t-1")]);
    let mut children = bus.stream::<Child>();
    bus.emit(Envelope::new(Root {}).with_metadata(metadata)).await.into_result().unwrap();
    let child = children.next().await.unwrap().unwrap();
    let mut keys: Vec<_> = child.metadata().iter().map(|(key, _)| key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["causation_id", "correlation_id", "session_id"]);
}

#[tokio::test]
async fn roots_follow_from_nothing() {
    let bus = bus().event::<Root>().start().unwrap();
    let mut roots = bus.stream::<Root>();
    for _ in 0..2 {
        drop(bus.emit(Root {}).await);
        let root = roots.next().await.unwrap().unwrap();
        assert!(root.metadata().is_empty());
    }
}

#[handler]
async fn keep(root: Envelope<Root>, trail: State<Trail>) {
    trail.0.lock().unwrap().push(Seen {
        event_type: root.timestamp().to_string(),
        id: root.id().to_string(),
        causation: None,
        correlation: None,
    });
}

#[tokio::test]
async fn a_clone_of_an_envelope_is_the_same_occurrence() {
    let trail = Arc::new(Trail::default());
    let bus = bus().shared_state(trail.clone()).handler::<keep>().start().unwrap();
    let mut stream = bus.stream::<Root>();
    drop(bus.emit(Root {}).await);
    let (streamed, kept) = (stream.next().await.unwrap().unwrap(), trail.0.lock().unwrap()[0].clone());
    assert_eq!((kept.id, kept.event_type), (streamed.id().to_string(), streamed.timestamp().to_string()));
}

#[handler(allow_cycle)]
fn return_again(_: &Loop) -> Loop {
    Loop {}
}

#[handler(allow_cycle)]
async fn emit_again(_: &Loop, out: Emitter<Loop>) {
    out.emit(Loop {}).await;
}

#[handler]
async fn nest_again(_: &Loop, context: Context) -> Result<(), atoms::EmitError> {
    context.bus().emit(Loop {}).await.into_result()
}

#[tokio::test]
async fn a_loop_is_stopped_and_reported() {
    for builder in [bus().handler::<return_again>(), bus().handler::<emit_again>()] {
        let receipt = builder.start().unwrap().emit(Loop {}).await;
        let last = std::iter::successors(Some(&receipt), |receipt| receipt.follow_ups().first());
        assert_eq!(last.clone().count(), 66, "the root, 64 hops, and the one that was stopped");
        let last = last.last().unwrap();
        assert_eq!(last.refusal(), Some(&Refusal::HopLimit { limit: 64 }));
        assert_eq!(last.deliveries().count(), 0);
        let error = receipt.into_result().unwrap_err().to_string();
        assert_eq!(error, "`causation.loop`: a loop of events was stopped after 64 hops");
    }
}

#[tokio::test]
async fn a_loop_through_the_bus_is_stopped_and_reported() {
    let receipt = bus().handler::<nest_again>().hop_limit(8).start().unwrap().emit(Loop {}).await;
    let error = receipt.into_result().unwrap_err().to_string();
    assert!(error.contains("a loop of events was stopped after 8 hops"), "{error}");
}

#[tokio::test]
async fn a_loop_through_the_bus_is_stopped_before_the_stack_overflows() {
    let receipt = bus().handler::<nest_again>().hop_limit(1_024).start().unwrap().emit(Loop {}).await;
    let error = receipt.into_result().unwrap_err().to_string();
    assert!(error.contains("a loop of events was stopped after 64 hops"), "{error}");
}

/// Stands around everything.
struct Around;

impl Layer for Around {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }
}

impl EmitLayer for Around {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        next.run().await;
        Ok(())
    }
}

#[handler(concurrency = 1_000, timeout = "1m", retry(attempts = 2))]
async fn nest_with_options(_: &Loop, context: Context, depth: State<Depth>) -> Result<(), atoms::EmitError> {
    depth.0.fetch_add(1, Ordering::Relaxed);
    drop(context.bus().emit(Loop {}).await);
    Ok(())
}

#[derive(Default)]
struct Depth(AtomicUsize);

#[tokio::test]
async fn a_loop_through_the_bus_and_its_layers_is_stopped_before_the_stack_overflows() {
    for layers in 0..6 {
        let depth = Arc::new(Depth::default());
        let bus = bus().handler::<nest_with_options>().hop_limit(1_024).shared_state(Arc::clone(&depth));
        let bus = (0..layers).fold(bus, |it, _| it.layer(Around).emit_layer(Around)).start().unwrap();
        drop(bus.emit(Loop {}).await);
        let depth = depth.0.load(Ordering::Relaxed);
        assert!((8..64).contains(&depth), "{depth} with {layers} layers");
    }
}

#[handler]
async fn emit_as_it_is(event: &AnyEvent, context: Context) -> Result<(), atoms::EmitError> {
    context.bus().emit_any(event).await.into_result()
}

#[handler]
async fn receive_again(_: &Loop, context: Context) -> Result<(), atoms::EmitError> {
    context.bus().receive(br#"{"type":"causation.loop"}"#).await.unwrap().into_result()
}

#[tokio::test]
async fn a_loop_of_events_of_any_type_is_stopped_and_reported() {
    for builder in [bus().handler::<emit_as_it_is>().event::<Loop>(), bus().handler::<receive_again>()] {
        let bus = builder.hop_limit(8).start().unwrap();
        for frame in [&br#"{"type":"causation.loop"}"#[..], br#"{"type":"causation.unknown"}"#] {
            let _ = bus.receive(frame).await.unwrap();
        }
        let error = bus.emit(Loop {}).await.into_result().unwrap_err().to_string();
        assert!(error.contains("a loop of events was stopped after 8 hops"), "{error}");
    }
}

#[tokio::test]
async fn a_chain_as_long_as_the_limit_is_no_loop() {
    let bus = bus().handler::<return_child>().hop_limit(1).start().unwrap();
    bus.emit(Root {}).await.into_result().unwrap();
    let shorter = crate::bus().handler::<return_child>().hop_limit(0).start().unwrap();
    assert!(!shorter.emit(Root {}).await.is_ok());
}

#[handler]
fn count_hops(_: &Grandchild, context: Context, hops: State<Mutex<u32>>) {
    *hops.lock().unwrap() = context.hops();
    assert_eq!(context.handler().path(), "bus::causation::count_hops");
    assert_ne!(context.id(), &EventId::generate());
}

#[tokio::test]
async fn the_context_knows_the_hops() {
    let hops = Arc::new(Mutex::new(0_u32));
    let builder = bus().shared_state(hops.clone()).handler::<return_child>().handler::<emit_grandchild>();
    let bus = builder.handler::<count_hops>().start().unwrap();
    bus.emit(Root {}).await.into_result().unwrap();
    assert_eq!(*hops.lock().unwrap(), 2);
}
