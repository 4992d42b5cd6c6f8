//! Where nothing is in scope but what is named.

#![no_implicit_prelude]

use ::atoms::tools::{Call, ToolDone, ToolsBuilder, Verdict};
use ::atoms::{AnyEvent, Bus, Emitter, event, event_set, handler, hook, request, tool};

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

#[tool(concurrency = 1)]
fn add(left: u64, #[tool(default = 1, sensitive)] right: u64) -> u64 {
    left + right
}

#[tool(timeout = "1s")]
async fn count_all(
    counts: ::std::option::Option<::std::vec::Vec<u64>>,
    #[extract] _: ::std::option::Option<::atoms::State<u8>>,
) -> ::std::result::Result<u64, ::std::string::String> {
    let counts = ::std::option::Option::unwrap_or_default(counts);
    ::std::result::Result::Ok(::std::iter::Iterator::sum(::std::iter::IntoIterator::into_iter(counts)))
}

#[hook(before)]
fn look(call: &mut Call<add>) -> Verdict<add> {
    call.args.left += 1;
    Verdict::Allow
}

#[hook(after, tools = "*", detached)]
async fn see(_: &ToolDone) {}

#[test]
fn a_tool_has_its_hooks() {
    let bus = Bus::builder().without_discovery().tool::<add>().tool_hook::<look>().start();
    ::std::assert!(bus.is_ok());
    ::std::assert_eq!(add(AddArgs { left: 1, right: 2 }.left, 2), 3);
}

#[test]
fn a_set_is_handled() {
    let bus = Bus::builder().without_discovery().handler::<open>().handler::<closed>().start();
    ::std::assert!(bus.is_ok_and(|bus| bus.registry().handlers().len() == 2));
}
