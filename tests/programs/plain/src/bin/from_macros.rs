//! Events and handlers that `macro_rules!` macros write.

use atoms::prelude::*;

macro_rules! events {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident($type:literal) { $($field:ident: $of:ty = $default:expr),* })*) => {
        $(
            $(#[$attribute])*
            #[event(type = $type)]
            $visibility struct $name {
                $(#[event(default = $default)] $field: $of,)*
            }
        )*
    };
}

events! {
    /// Three fields.
    pub(crate) Three("from_macros.three") { a: u64 = 1, b: Option<Vec<String>> = None, c: String = String::from("c") }
    Empty("from_macros.empty") {}
}

macro_rules! handlers {
    ($($name:ident: $input:ty => $output:ty, $event:ident $body:block)*) => {
        $(
            #[handler]
            fn $name($event: $input) -> $output $body
        )*
    };
}

handlers! {
    by_reference: &Three => Result<Empty, String>, event {
        (event.a == 1 && event.b.is_none() && event.c == "c").then_some(Empty {}).ok_or("defaults".into())
    }
    by_value: Empty => (), _event {}
    in_envelope: &Envelope<Empty> => (), event { assert!(event.metadata().causation_id().is_some()) }
}

macro_rules! asynchronous {
    ($name:ident, $input:ty, $extracted:ty, $order:expr, $krate:path) => {
        #[handler(order = $order, crate = $krate)]
        async fn $name(_: $input, _: $extracted) {}
    };
}

asynchronous!(any, &AnyEvent, Context, -2, ::atoms);

fn main() {
    let bus = Bus::start().unwrap();
    let receipt = run::run(bus.receive(br#"{"type":"from_macros.three"}"#)).unwrap();
    assert_eq!(receipt.deliveries().count(), 2);
    assert_eq!(receipt.follow_ups()[0].deliveries().count(), 3);
    receipt.into_result().unwrap();
}
