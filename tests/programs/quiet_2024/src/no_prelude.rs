//! Where nothing is in scope but what is named.

#![no_implicit_prelude]

use ::atoms::tools::{Call, Verdict};
use ::atoms::{event, event_set, handler, hook, request, tool, Emitter};

#[event(type = "quiet.bare")]
pub(super) struct Bare {
    #[event(default = 1)]
    pub(super) count: u64,
}

#[event(type = "quiet.bare.seen")]
struct Seen {}

#[request(type = "quiet.bare.count", reply = u64)]
struct Count {}

#[event_set]
enum Both {
    Bare(Bare),
    Seen(Seen),
}

#[handler]
fn see(bare: Bare, out: Emitter<Seen>) {
    ::std::mem::drop(out.emit(Seen {}));
    ::std::assert!(bare.count > 0);
}

#[handler]
async fn both(both: &Both) -> ::std::result::Result<(), ::std::string::String> {
    let found = match both {
        Both::Bare(bare) => bare.count > 0,
        Both::Seen(Seen {}) => true,
    };
    ::std::assert!(::std::future::ready(found).await);
    ::std::result::Result::Ok(())
}

#[handler]
fn count(_: &Count) -> u64 {
    1
}

/// Doubles.
#[tool]
fn double(left: u64) -> u64 {
    left * 2
}

#[hook(before)]
fn look(call: &mut Call<double>) -> Verdict<double> {
    call.args.left += 1;
    Verdict::Allow
}
