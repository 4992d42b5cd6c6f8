//! Which keys of the metadata the events that follow inherit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::{
    BusBuilder, DeliveryFailed, DynamicEvent, EmitLayer, Interceptor, MemoryBacklog, Metadata, NextEmit, Veto,
};
use serde_json::json;

use crate::{Log, SOON, bus};

#[event(type = "inherited.root")]
struct Root {}

#[event(type = "inherited.returned")]
struct Returned {}

#[event(type = "inherited.emitted")]
struct Emitted {}

#[event(type = "inherited.posted")]
struct Posted {}

#[event(type = "inherited.nested")]
struct Nested {}

#[event(type = "inherited.last")]
struct Last {}

#[event(type = "inherited.own")]
struct Own {}

#[request(type = "inherited.asked", reply = String)]
struct Asked {}

fn with(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().copied().collect()
}

fn root() -> Envelope<Root> {
    Envelope::new(Root {}).with_metadata(with(&[("tenant", "t-1"), ("secret", "s"), ("plan", "p")]))
}

#[handler]
fn see(event: &AnyEvent, log: State<Log>) {
    let value = |key| event.metadata().get(key).map_or("-".into(), |value| value.to_string());
    let name = event.event_type().trim_start_matches("inherited.").trim_start_matches("atoms.").to_owned();
    log.add(format!("{name} {} {} {}", value("tenant"), value("plan"), value("secret")));
}

#[handler]
async fn begin(
    _: &Root,
    out: Emitter<(Emitted, Own)>,
    context: Context,
    log: State<Log>,
) -> Result<(Returned, Option<Envelope<Last>>), String> {
    out.emit(Emitted {}).await;
    out.emit(Envelope::new(Own {}).with_metadata(with(&[("tenant", "t-2")]))).await;
    context.bus().post(Posted {}).await.map_err(|it| it.to_string())?;
    context.bus().emit(Nested {}).await.into_result().map_err(|it| it.to_string())?;
    let unknown = context.bus().emit_dynamic(DynamicEvent::new("inherited.unknown")).await;
    unknown.map_err(|it| it.to_string())?.into_result().map_err(|it| it.to_string())?;
    log.add(context.request(Asked {}).await.map_err(|it| it.to_string())?);
    let last = Envelope::new(Last {}).with_id("last-1".parse().unwrap());
    Ok((Returned {}, Some(last.with_metadata(with(&[("secret", "own")])))))
}

#[handler]
fn answer(_: &Asked, context: Context) -> String {
    format!("answered for {}", context.metadata().get("tenant").unwrap())
}

/// Two events on: from one that was posted.
#[handler]
fn after_posted(_: &Posted) -> Vec<Envelope<Own>> {
    vec![Envelope::new(Own {})]
}

fn builder(builder: BusBuilder) -> BusBuilder {
    let builder = builder.handler::<see>().handler::<begin>().handler::<answer>().handler::<after_posted>();
    builder.inherit(["tenant"]).inherit(vec!["plan".to_owned()])
}

const FOLLOWED: [&str; 11] = [
    "answered for \"t-1\"",
    "asked \"t-1\" \"p\" -",
    "emitted \"t-1\" \"p\" -",
    "last \"t-1\" \"p\" \"own\"",
    "nested \"t-1\" \"p\" -",
    "own \"t-1\" \"p\" -",
    "own \"t-2\" \"p\" -",
    "posted \"t-1\" \"p\" -",
    "returned \"t-1\" \"p\" -",
    "root \"t-1\" \"p\" \"s\"",
    "unknown \"t-1\" \"p\" -",
];

fn sorted(log: &Log) -> Vec<String> {
    let mut lines = log.take();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn all_that_follows_inherits_the_keys_that_are_named() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).start().unwrap();
    bus.emit(root()).await.into_result().unwrap();
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(sorted(&log), FOLLOWED);
}

#[tokio::test]
async fn what_follows_from_a_posted_event_does_as_well() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).start().unwrap();
    bus.post(root()).await.unwrap();
    bus.idle().await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(sorted(&log), FOLLOWED);
}

#[tokio::test]
async fn what_comes_from_a_store_does_as_well() {
    let (unstarted, log) = bus();
    let bus = builder(unstarted).backlog(Arc::new(MemoryBacklog::default())).start().unwrap();
    bus.post(root()).await.unwrap();
    bus.idle().await;
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(sorted(&log), FOLLOWED);
}

#[tokio::test]
async fn nothing_else_is_inherited() {
    let (builder, log) = bus();
    let bus = builder.handler::<see>().handler::<after_posted>().start().unwrap();
    let posted = Envelope::new(Posted {}).with_metadata(with(&[("tenant", "t-1")]));
    bus.emit(posted).await.into_result().unwrap();
    assert_eq!(log.take(), ["posted \"t-1\" - -", "own - - -"]);
}

#[handler]
fn fail_once(_: &Root, calls: State<AtomicU32>) -> Result<Envelope<Last>, String> {
    let call = calls.fetch_add(1, Ordering::SeqCst);
    if call == 0 { Err("not yet".into()) } else { Ok(Envelope::new(Last {})) }
}

#[handler]
fn told(_: &DeliveryFailed, context: Context, log: State<Log>) {
    log.add(format!("failed for {}", context.metadata().get("tenant").unwrap()));
}

#[tokio::test]
async fn a_dead_letter_keeps_what_is_inherited() {
    let (builder, log) = bus();
    let builder = builder.handler::<fail_once>().handler::<told>().handler::<see>();
    let bus = builder.state(AtomicU32::new(0)).inherit(["tenant"]).start().unwrap();
    assert!(!bus.emit(root()).await.is_ok());
    let letters = bus.dead_letters().list().await.unwrap();
    bus.dead_letters().redeliver(letters[0].id()).await.unwrap().into_result().unwrap();
    let lines = log.take();
    assert!(lines.contains(&"failed for \"t-1\"".to_owned()), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "last \"t-1\" - -");
}

/// What `before_emit` gets: the type, the tenant in the metadata that it may change, the event's cause, and its parent.
#[derive(Clone, Default)]
struct Looks(Arc<Mutex<Vec<Look>>>);

type Look = (String, Option<String>, Option<String>, Option<AnyEvent>);

impl Interceptor for Looks {
    fn before_emit(
        &self,
        event: &AnyEvent,
        metadata: &mut Metadata,
        parent: Option<&AnyEvent>,
    ) -> Result<(), Veto> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let tenant = metadata.get("tenant").map(text);
        let cause = metadata.causation_id().map(Into::into);
        self.0.lock().unwrap().push((event.event_type().into(), tenant, cause, parent.cloned()));
        Ok(())
    }
}

#[tokio::test]
async fn before_emit_sees_what_was_inherited_and_from_whom() {
    let looks = Looks::default();
    let (unstarted, _) = bus();
    let bus = builder(unstarted).interceptor(looks.clone()).start().unwrap();
    bus.emit(root().with_id("root-1".parse().unwrap())).await.into_result().unwrap();
    let seen = looks.0.lock().unwrap().clone();
    for name in ["emitted", "nested", "asked", "returned", "last", "unknown"] {
        let of = seen.iter().find(|(event_type, ..)| *event_type == format!("inherited.{name}")).unwrap();
        assert_eq!((of.1.as_deref(), of.2.as_deref()), (Some("t-1"), Some("root-1")), "{name}");
    }
}

#[event(type = "inherited.order")]
struct Order {
    number: u32,
}

#[event(type = "inherited.line")]
struct Line {}

#[handler]
async fn split(_: &Order, out: Emitter<(Line, Last)>, context: Context) -> Emitted {
    out.emit(Line {}).await;
    context.bus().emit(Nested {}).await.into_result().unwrap();
    context.request(Asked {}).await.unwrap();
    context.bus().post(Posted {}).await.unwrap();
    let (bus, unknown) = (context.bus().clone(), DynamicEvent::new("inherited.unknown"));
    let emitted = tokio::spawn(async move { bus.emit_dynamic(unknown).await.unwrap().into_result() });
    emitted.await.unwrap().unwrap();
    Emitted {}
}

#[handler]
fn line(_: &Line) -> Last {
    Last {}
}

#[handler(detached)]
async fn in_the_background(_: &Nested, context: Context) {
    context.bus().emit(Returned {}).await.into_result().unwrap();
}

fn number(parent: Option<&AnyEvent>) -> Option<u32> {
    parent.map(|parent| parent.downcast_ref::<Order>().unwrap().number)
}

#[tokio::test]
async fn before_emit_sees_the_parent_where_it_is_at_hand() {
    for is_posted in [false, true] {
        let (looks, (builder, _)) = (Looks::default(), bus());
        let builder = builder.handler::<split>().handler::<line>().handler::<answer>();
        let builder = builder.handler::<in_the_background>().inherit(["tenant"]);
        let bus = builder.interceptor(looks.clone()).start().unwrap();
        let order = Envelope::new(Order { number: 7 }).with_metadata(with(&[("tenant", "t-1")]));
        if is_posted {
            bus.post(order).await.unwrap();
        } else {
            bus.emit(order).await.into_result().unwrap();
        }
        bus.idle().await;
        let seen = looks.0.lock().unwrap().clone();
        let parent = |name: &str| {
            let mut of = seen.iter().filter(|(event_type, ..)| *event_type == format!("inherited.{name}"));
            let (.., cause, parent) = of.next().unwrap();
            assert!(of.next().is_none(), "{name} was seen twice");
            assert!(parent.as_ref().is_none_or(|parent| Some(parent.id().to_string()) == *cause));
            assert_eq!(cause.is_some(), !["order", "unknown"].contains(&name), "{name}");
            parent.as_ref()
        };
        assert!(parent("order").is_none() && parent("unknown").is_none());
        for name in ["nested", "asked", "posted"] {
            assert_eq!(number(parent(name)), Some(7), "{name}");
        }
        assert_eq!(parent("returned").unwrap().event_type(), "inherited.nested");
        // What follows from a posted event is posted when its handler is done.
        for name in ["line", "emitted"] {
            assert_eq!(number(parent(name)), (!is_posted).then_some(7), "{name}");
        }
        assert_eq!(parent("last").is_some_and(|parent| parent.is::<Line>()), !is_posted);
    }
}

struct KeepsParents(Looks);

impl EmitLayer for KeepsParents {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        let parent = next.parent().cloned();
        self.0.0.lock().unwrap().push((next.event().event_type().into(), None, None, parent));
        next.run().await;
        Ok(())
    }
}

#[handler]
fn split_later(_: &Order, calls: State<AtomicU32>) -> Result<Emitted, String> {
    if calls.fetch_add(1, Ordering::SeqCst) == 0 { Err("not yet".into()) } else { Ok(Emitted {}) }
}

#[tokio::test]
async fn what_follows_from_a_letter_has_its_event_as_the_parent() {
    let (looks, (builder, _)) = (Looks::default(), bus());
    let builder = builder.handler::<split_later>().state(AtomicU32::new(0));
    let bus = builder.emit_layer(KeepsParents(looks.clone())).start().unwrap();
    assert!(!bus.emit(Order { number: 8 }).await.is_ok());
    let letter = bus.dead_letters().list().await.unwrap()[0].id();
    assert!(bus.dead_letters().redeliver(letter).await.unwrap().is_ok());
    let seen = looks.0.lock().unwrap();
    let (event_type, .., parent) = seen.last().unwrap();
    assert_eq!((event_type.as_str(), number(parent.as_ref())), ("inherited.emitted", Some(8)));
}

/// A value of any kind, as large as the metadata of a frame may be.
#[tokio::test]
async fn a_value_may_be_any_json() {
    let (builder, log) = bus();
    let bus = builder.handler::<see>().handler::<after_posted>().inherit(["tenant"]).start().unwrap();
    let tenant = json!({"id": 7, "plan": "x".repeat(1_000)});
    let posted = Envelope::new(Posted {}).with_metadata(Metadata::from_iter([("tenant", tenant.clone())]));
    bus.emit(posted).await.into_result().unwrap();
    assert_eq!(log.take()[1], format!("own {tenant} - -"));
}
