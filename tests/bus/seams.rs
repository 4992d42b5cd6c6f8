//! What other crates add to a bus, and to its events.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::{
    BusBuilder, Carried, Carrying, Delivery, Extension, ExtractError, FromDelivery, HandlerError, Metadata,
    PrepareError, Route, Routed, StartContext, Stored,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{Log, SOON, bus};

#[event(type = "seams.ordered")]
struct Ordered {}

#[event(type = "seams.paid")]
struct Paid {}

#[handler]
fn pay(_: &Ordered) -> Paid {
    Paid {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Principal(String);

impl Carried for Principal {
    const STORED: Option<Stored<Self>> = Some(Stored::json("seams.principal"));
}

/// What ends with the process.
#[derive(Debug, PartialEq)]
struct Work(u32);

impl Carried for Work {
    const STORED: Option<Stored<Self>> = None;
}

impl FromDelivery for Principal {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        delivery.carried().cloned().ok_or_else(|| ExtractError::missing("nobody"))
    }
}

#[handler]
async fn bill(_: &Paid, principal: Option<Principal>, log: State<Log>) {
    log.add(format!("billed to {principal:?}"));
}

fn ada() -> Principal {
    Principal("ada".into())
}

const ADA: &str = "billed to Some(Principal(\"ada\"))";

#[tokio::test]
async fn what_an_event_carries_is_carried_by_all_that_follow() {
    let log = Arc::<Log>::default();
    let bus = bus().shared_state(log.clone()).handler::<pay>().handler::<bill>().start().unwrap();
    bus.emit(Envelope::new(Ordered {}).carry(ada())).await.into_result().unwrap();
    bus.emit(Ordered {}).carry(ada()).await.into_result().unwrap();
    bus.emit_any(&Envelope::new(Ordered {}).into()).carry(ada()).await.into_result().unwrap();
    bus.post(Envelope::new(Ordered {}).carry(ada())).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), [ADA; 4]);
    bus.emit(Ordered {}).await.into_result().unwrap();
    assert_eq!(log.take(), ["billed to None"]);
}

#[handler]
async fn pay_as_bob(_: &Ordered, context: Context) {
    let _ = context.bus().emit(Paid {}).carry(Principal("bob".into())).await;
    let _ = context.bus().emit(Paid {}).await;
}

#[tokio::test]
async fn a_value_of_an_event_wins_over_one_that_it_would_inherit() {
    let log = Arc::<Log>::default();
    let bus = bus().shared_state(log.clone()).handler::<pay_as_bob>().handler::<bill>().start().unwrap();
    bus.emit(Ordered {}).carry(ada()).await.into_result().unwrap();
    assert_eq!(log.take(), ["billed to Some(Principal(\"bob\"))", ADA]);
}

#[tokio::test]
async fn nothing_of_what_an_event_carries_is_written_to_the_wire_or_read_from_it() {
    let bus = bus().event::<Ordered>().start().unwrap();
    let event: AnyEvent = Envelope::new(Ordered {}).carry(ada()).into();
    let frame = String::from_utf8(bus.encode(&event).unwrap()).unwrap();
    assert!(!frame.contains("ada") && !frame.contains("principal"), "{frame}");
    let read = bus.decode(frame.replace('}', r#","seams.principal":"ada"}"#).as_bytes()).unwrap();
    assert!(read.carrying().is_empty());
}

#[test]
fn a_stored_event_keeps_the_values_that_say_so() {
    let event: AnyEvent = Envelope::new(Ordered {}).carry(ada()).carry(Work(1)).into();
    let stored: Vec<_> = event.stored_values().map(|(name, json)| (name, json.unwrap())).collect();
    assert_eq!(stored, [("seams.principal", "\"ada\"".to_owned())]);
    let restored = AnyEvent::from(Envelope::new(Ordered {})).restore::<Principal>("\"ada\"").unwrap();
    assert_eq!(restored.carried(), Some(&ada()));
    assert!(restored.clone().restore::<Principal>("7").is_err());
    assert!(restored.restore::<Work>("1").unwrap().carried::<Work>().is_none());
}

#[test]
fn there_is_one_value_of_each_type() {
    let carrying = Carrying::new().with(Work(1)).with(ada()).with(Work(2));
    assert_eq!(carrying.get(), Some(&Work(2)));
    let both = Carrying::new().with(Work(3)).or(&carrying);
    assert_eq!((both.get(), both.get()), (Some(&Work(3)), Some(&ada())));
    assert!(carrying == carrying.or(&carrying.clone()) && carrying != both);
}

/// Takes note of what comes this way.
#[derive(Default)]
struct Note(Mutex<Vec<String>>);

impl Note {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Route for Note {
    fn take(&self, _: &Bus, event: &AnyEvent, metadata: &mut Metadata) {
        metadata.insert("noted", true);
        self.0.lock().unwrap().push(event.event_type().to_owned());
    }
}

#[handler]
fn see(paid: &Envelope<Paid>, log: State<Log>) {
    log.add(format!("noted: {:?}", paid.metadata().get("noted")));
}

#[tokio::test]
async fn an_event_goes_its_route_and_what_follows_the_one_that_it_carries() {
    let (log, once, carried) = (Arc::<Log>::default(), Arc::new(Note::default()), Arc::new(Note::default()));
    let bus = bus().shared_state(log.clone()).handler::<pay>().handler::<see>().start().unwrap();
    bus.emit(Ordered {}).carry(Routed(carried.clone())).via(once.clone()).await.into_result().unwrap();
    assert_eq!((once.take(), carried.take()), (vec!["seams.ordered".into()], vec!["seams.paid".into()]));
    bus.emit(Ordered {}).carry(Routed(carried.clone())).await.into_result().unwrap();
    bus.post(Envelope::new(Ordered {}).carry(Routed(carried.clone()))).await.unwrap();
    bus.idle().await;
    assert_eq!(carried.take(), ["seams.ordered", "seams.paid", "seams.ordered", "seams.paid"]);
    bus.emit(Ordered {}).await.into_result().unwrap();
    assert!(carried.take().is_empty());
    let noted = "noted: Some(Bool(true))";
    assert_eq!(log.take(), [noted, noted, noted, "noted: None"]);
}

#[tokio::test]
async fn an_event_that_is_refused_goes_no_route() {
    let note = Arc::new(Note::default());
    let bus = bus().handler::<pay>().start().unwrap();
    bus.shutdown(SOON).await.unwrap();
    assert!(bus.emit(Ordered {}).via(note.clone()).await.refusal().is_some());
    assert!(bus.emit(Ordered {}).carry(Routed(note.clone())).await.refusal().is_some());
    assert!(note.take().is_empty());
}

#[handler]
async fn order_again(_: &Ordered, context: Context) {
    context.bus().post(Ordered {}).await.unwrap();
}

#[tokio::test]
async fn a_posted_event_that_is_refused_goes_no_route() {
    let note = Arc::new(Note::default());
    let bus = bus().hop_limit(2).handler::<order_again>().start().unwrap();
    bus.post(Envelope::new(Ordered {}).carry(Routed(note.clone()))).await.unwrap();
    bus.idle().await;
    assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    assert_eq!(note.take(), ["seams.ordered"; 3]);
}

#[handler]
async fn stuck_once(_: &Ordered, calls: State<AtomicUsize>) {
    if calls.fetch_add(1, Ordering::SeqCst) == 0 {
        std::future::pending::<()>().await;
    }
}

#[test]
fn a_posted_event_that_is_delivered_again_goes_its_route_once() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (note, calls) = (Arc::new(Note::default()), Arc::new(AtomicUsize::new(0)));
    let bus = bus().shared_state(calls.clone()).handler::<stuck_once>().start().unwrap();
    let first = runtime();
    first.block_on(async {
        bus.post(Envelope::new(Ordered {}).carry(Routed(note.clone()))).await.unwrap();
        while calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    runtime().block_on(async { tokio::time::timeout(SOON, bus.idle()).await.unwrap() });
    assert_eq!((calls.load(Ordering::SeqCst), note.take().len()), (2, 1));
}

struct Panics;

impl Route for Panics {
    fn take(&self, _: &Bus, _: &AnyEvent, _: &mut Metadata) {
        panic!("no way")
    }
}

#[tokio::test]
async fn a_route_that_panics_refuses_the_event() {
    let bus = bus().handler::<pay>().start().unwrap();
    let receipt = bus.emit(Ordered {}).via(Arc::new(Panics)).await;
    let refusal = receipt.refusal().unwrap().to_string();
    assert!(refusal.ends_with("its route panicked: no way"), "{refusal}");
}

/// An extension that says when it is called.
#[derive(Default)]
struct Tells {
    log: Arc<Log>,
    fails: bool,
}

impl Extension for Tells {
    fn install(&self, bus: BusBuilder) -> BusBuilder {
        self.log.add("install");
        bus.shared_state(self.log.clone()).handler::<pay>().handler::<bill>()
    }

    fn started(&self, bus: &Bus) -> Result<(), HandlerError> {
        self.log.add(format!("started {}", bus.extension::<Self>().is_some()));
        if self.fails { Err("no store".into()) } else { Ok(()) }
    }

    fn closing(&self) {
        self.log.add("closing");
    }

    fn ended(&self) {
        self.log.add("ended");
    }
}

#[tokio::test]
async fn an_extension_installs_itself_and_is_told_of_the_start_and_the_end() {
    let log = Arc::<Log>::default();
    let bus = bus().extension(Tells { log: log.clone(), fails: false }).start().unwrap();
    bus.emit(Ordered {}).await.into_result().unwrap();
    bus.shutdown(SOON).await.unwrap();
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(log.take(), ["install", "started true", "billed to None", "closing", "ended"]);
}

#[test]
fn two_extensions_of_one_type_do_not_start() {
    let error =
        bus().extension(Tells::default()).extension(Tells::default()).start().unwrap_err().to_string();
    assert!(error.contains("::Tells` is added twice: a bus has one of each type"), "{error}");
}

#[test]
fn an_extension_that_does_not_start_stops_the_bus() {
    let error = bus().extension(Tells { fails: true, ..Tells::default() }).start().unwrap_err().to_string();
    assert!(error.contains("::Tells` does not start: no store"), "{error}");
}

#[derive(Default)]
struct Counts(AtomicUsize);

impl Extension for Counts {
    fn ended(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_running_bus_is_given_an_extension_once() {
    let bus = bus().start().unwrap();
    assert!(bus.extension::<Counts>().is_none());
    let first = bus.extension_or_insert_with(Counts::default);
    assert!(Arc::ptr_eq(&first, &bus.clone().extension_or_insert_with(Counts::default)));
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(first.0.load(Ordering::Relaxed), 1);
}

/// What a handler waits for.
#[derive(Default)]
struct Gate(Notify);

impl Extension for Gate {
    fn closing(&self) {
        self.0.notify_one();
    }
}

#[handler]
async fn wait_at_the_gate(_: &Ordered, context: Context) {
    context.bus().extension::<Gate>().unwrap().0.notified().await;
}

#[tokio::test(start_paused = true)]
async fn an_extension_lets_go_of_those_whom_a_shutdown_waits_for() {
    let bus = bus().handler::<wait_at_the_gate>().extension(Gate::default()).start().unwrap();
    let emitting = bus.clone();
    let waiting = tokio::spawn(async move { emitting.emit(Ordered {}).await.into_result().unwrap() });
    tokio::task::yield_now().await;
    bus.shutdown(SOON).await.unwrap();
    waiting.await.unwrap();
}

#[handler]
async fn prepare(_: &Ordered, context: Context, log: State<Log>) -> Result<(), String> {
    let post = context.bus().post(Paid {}).into_new_post();
    let causation = post.event.metadata().causation_id().map(str::to_owned);
    log.add(format!("{:?} {}", post.handlers, causation == Some(context.id().to_string())));
    context.bus().emit_any(&post.event).await.into_result().map_err(|error| error.to_string())?;
    Err("what is prepared is not held".into())
}

#[tokio::test]
async fn an_event_is_prepared_for_a_store_as_a_consequence_and_is_not_held() {
    let log = Arc::<Log>::default();
    let bus = bus().shared_state(log.clone()).handler::<prepare>().handler::<bill>().start().unwrap();
    bus.post(Ordered {}).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["[\"bus::seams::bill\"] true", "billed to None"]);
}
