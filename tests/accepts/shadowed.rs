//! Nothing of the prelude is taken to be what it was.

use atoms::tools::{Call, Done, Verdict};
use atoms::{Emitter, Event, State, event, handler, hook, tool};

#[expect(dead_code, reason = "only the names matter")]
mod prelude {
    pub(super) struct Option;
    pub(super) struct Result;
    pub(super) struct Vec;
    pub(super) struct Box;
    pub(super) struct Send;
    pub(super) struct Sync;
    pub(super) struct Sized;
    pub(super) struct Clone;
    pub(super) struct Debug;
    pub(super) struct Default;
    pub(super) struct Future;
    pub(super) struct Serialize;
    pub(super) struct Deserialize;
    pub(super) struct Retry;
    pub(super) struct Backoff;
    pub(super) struct Judge;
    pub(super) struct AlwaysRetry;
    pub(super) struct Argument;
    pub(super) struct Plain;
    pub(super) struct Tool;
    pub(super) fn drop() {}
    pub(super) fn input() {}
    pub(super) fn when() {}
    pub(super) fn args() {}
    pub(super) fn formatter() {}
}

#[allow(unused_imports, reason = "the names are in scope, and not used")]
use prelude::*;

#[allow(dead_code, reason = "only the names matter")]
mod std {}
#[allow(dead_code, reason = "only the names matter")]
mod core {}
#[allow(dead_code, reason = "only the names matter")]
mod serde {}

#[allow(unused_macros, reason = "only the name matters")]
macro_rules! unreachable {
    () => {};
}

/// A string of one's own, which serde knows.
#[derive(::atoms::serde::Serialize, ::atoms::serde::Deserialize, ::std::clone::Clone, ::std::fmt::Debug)]
#[serde(crate = "::atoms::serde")]
struct String(i32);

#[event(type = "shadowed.asked", must_handle)]
struct Asked {
    #[event(default = String(5))]
    text: String,
    #[event(sensitive)]
    number: i32,
}

#[event(type = "shadowed.answered")]
struct Answered;

#[handler]
fn answer(asked: &Asked) -> ::std::option::Option<Answered> {
    (asked.text.0 == asked.number).then_some(Answered)
}

#[handler]
async fn listen(_: Answered, _: State<i32>, out: Emitter<Asked>) -> ::std::result::Result<(), &'static str> {
    if false {
        out.emit(Asked { text: String(1), number: 1 }).await;
    }
    ::std::result::Result::Ok(())
}

#[expect(non_camel_case_types, reason = "only the name matters")]
type bool = ::core::primitive::bool;

#[handler(retry(jitter), timeout = "1s", concurrency = 1, when = is_five, detached)]
async fn retry(_: &Asked) -> ::std::result::Result<(), &'static str> {
    ::std::result::Result::Ok(())
}

fn is_five(asked: &Asked) -> bool {
    asked.number == 5
}

#[tool(read_only)]
fn formatter(
    #[tool(default = ::std::option::Option::Some(5))] args: ::std::option::Option<u8>,
    #[tool(sensitive)] input: ::std::vec::Vec<u8>,
    _: State<i32>,
) -> bool {
    args.is_some() && input.is_empty()
}

#[hook(before, order = 1)]
async fn input(_: &mut Call<formatter>) -> ::std::result::Result<Verdict<formatter>, &'static str> {
    ::std::result::Result::Ok(Verdict::Allow)
}

#[hook(after)]
fn args(_: &mut Done<formatter>) {}

#[test]
fn names_of_the_prelude_may_mean_something_else() {
    assert_eq!(Asked::TYPE, "shadowed.asked");
    ::std::assert!(answer(&Asked { text: String(5), number: 5 }).is_some());
}
