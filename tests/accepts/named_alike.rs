//! Types of a program's own that are called like those of the crate.

use atoms::prelude::*;
use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

#[event(type = "named_alike.event", from(client))]
struct Event {
    count: u8,
}

struct State(u8);

impl FromDelivery for State {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), _: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self(3))
    }
}

#[handler]
fn by_reference(event: &Event, State(limit): State) -> Result<(), String> {
    if event.count < limit { Ok(()) } else { Err(format!("{} is too many", event.count)) }
}

#[handler]
async fn by_value(Event { count }: Event, State(mut limit): State) {
    limit += count;
    assert_ne!(limit, 0);
}

#[derive(Default)]
struct Counter {
    count: u8,
}

#[node]
impl Counter {
    #[handler]
    fn count(&mut self, event: Event, State(limit): State) {
        self.count = limit.min(event.count);
    }
}

#[tokio::test]
async fn a_type_that_is_named_like_one_of_the_crate_is_taken() {
    let bus = Bus::builder().without_discovery().handler::<by_reference>().handler::<by_value>();
    let bus = bus.start().unwrap();
    bus.emit(Event { count: 2 }).await.into_result().unwrap();
    assert!(bus.emit(Event { count: 3 }).await.into_result().is_err());
    let graph = atoms::agent::Graph::builder().node::<Counter>().build().unwrap();
    assert_eq!(graph.nodes().count(), 1);
}
