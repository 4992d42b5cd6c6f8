//! What is posted and nothing takes is counted, in the queue and in a backlog.

use std::collections::BTreeMap;
use std::sync::Arc;

use atoms::prelude::*;
use atoms::{AnyEvent, BusBuilder, DeliveryFailed, MemoryBacklog};
use tokio::time::timeout;

use crate::{SOON, bus};

#[event(type = "untaken.order")]
struct Order {}

#[event(type = "untaken.line")]
struct Line {}

#[event(type = "untaken.needed", must_handle)]
struct Needed {}

atoms::testing::handled!(Needed);

#[handler(id = "untaken.split")]
fn split(_: &Order) -> Line {
    Line {}
}

fn is_never(_: &Order) -> bool {
    false
}

#[handler(id = "untaken.never", when = is_never)]
fn never(_: &Order) {}

#[handler(id = "untaken.see")]
fn see(_: &AnyEvent) {}

async fn untaken(builder: BusBuilder, post: impl AsyncFnOnce(&Bus)) -> BTreeMap<&'static str, u64> {
    let bus = builder.start().unwrap();
    post(&bus).await;
    timeout(SOON, bus.idle()).await.unwrap();
    let counts = bus.untaken_posts();
    bus.shutdown(SOON).await.unwrap();
    counts
}

#[tokio::test]
async fn what_has_no_handler_and_no_subscriber_is_counted_by_its_type() {
    let builders = || [bus().0, bus().0.backlog(Arc::new(MemoryBacklog::default()))];
    for builder in builders() {
        let counts = untaken(builder, async |bus| {
            bus.post(Order {}).await.unwrap();
            bus.post(Order {}).await.unwrap();
            bus.post(Line {}).await.unwrap();
            for name in ["untaken.unknown", "untaken.other"] {
                let frame = format!(r#"{{"type":"{name}"}}"#);
                bus.post_any(bus.decode(frame.as_bytes()).unwrap()).await.unwrap();
            }
            let failed = DeliveryFailed::event_type();
            assert!(!bus.takes(Some(failed)));
            // It is a dead letter, for which `DeliveryFailed` would be emitted.
            bus.post(Needed {}).await.unwrap();
        });
        assert_eq!(
            counts.await,
            BTreeMap::from([("(unknown)", 2), ("untaken.line", 1), ("untaken.order", 2)])
        );
    }
    // What follows from a posted event is posted, too.
    for builder in builders() {
        let builder = builder.handler::<split>().handler::<see>();
        let counts = untaken(builder, async |bus| bus.post(Order {}).await.unwrap());
        assert_eq!(counts.await, BTreeMap::from([("untaken.line", 1)]));
    }
}

#[tokio::test]
async fn what_a_handler_declines_or_a_subscriber_takes_or_is_emitted_is_not_counted() {
    for builder in [bus().0, bus().0.backlog(Arc::new(MemoryBacklog::default()))] {
        let counts = untaken(builder.handler::<never>(), async |bus| {
            bus.post(Order {}).await.unwrap();
            let _taken = bus.on::<Line>(|_| ());
            bus.post(Line {}).await.unwrap();
            timeout(SOON, bus.idle()).await.unwrap();
            drop(_taken);
            assert!(bus.emit(Line {}).await.is_unhandled());
        });
        assert_eq!(counts.await, BTreeMap::new());
    }
}
