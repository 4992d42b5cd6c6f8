//! `atoms` under another name, which the macros are told.

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

fn main() {
    assert_eq!(Renamed::graph().nodes().count(), 2);
    let bus = Bus::start().unwrap();
    assert_eq!(run::run(bus.request(GetYear {})).unwrap(), None);
    let receipt = run::run(bus.emit(Asked { count: 7 }));
    assert_eq!(receipt.follow_ups().len(), 2);
    receipt.into_result().unwrap();
    run::run(bus.receive(br#"{"type":"renamed.asked"}"#)).unwrap().into_result().unwrap();
}
