//! What an event and a set are turned into.

use std::sync::atomic::{AtomicUsize, Ordering};

use atoms::prelude::*;
use atoms::{NotInSet, RawEvent};

use crate::{AllEvents, Created, Noted, OrderEvent, cancelled};

fn any(event: impl Into<AnyEvent>) -> AnyEvent {
    event.into()
}

#[test]
fn an_event_goes_into_its_variant_and_back() {
    let created = OrderEvent::from(Created { number: 4 });
    assert!(matches!(&created, OrderEvent::Created(Created { number: 4 })));
    let created = AnyEvent::from(created);
    assert_eq!(created.downcast_ref::<Created>().unwrap().number, 4);
    assert!(matches!(created.try_into().unwrap(), OrderEvent::Created(Created { number: 4 })));
}

#[test]
fn an_envelope_is_kept() {
    let OrderEvent::Cancelled(kept) = any(OrderEvent::from(cancelled("c-1"))).try_into().unwrap() else {
        panic!("another event")
    };
    assert_eq!(kept.id(), "c-1");
}

#[test]
fn an_event_that_is_not_in_the_set_is_given_back() {
    let error: NotInSet = OrderEvent::try_from(any(Envelope::new(Noted {}))).unwrap_err();
    assert_eq!(error.to_string(), "`sets.noted` is not in the set of events `OrderEvent`");
    assert_eq!((error.set(), error.event().event_type()), ("OrderEvent", "sets.noted"));
    assert!(error.into_event().is::<Noted>());
    let raw = RawEvent::new("sets.created", *b"{}", None, None, None);
    assert!(OrderEvent::try_from(any(raw)).unwrap_err().into_event().as_raw().is_some());
}

#[test]
fn with_other_every_event_is_in_the_set() {
    assert!(matches!(any(Envelope::new(Created { number: 1 })).into(), AllEvents::Created(_)));
    assert!(matches!(any(cancelled("c-1")).into(), AllEvents::Cancelled(_)));
    let AllEvents::Other(noted) = any(Envelope::new(Noted {})).into() else { panic!("another event") };
    assert!(noted.is::<Noted>());
    assert!(AnyEvent::from(AllEvents::Other(noted)).is::<Noted>());
    let raw = RawEvent::new("sets.unknown", *b"{}", None, None, None);
    assert!(matches!(AllEvents::from(any(raw)), AllEvents::Other(_)));
}

/// Counts how often it is cloned.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Counted;

static CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Counted {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

#[event(type = "sets.large")]
struct Large {
    counted: Counted,
}

#[event_set]
enum LargeEvent {
    Created(Created),
    Large(Large),
    #[other]
    Other(AnyEvent),
}

#[handler]
fn count(event: &LargeEvent) {
    assert!(matches!(event, LargeEvent::Large(Large { counted: Counted })));
}

/// One test, since it counts.
#[tokio::test]
async fn an_event_is_cloned_only_where_it_has_to_be() {
    let bus = crate::bus().handler::<count>().start().unwrap();
    bus.emit(Large { counted: Counted }).await.into_result().unwrap();
    assert_eq!(CLONES.swap(0, Ordering::Relaxed), 1, "for the call");
    let large = any(Envelope::new(Large { counted: Counted }));
    let shared = large.clone();
    assert!(matches!(LargeEvent::from(shared), LargeEvent::Large(_)));
    assert_eq!(CLONES.swap(0, Ordering::Relaxed), 1, "since another has it");
    assert!(matches!(LargeEvent::from(large), LargeEvent::Large(_)));
    assert_eq!(CLONES.load(Ordering::Relaxed), 0, "since nobody else has it");
}
