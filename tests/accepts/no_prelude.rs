//! Where nothing is in scope but what is named.

#![no_implicit_prelude]

use ::atoms::{AnyEvent, Bus, Emitter, event, event_set, handler, request};

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

#[event_set]
enum Closed {
    Created(Created),
    Other(Other),
}

#[event(type = "no_prelude.other")]
struct Other {
    parts: ::std::vec::Vec<Part>,
}

#[derive(::std::clone::Clone, ::std::fmt::Debug, ::atoms::serde::Serialize, ::atoms::serde::Deserialize)]
#[serde(crate = "::atoms::serde")]
struct Part;

#[handler(allow_cycle)]
fn closed(event: &Closed, out: Emitter<Closed>) -> ::std::option::Option<Closed> {
    if let Closed::Other(other) = event {
        ::std::mem::drop(out.emit(::std::clone::Clone::clone(other)));
    }
    ::std::option::Option::None
}

#[handler]
fn open(_: &Open) {}

#[handler]
async fn count(_: &Count) -> u64 {
    1
}

#[test]
fn a_set_is_handled() {
    let bus = Bus::builder().without_discovery().handler::<open>().handler::<closed>().start();
    ::std::assert!(bus.is_ok_and(|bus| bus.registry().handlers().len() == 2));
}
