//! Edition 2021.

use atoms::prelude::*;

#[event(type = "edition.asked", must_handle, from(client))]
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

#[derive(Default)]
struct Desk {
    asked: u64,
}

#[node(severity = "fatal")]
impl Desk {
    #[handler]
    async fn asked(&mut self, asked: Asked, context: Context) -> Result<Option<Answered>, String> {
        self.asked += asked.gen;
        context.metadata().source().map(|_| None).ok_or_else(|| "no source".into())
    }

    #[handler]
    fn answered(&mut self, _: &AnyEvent) {}
}

#[derive(Default)]
struct Listener;

#[node]
impl Listener {
    #[handler]
    fn answered(&mut self, _: &Answered) {}
}

graph! {
    struct Desks {
        Desk -> Listener,
    }
}

#[handler(retry(attempts = 2, jitter), concurrency = 1, when = is_of_today)]
fn retried(asked: Asked, _: Context) -> Result<(), String> {
    (asked.gen > 0).then_some(()).ok_or_else(|| "no generation".into())
}

fn is_of_today(asked: &Asked) -> bool {
    asked.gen == 2021
}

#[event_set]
enum Exchange {
    Asked(Asked),
    Answered(Envelope<Answered>),
    #[other]
    Other(AnyEvent),
}

#[handler]
fn follow(exchange: &Exchange) {
    match exchange {
        Exchange::Asked(asked) => assert_eq!(asked.gen, 2021),
        Exchange::Answered(answered) => drop(answered.id().clone()),
        Exchange::Other(other) => println!("{other:?}"),
    }
}

#[request(type = "edition.year", reply = u64)]
struct GetYear {}

#[handler]
fn year(_: &GetYear) -> u64 {
    2021
}

fn main() {
    assert_eq!(Desks::graph().edges(), [(0, 1)]);
    let bus = Bus::start().unwrap();
    assert_eq!(run::run(bus.request(GetYear {})).unwrap(), 2021);
    let receipt = run::run(bus.emit(Asked { gen: 2021 }));
    assert_eq!(receipt.follow_ups().len(), 1);
    receipt.into_result().unwrap();
}
