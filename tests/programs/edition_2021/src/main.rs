//! Edition 2021.

use atoms::prelude::*;

#[event(type = "edition.asked", must_handle)]
struct Asked {
    gen: u64,
}

#[event(type = "edition.answered", deny_unknown_fields)]
struct Answered {}

#[handler]
fn answer(asked: &Asked) -> Option<Answered> {
    (asked.gen == 2021).then_some(Answered {})
}

#[handler]
async fn listen(_: &Envelope<Answered>, context: Context) -> Result<(), String> {
    context.metadata().causation_id().map(drop).ok_or_else(|| "no cause".into())
}

#[handler(retry(attempts = 2, jitter), concurrency = 1, when = is_of_today)]
fn retried(asked: Asked, _: Context) -> Result<(), String> {
    (asked.gen > 0).then_some(()).ok_or_else(|| "no generation".into())
}

fn is_of_today(asked: &Asked) -> bool {
    asked.gen == 2021
}

#[request(type = "edition.year", reply = u64)]
struct GetYear {}

#[handler]
fn year(_: &GetYear) -> u64 {
    2021
}

fn main() {
    let bus = Bus::start().unwrap();
    assert_eq!(run::run(bus.request(GetYear {})).unwrap(), 2021);
    let receipt = run::run(bus.emit(Asked { gen: 2021 }));
    assert_eq!(receipt.follow_ups().len(), 1);
    receipt.into_result().unwrap();
}
