//! What a handler of a posted event posts on another bus does not wait for that handler.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::{BusBuilder, MemoryBacklog};

use crate::bus;

#[event(type = "elsewhere.order")]
struct Order {}

#[event(type = "elsewhere.mail")]
struct Mail {}

/// Another bus than that of the event.
struct Other(Bus);

#[handler]
async fn mails_and_fails(_: &Order, other: State<Other>) -> Result<(), &'static str> {
    other.0.post(Mail {}).await.unwrap();
    Err("sold out")
}

#[handler]
fn mail(_: &Mail, log: State<crate::Log>) {
    log.add("mail");
}

#[tokio::test]
async fn what_a_handler_that_fails_has_posted_on_another_bus_is_delivered_there() {
    let stored = |builder: BusBuilder, is_stored| match is_stored {
        true => builder.backlog(Arc::new(MemoryBacklog::default())),
        false => builder,
    };
    for (is_stored, is_other_stored) in [(false, false), (false, true), (true, false), (true, true)] {
        let (builder, log) = bus();
        let other = stored(builder, is_other_stored).handler::<mail>().start().unwrap();
        let builder = stored(bus().0, is_stored).state(Other(other.clone()));
        let bus = builder.handler::<mails_and_fails>().start().unwrap();
        bus.post(Order {}).await.unwrap();
        bus.idle().await;
        other.idle().await;
        assert_eq!(log.take(), ["mail"], "{is_stored} {is_other_stored}");
        assert_eq!(bus.dead_letters().len().await.unwrap(), 1);
    }
}
