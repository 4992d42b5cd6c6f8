//! What stands around an emit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{EmitLayer, MemoryBacklog, NextEmit, Refusal, RequestError, Veto};
use tokio::sync::Semaphore;

use crate::{Log, SOON, bus};

#[event(type = "emit_layers.order")]
struct Order {
    #[event(key)]
    number: String,
}

#[event(type = "emit_layers.paid")]
struct Paid {}

#[request(type = "emit_layers.price", reply = u32)]
struct GetPrice {}

#[handler]
fn pay(order: &Order, context: Context, log: State<Log>) -> Paid {
    let tenant = context.metadata().get("tenant").and_then(|tenant| tenant.as_str());
    log.add(format!("pay {} {}", order.number, tenant.unwrap_or("-")));
    Paid {}
}

#[handler]
fn thank(_: &Paid, log: State<Log>) {
    log.add("thank");
}

#[handler]
fn price(_: &GetPrice, context: Context) -> u32 {
    if context.metadata().get("tenant").is_some() { 42 } else { 0 }
}

fn order(number: &str) -> Order {
    Order { number: number.into() }
}

/// Lets no event of this type pass while it is shut.
#[derive(Clone)]
struct Door(&'static str, Arc<AtomicBool>);

impl Door {
    fn shut(event_type: &'static str) -> Self {
        Self(event_type, Arc::default())
    }

    fn open(&self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

impl EmitLayer for Door {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        tokio::task::yield_now().await;
        if next.event().event_type() == self.0 && !self.1.load(Ordering::SeqCst) {
            return Err(Veto::new("shut"));
        }
        next.run().await;
        Ok(())
    }
}

/// Gives every event a tenant.
struct Tenant;

impl EmitLayer for Tenant {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        next.metadata_mut().insert("tenant", "t-1");
        next.run().await;
        Ok(())
    }
}

/// Writes down what it sees before and after.
struct Audit(&'static str, Arc<Log>);

impl EmitLayer for Audit {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        let hops = next.event().hops();
        let tenant = next.metadata().get("tenant").is_some();
        self.1.add(format!("{} before {} {hops} {tenant}", self.0, next.event().event_type()));
        let outcome = next.run().await.refusal().map_or("ok".to_owned(), ToString::to_string);
        let tenant = next.event().metadata().get("tenant").is_some();
        self.1.add(format!("{} after {} {tenant}: {outcome}", self.0, next.event().event_type()));
        Ok(())
    }
}

#[tokio::test]
async fn each_stands_around_those_that_were_added_after_it() {
    let (builder, log) = bus();
    let builder = builder.emit_layer(Audit("a", log.clone())).emit_layer(Tenant);
    let bus = builder.emit_layer(Audit("b", log.clone())).handler::<pay>().start().unwrap();
    bus.emit(order("o-1")).await.into_result().unwrap();
    let seen = [
        "a before emit_layers.order 0 false",
        "b before emit_layers.order 0 true",
        "pay o-1 t-1",
        "a before emit_layers.paid 1 false",
        "b before emit_layers.paid 1 true",
        "b after emit_layers.paid true: ok",
        "a after emit_layers.paid true: ok",
        "b after emit_layers.order true: ok",
        "a after emit_layers.order true: ok",
    ];
    assert_eq!(log.take(), seen);
}

#[tokio::test]
async fn a_refused_event_reaches_nobody_in_whatever_way_it_comes() {
    let (builder, log) = bus();
    let builder = builder.emit_layer(Door::shut("emit_layers.order")).handler::<pay>().handler::<thank>();
    let bus = builder.start().unwrap();
    let subscriber = log.clone();
    let _subscription = bus.on::<Order>(move |_| subscriber.add("subscriber"));
    let is_refused = |receipt: &Receipt| {
        let Some(Refusal::Vetoed(veto)) = receipt.refusal() else { panic!("{receipt}") };
        assert!(veto.by().ends_with("::Door"), "{veto}");
        assert_eq!((veto.reason(), receipt.deliveries().count()), ("shut", 0));
    };
    is_refused(&bus.emit(order("o-1")).await);
    is_refused(&bus.emit_any(&Envelope::new(order("o-2")).into()).await);
    is_refused(&bus.receive(br#"{"type":"emit_layers.order","number":"o-3"}"#).await.unwrap());
    bus.post(order("o-4")).await.unwrap();
    bus.post(order("o-5")).after(Duration::from_millis(1)).await.unwrap();
    bus.idle().await;
    while bus.dead_letters().len().await.unwrap() < 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(log.take().is_empty());
    bus.shutdown(SOON).await.unwrap();
}

#[tokio::test]
async fn what_follows_from_an_event_is_refused_in_its_receipt() {
    let (builder, log) = bus();
    let door = Door::shut("emit_layers.paid");
    let bus = builder.emit_layer(door.clone()).handler::<pay>().handler::<thank>().start().unwrap();
    let receipt = bus.emit(order("o-1")).await;
    assert!(matches!(receipt.follow_ups()[0].refusal(), Some(Refusal::Vetoed(_))), "{receipt}");
    assert_eq!(log.take(), ["pay o-1 -"]);
    let id = bus.dead_letters().list().await.unwrap()[0].id();
    assert!(!bus.dead_letters().redeliver(id).await.unwrap().is_ok());
    door.open();
    bus.dead_letters().redeliver(id).await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["thank"]);
}

#[tokio::test]
async fn a_request_passes_the_layers_too() {
    let (builder, _) = bus();
    let door = Door::shut("emit_layers.price");
    let bus = builder.emit_layer(door.clone()).emit_layer(Tenant).handler::<price>().start().unwrap();
    let error = bus.request(GetPrice {}).await.unwrap_err();
    assert!(matches!(&error, RequestError::Refused { refusal: Refusal::Vetoed(_), .. }), "{error}");
    door.open();
    assert_eq!(bus.request(GetPrice {}).await.unwrap(), 42);
}

#[tokio::test]
async fn an_event_in_a_backlog_passes_the_layers_when_it_is_delivered() {
    let (builder, log) = bus();
    let door = Door::shut("emit_layers.order");
    let builder = builder.backlog(Arc::new(MemoryBacklog::default()));
    let bus = builder.emit_layer(door.clone()).emit_layer(Tenant).handler::<pay>().start().unwrap();
    bus.post(order("o-1")).await.unwrap();
    while bus.dead_letters().is_empty().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(log.take().is_empty());
    door.open();
    bus.post(order("o-2")).await.unwrap();
    let mut lines = Vec::new();
    while lines.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        lines = log.take();
    }
    assert_eq!(lines, ["pay o-2 t-1"]);
    bus.shutdown(SOON).await.unwrap();
}

/// Holds events while it is shut.
#[derive(Clone)]
struct Gate(Arc<Semaphore>, Arc<AtomicUsize>);

impl Gate {
    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)), Arc::default())
    }

    fn open(&self) {
        self.0.add_permits(1);
    }

    fn shut_again(&self) {
        self.0.forget_permits(1);
    }

    async fn holds(&self, events: usize) {
        while self.1.load(Ordering::SeqCst) < events {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl EmitLayer for Gate {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        self.1.fetch_add(1, Ordering::SeqCst);
        drop(self.0.acquire().await.expect("nobody closes it"));
        next.run().await;
        Ok(())
    }
}

#[tokio::test]
async fn what_is_held_goes_on_in_order_whoever_emitted_it() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.emit_layer(gate.clone()).handler::<pay>().handler::<price>().start().unwrap();
    let emitting = bus.clone();
    let emits = tokio::spawn(async move { emitting.emit_all(["o-1", "o-2"].map(order)).await });
    gate.holds(2).await;
    let asking = bus.clone();
    let reply = tokio::spawn(async move { asking.request(GetPrice {}).await });
    gate.holds(3).await;
    // The second one waits for the first one of its key.
    bus.post(order("o-3")).await.unwrap();
    bus.post(order("o-3")).await.unwrap();
    gate.holds(4).await;
    assert!(log.take().is_empty());
    gate.open();
    assert!(emits.await.unwrap().iter().all(Receipt::is_ok));
    assert_eq!(reply.await.unwrap().unwrap(), 0);
    bus.idle().await;
    let lines = log.take();
    let place = |line: &str| lines.iter().position(|other| other.contains(line)).unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(place("o-1") < place("o-2"));
}

#[tokio::test]
async fn what_follows_waits_for_the_gate_and_its_root_waits_for_it() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    gate.open();
    let bus = builder.emit_layer(gate.clone()).handler::<pay>().handler::<thank>().start().unwrap();
    let closing = gate.clone();
    let _subscription = bus.on::<Order>(move |_| closing.shut_again());
    let emitting = bus.clone();
    let emit = tokio::spawn(async move { emitting.emit(order("o-1")).await });
    gate.holds(2).await;
    assert_eq!(log.take(), ["pay o-1 -"]);
    assert!(!emit.is_finished());
    gate.open();
    emit.await.unwrap().into_result().unwrap();
    assert_eq!(log.take(), ["thank"]);
}

#[tokio::test]
async fn an_emit_that_is_dropped_while_it_is_held_reaches_nobody() {
    let (builder, log) = bus();
    let gate = Gate::shut();
    let bus = builder.emit_layer(gate.clone()).handler::<pay>().start().unwrap();
    let emitting = bus.clone();
    let emit = tokio::spawn(async move { emitting.emit(order("o-1")).await });
    gate.holds(1).await;
    emit.abort();
    assert!(emit.await.unwrap_err().is_cancelled());
    gate.open();
    bus.shutdown(SOON).await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_held_and_names_it() {
    for opens in [false, true] {
        let (builder, log) = bus();
        let gate = Gate::shut();
        let bus = builder.emit_layer(gate.clone()).handler::<pay>().start().unwrap();
        let emitting = bus.clone();
        let emit = tokio::spawn(async move { emitting.emit(order("o-1")).await });
        gate.holds(1).await;
        let ended = if opens {
            let (ended, ()) = tokio::join!(bus.shutdown(SOON), async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                gate.open();
            });
            ended
        } else {
            bus.shutdown(Duration::from_millis(10)).await
        };
        match ended {
            Ok(_) => assert!(opens),
            Err(error) => assert!(!opens && error.to_string().contains("emit_layers.order"), "{error}"),
        }
        gate.open();
        emit.await.unwrap().into_result().unwrap();
        assert_eq!(log.take(), ["pay o-1 -"]);
    }
}

/// Neither goes on nor refuses.
struct Forgets;

impl EmitLayer for Forgets {
    async fn emit(&self, _: &mut NextEmit<'_>) -> Result<(), Veto> {
        Ok(())
    }

    fn name(&self) -> &'static str {
        "forgetful"
    }
}

#[tokio::test]
async fn an_event_that_a_layer_neither_lets_pass_nor_refuses_is_refused() {
    let (builder, log) = bus();
    let bus = builder.emit_layer(Forgets).handler::<pay>().start().unwrap();
    let receipt = bus.emit(order("o-1")).await;
    assert_eq!(receipt.refusal().unwrap().to_string(), "vetoed by forgetful: it did not go on");
    assert!(log.take().is_empty());
}

/// Panics before the event is delivered, or after; or refuses it then.
struct Fails(&'static str);

impl EmitLayer for Fails {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        assert_ne!(self.0, "before");
        next.run().await;
        assert_ne!(self.0, "after");
        Err(Veto::new("too late"))
    }
}

#[tokio::test]
async fn a_panic_of_a_layer_refuses_the_event_until_it_is_delivered() {
    for (when, lines) in [("before", 0), ("after", 1), ("veto", 1)] {
        let (builder, log) = bus();
        let bus = builder.emit_layer(Fails(when)).handler::<pay>().start().unwrap();
        let receipt = bus.emit(order("o-1")).await;
        assert_eq!(receipt.refusal().is_some(), when == "before", "{receipt}");
        assert_eq!(log.take().len(), lines);
    }
}

#[handler]
async fn never(_: &Order) {
    std::future::pending().await
}

/// Gives up after a second.
struct Impatient;

impl EmitLayer for Impatient {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        tokio::time::timeout(Duration::from_secs(1), next.run())
            .await
            .map_err(|_| Veto::new("too slow"))
            .map(drop)
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_cut_an_emit_off() {
    let (builder, _) = bus();
    let bus = builder.emit_layer(Impatient).handler::<never>().start().unwrap();
    let receipt = bus.emit(order("o-1")).await;
    assert!(receipt.refusal().unwrap().to_string().ends_with("::Impatient: too slow"), "{receipt}");
    bus.post(order("o-2")).await.unwrap();
    bus.idle().await;
    assert_eq!(bus.dead_letters().len().await.unwrap(), 2);
    bus.shutdown(SOON).await.unwrap();
}
