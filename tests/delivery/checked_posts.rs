//! What looks on an emit looks at a post at once, and not again when the event is delivered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    EmitLayer, Interceptor, MemoryBacklog, Metadata, NextEmit, PostCheck, PostLayer, PostRefusal, Veto,
};

use crate::{Log, SOON, bus};

#[event(type = "checked.order")]
struct Order {
    fails: bool,
}

#[event(type = "checked.paid")]
struct Paid {}

#[handler]
fn pay(order: &Order, context: Context, log: State<Log>) -> Result<Paid, String> {
    log.add(format!("pay for {}", context.metadata().get("tenant").unwrap()));
    if order.fails { Err("no money".into()) } else { Ok(Paid {}) }
}

/// Gives each event a tenant, and lets none pass when it is shut.
#[derive(Clone, Default)]
struct Door {
    looks: Arc<AtomicU32>,
    is_shut: Arc<AtomicBool>,
    only_at_delivery: bool,
}

impl Door {
    fn looks(&self) -> u32 {
        self.looks.swap(0, Ordering::SeqCst)
    }

    fn shut(&self) {
        self.is_shut.store(true, Ordering::SeqCst);
    }
}

impl Interceptor for Door {
    fn before_emit(
        &self,
        event: &AnyEvent,
        metadata: &mut Metadata,
        _: Option<&AnyEvent>,
    ) -> Result<(), Veto> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        metadata.insert("tenant", "t-1");
        assert!(!event.is::<Order>() || event.metadata().source() != Some("panics"), "broken");
        if self.is_shut.load(Ordering::SeqCst) { Err(Veto::new("shut")) } else { Ok(()) }
    }

    fn looks_at_posts(&self) -> bool {
        !self.only_at_delivery
    }
}

fn order() -> Order {
    Order { fails: false }
}

#[tokio::test(start_paused = true)]
async fn it_looks_once_at_each_post() {
    for is_stored in [false, true] {
        let ((mut builder, log), door) = (bus(), Door::default());
        if is_stored {
            builder = builder.backlog(Arc::new(MemoryBacklog::default()));
        }
        let bus = builder.interceptor(door.clone()).handler::<pay>().start().unwrap();
        bus.post(order()).await.unwrap();
        assert_eq!(door.looks(), 1);
        bus.idle().await;
        assert_eq!(door.looks(), 1, "of what the handler has returned, which nobody posted");
        let later = bus.post(order()).after(Duration::from_secs(1)).await.unwrap();
        assert_eq!(door.looks(), 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        bus.idle().await;
        assert_eq!((door.looks(), later.is_pending().await.unwrap()), (1, false));
        assert_eq!(log.take(), ["pay for \"t-1\"", "pay for \"t-1\""]);
    }
}

#[tokio::test]
async fn a_veto_gives_the_event_back() {
    let ((builder, log), door) = (bus(), Door::default());
    let bus = builder.interceptor(door.clone()).handler::<pay>().start().unwrap();
    let panics = Metadata::from_iter([("source", "panics")]);
    let error = bus.post(Envelope::new(order()).with_metadata(panics)).await.unwrap_err();
    assert!(error.veto().unwrap().reason().starts_with("it panicked: broken"), "{error}");
    door.shut();
    let refused = [
        bus.post(order()).await.unwrap_err(),
        bus.post(order()).try_send().unwrap_err(),
        bus.post(order()).after(SOON).await.unwrap_err(),
        bus.post(order()).after(SOON).try_send().unwrap_err(),
        bus.post(order()).with_receipt().await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.reason(), PostRefusal::Vetoed);
        let message = error.to_string();
        assert!(message.starts_with("`checked.order` was not posted: vetoed by "), "{message}");
        assert!(message.ends_with("Door: shut"), "{message}");
        assert!(std::error::Error::source(&error).unwrap().is::<Veto>());
        assert!(error.into_event().is::<Order>());
    }
    bus.shutdown(SOON).await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn what_is_delivered_again_is_looked_at_again() {
    let ((builder, log), door) = (bus(), Door::default());
    let bus = builder.interceptor(door.clone()).handler::<refuse>().start().unwrap();
    bus.post(Paid {}).await.unwrap();
    bus.idle().await;
    assert_eq!(door.looks(), 1);
    // It was never delivered to a handler, so that it is emitted as a whole.
    let letter = bus.dead_letters().keep(Envelope::new(Paid {}).into(), atoms::Refusal::TooLate);
    door.shut();
    let receipt = bus.dead_letters().redeliver(letter).await.unwrap();
    assert!(matches!(receipt.refusal(), Some(atoms::Refusal::Vetoed(_))), "{receipt}");
    assert_eq!((door.looks(), log.take().len()), (1, 1));
}

#[handler]
fn refuse(_: &Paid, log: State<Log>) {
    log.add("seen");
}

#[tokio::test]
async fn a_copy_is_looked_at_as_any_other_event() {
    let ((builder, _), door) = (bus(), Door::default());
    let bus = builder.interceptor(door.clone()).handler::<copies_on>().start().unwrap();
    bus.post(Start { order: 1 }).await.unwrap();
    bus.idle().await;
    // The first one, its copy that is emitted, that which is posted, that which is returned.
    assert_eq!(door.looks(), 4);
}

#[event(type = "checked.start")]
struct Start {
    order: u32,
}

/// Emits, posts and returns copies of what was posted: these are other posts.
#[handler(allow_cycle)]
async fn copies_on(start: &Envelope<Start>, context: Context) -> Option<Envelope<Start>> {
    if context.hops() > 0 {
        return None;
    }
    assert!(context.bus().emit(start.clone()).await.is_ok());
    context.bus().post(start.clone()).await.unwrap();
    Some(start.clone())
}

#[tokio::test]
async fn what_another_process_has_posted_is_looked_at_when_it_is_delivered() {
    let ((builder, log), door) = (bus(), Door::default());
    let backlog = Arc::new(MemoryBacklog::default());
    let first = builder.interceptor(door.clone()).handler::<pay>().backlog(backlog.clone()).start().unwrap();
    first.post(order()).after(Duration::from_millis(1)).await.unwrap();
    first.shutdown(SOON).await.unwrap();
    assert_eq!(door.looks(), 1);
    door.shut();
    let second = Bus::builder().without_discovery().shared_state(log.clone()).backlog(backlog);
    let second = second.interceptor(door.clone()).handler::<pay>().start().unwrap();
    while second.dead_letters().is_empty().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!((door.looks(), log.take().len()), (1, 0));
    second.shutdown(SOON).await.unwrap();
}

#[tokio::test]
async fn an_interceptor_may_look_at_deliveries_only() {
    let ((builder, log), door) = (bus(), Door { only_at_delivery: true, ..Door::default() });
    let bus = builder.interceptor(door.clone()).handler::<pay>().start().unwrap();
    bus.post(order()).await.unwrap();
    assert_eq!(door.looks(), 0);
    bus.idle().await;
    assert_eq!((door.looks(), log.take().len()), (2, 1));
}

/// Refuses what is posted without a tenant, and asks what was not posted when it is delivered.
struct Tenants(Arc<Log>);

impl PostLayer for Tenants {
    fn before_post(&self, post: &mut PostCheck<'_>) -> Result<(), Veto> {
        self.0.add(format!("post {}", post.event().event_type()));
        post.metadata().get("tenant").map(drop).ok_or_else(|| Veto::new("no tenant"))
    }
}

impl EmitLayer for Tenants {
    async fn emit(&self, next: &mut NextEmit<'_>) -> Result<(), Veto> {
        self.0.add(format!("emit {}: {}", next.event().event_type(), next.was_checked()));
        next.run().await;
        Ok(())
    }

    fn as_post_layer(&self) -> Option<&dyn PostLayer> {
        Some(self)
    }

    fn name(&self) -> &'static str {
        "tenants"
    }
}

#[tokio::test]
async fn a_layer_around_emits_may_look_at_posts() {
    let (builder, log) = bus();
    let bus = builder.emit_layer(Tenants(log.clone())).handler::<refuse>().start().unwrap();
    let error = bus.post(Paid {}).await.unwrap_err();
    assert_eq!(error.to_string(), "`checked.paid` was not posted: vetoed by tenants: no tenant");
    let tenant = Metadata::from_iter([("tenant", "t-1")]);
    bus.post(Envelope::new(Paid {}).with_metadata(tenant)).await.unwrap();
    bus.idle().await;
    bus.emit(Paid {}).await.into_result().unwrap();
    let lines = ["post checked.paid", "post checked.paid", "emit checked.paid: true", "seen"];
    assert_eq!(log.take(), [&lines[..], &["emit checked.paid: false", "seen"]].concat());
}
