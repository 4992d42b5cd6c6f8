//! Names of the prelude that mean something else here.

#![allow(dead_code, non_snake_case, unused_macros)]

use ::atoms::{Bus, Emitter, State, event, handler, request};

struct Option;
struct Result;
struct Vec;
struct String;
struct Box;
struct Sync;
struct Event;
struct Handler;
trait Send {}
trait Clone {}
trait Default {}
trait Debug {}
trait Copy {}
trait Fn {}
trait From {}
trait Into {}
trait Iterator {}
trait Future {}
trait Serialize {}
trait Deserialize {}

fn Some() {}
fn None() {}
fn Ok() {}
fn Err() {}
fn drop() {}

mod core {}
mod std {}
mod serde {}
mod atoms {}

macro_rules! concat {
    () => {};
}
macro_rules! stringify {
    () => {};
}
macro_rules! module_path {
    () => {};
}

#[event(type = "shadowed.asked", must_handle, from(client))]
struct Asked {
    #[event(default = 7)]
    count: u64,
    text: ::std::option::Option<::std::string::String>,
}

#[event(type = "shadowed.answered", deny_unknown_fields)]
struct Answered {}

#[event(type = "shadowed.version")]
struct FirstVersion {}

#[event(type = "shadowed.version", version = 2, upcasts = FirstVersion)]
struct SecondVersion {
    #[event(key)]
    #[event(default = 7)]
    count: u64,
}

impl ::std::convert::From<FirstVersion> for SecondVersion {
    fn from(_: FirstVersion) -> Self {
        Self { count: 8 }
    }
}

#[handler]
fn answer(asked: &Asked, state: State<Box>, out: Emitter<Answered>) -> ::std::option::Option<Answered> {
    ::std::assert_eq!(asked.count, 7);
    ::std::mem::drop((state, out.emit(Answered {})));
    ::std::option::Option::Some(Answered {})
}

#[handler(order = 3, allow_cycle)]
async fn listen(_: Answered) -> ::std::result::Result<(), ::std::string::String> {
    ::std::result::Result::Ok(())
}

::atoms::testing::handled!(Asked);
::atoms::verify!();

#[request(type = "shadowed.size", reply = u8)]
struct GetSize {}

#[handler]
async fn size(_: &GetSize) -> ::core::result::Result<u8, ::std::string::String> {
    ::core::result::Result::Ok(3)
}

struct Desk;

#[::atoms::node(output)]
impl Desk {
    #[factory]
    fn new(
        _: &::atoms::agent::events::Init,
        _: State<Box>,
    ) -> ::core::result::Result<Self, ::std::string::String> {
        ::core::result::Result::Ok(Self)
    }

    #[started]
    fn started(&mut self) {}

    #[handler]
    fn asked(&mut self, _: Asked, out: Emitter<Answered>) -> ::std::option::Option<Answered> {
        ::std::mem::drop(out.emit(Answered {}));
        ::std::option::Option::None
    }

    #[respond]
    async fn respond(
        &mut self,
        _: &::atoms::agent::events::LlmRequest,
    ) -> ::core::result::Result<Silence, &'static str> {
        ::core::result::Result::Ok(Silence)
    }
}

struct Silence;

impl ::atoms::agent::Stream for Silence {
    type Item = ::std::string::String;

    fn poll_next(
        self: ::core::pin::Pin<&mut Self>,
        _: &mut ::core::task::Context<'_>,
    ) -> ::core::task::Poll<::core::option::Option<Self::Item>> {
        ::core::task::Poll::Ready(::core::option::Option::None)
    }
}

struct Listener;

#[::atoms::node]
impl Listener {
    #[factory]
    fn new() -> Self {
        Self
    }

    #[handler]
    fn answered(&mut self, _: &Answered) {}
}

::atoms::graph! {
    struct Shadowed {
        Desk -> Listener,
    }
}

fn main() {
    ::std::assert!(Shadowed::mermaid().contains("Listener"));
    let bus = Bus::builder().state(Box).start().unwrap();
    let receipt = run::run(bus.receive(br#"{"type":"shadowed.asked"}"#)).unwrap();
    ::std::assert_eq!(receipt.follow_ups().len(), 2);
    receipt.into_result().unwrap();
    ::std::assert!(bus.decode(br#"{"type":"shadowed.version"}"#).unwrap().is::<SecondVersion>());
}
