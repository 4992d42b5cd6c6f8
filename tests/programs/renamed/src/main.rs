//! `atoms` under another name, which the macros are told.

use std::panic::Location;

use signals::Entry;
use signals::prelude::*;

mod re_exported {
    pub(crate) use signals;
}

#[event(type = "renamed.asked", must_handle, from(bus), crate = signals)]
struct Asked {
    #[event(default = 7)]
    count: u64,
}

#[event(type = "renamed.answered", crate = crate::re_exported::signals)]
struct Answered {}

#[handler(crate = signals)]
fn answer(asked: &Asked, out: Emitter<Answered>) -> Answered {
    assert_eq!(asked.count, 7);
    drop(out.emit(Answered {}));
    Answered {}
}

#[handler(crate = crate::re_exported::signals, order = 1)]
async fn listen(_: Answered) {}

#[handler(retry, pattern = "renamed.*", when = is_known, crate = re_exported::signals)]
fn log(event: &AnyEvent) -> Result<(), &'static str> {
    if is_known(event) { Ok(()) } else { Err("unknown") }
}

#[event_set(crate = re_exported::signals)]
enum Exchange {
    Asked(Asked),
    Answered(Envelope<Answered>),
}

#[handler(crate = signals, allow_cycle)]
fn follow(_: Exchange, _: Emitter<Exchange>) -> Option<Exchange> {
    None
}

fn is_known(event: &AnyEvent) -> bool {
    event.known_type().is_some()
}

signals::testing::handled!(Asked);
signals::verify!();

#[request(type = "renamed.year", reply = Option<u64>, crate = signals)]
struct GetYear {}

#[handler(crate = signals)]
async fn year(_: &GetYear) -> Result<Option<u64>, String> {
    Ok(None)
}

#[derive(Default)]
struct Desk;

#[node(crate = crate::re_exported::signals)]
impl Desk {
    #[handler]
    fn asked(&self, _: &Asked) -> Answered {
        Answered {}
    }
}

#[derive(Default)]
pub(crate) struct Listener;

#[node(crate = signals, background)]
impl Listener {
    #[handler]
    async fn answered(&mut self, _: &Answered, _: Session, _: Context) {}
}

graph! {
    #[graph(crate = signals)]
    /// Under another name.
    pub(crate) struct Renamed {
        Desk -> Listener,
    }
}

/// A kind of entries.
struct Gauge(&'static Location<'static>);

impl Entry for Gauge {
    const KIND: &'static str = "gauge";

    fn name(&self) -> &str {
        "level"
    }

    fn place(&self) -> &'static Location<'static> {
        self.0
    }
}

static LEVEL: Gauge = Gauge(Location::caller());

crate::re_exported::signals::entry!(&LEVEL, unique: "renamed.", "level");

fn main() {
    assert_eq!(Renamed::graph().nodes().count(), 2);
    let bus = Bus::start().unwrap();
    assert_eq!(bus.registry().entries::<Gauge>().count(), 1);
    assert_eq!(run::run(bus.request(GetYear {})).unwrap(), None);
    let receipt = run::run(bus.emit(Asked { count: 7 }));
    assert_eq!(receipt.follow_ups().len(), 2);
    receipt.into_result().unwrap();
    run::run(bus.receive(br#"{"type":"renamed.asked"}"#)).unwrap().into_result().unwrap();
}
