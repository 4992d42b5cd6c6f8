//! Names that are keywords.

use atoms::prelude::*;

#[event(type = "quiet.raw")]
#[derive(Copy)]
pub(super) struct r#Type {
    pub(super) r#match: u64,
}

#[request(type = "quiet.raw.get", reply = u64)]
struct r#Get {
    r#type_: u64,
}

#[event_set]
enum Raw {
    r#Type(r#Type),
}

#[handler]
fn r#match(raw: &Raw) {
    let Raw::r#Type(r#in) = raw;
    assert_eq!(r#in.r#match, 1);
}

#[handler]
async fn r#type(r#in: &r#Get) -> u64 {
    std::future::ready(r#in.r#type_).await
}

/// Doubles.
#[tool(name = "loop")]
fn r#loop(r#where: u64) -> u64 {
    r#where * 2
}

#[hook(before)]
fn r#if(r#in: &mut Call<r#loop>) -> Verdict<r#loop> {
    r#in.args.r#where += 1;
    Verdict::Allow
}
