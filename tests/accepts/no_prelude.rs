//! Where nothing is in scope but what is named.

#![no_implicit_prelude]

use ::atoms::{AnyEvent, Bus, event, event_set, handler, request};

#[event(type = "no_prelude.created", must_handle, interruptible)]
struct Created {
    #[event(sensitive, default = 1)]
    count: u64,
}

#[request(type = "no_prelude.count", reply = u64)]
struct Count {}

#[event_set]
enum Open {
    Created(Created),
    #[other]
    Other(AnyEvent),
}

#[handler]
fn open(_: &Open) {}

#[handler]
async fn count(_: &Count) -> u64 {
    1
}

#[test]
fn a_set_is_handled() {
    let bus = Bus::builder().without_discovery().handler::<open>().start();
    ::std::assert!(bus.is_ok_and(|bus| bus.registry().handlers().len() == 1));
}
