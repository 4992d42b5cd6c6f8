//! Handlers of all signatures.

use std::borrow::Cow;
use std::sync::Arc;

use atoms::prelude::*;
use atoms::{Handler, HandlerInfo};

#[event(type = "signatures.asked")]
struct Asked {
    count: u8,
}

#[event(type = "signatures.answered")]
struct Answered;

#[handler]
fn by_value(Asked { count: _ }: Asked) {}

#[handler]
async fn in_an_envelope(asked: &Envelope<Asked>) {
    let _ = asked.count;
}

#[handler]
async fn in_an_envelope_by_value(_: Envelope<Asked>) -> Vec<Answered> {
    vec![]
}

#[handler]
fn any(_: &AnyEvent) {}

#[handler]
async fn any_by_value(_: AnyEvent, _: Context) {}

/// Named like what an expansion may name its own.
#[handler]
fn input(_: &Asked, p0: State<u8>, p1: Context) {
    drop((p0, p1));
}

#[handler]
async fn p0(
    _: Asked,
    mut out: Emitter<(Asked, Answered)>,
) -> Result<(Asked, Option<Answered>), std::fmt::Error> {
    out = out.clone();
    out.emit(Answered).await;
    Err(std::fmt::Error)
}

#[handler]
fn r#match(_: &Asked) {}

#[handler]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn owned(
    _: &'_ Asked,
    _: State<&'static str>,
    _: State<fn(&str) -> &str>,
    _: State<Cow<'static, str>>,
    _: State<Arc<dyn Fn(&str) + Send + Sync>>,
    _: State<[u8; 3]>,
    _: State<(u8, String)>,
    _: State<Vec<Option<u8>>>,
    _: Context,
) {
}

#[handler(allow_cycle, order = 1_000)]
#[allow(clippy::unused_unit)]
fn nothing(_: &Asked) -> () {}

#[test]
fn all_of_them_are_handlers() {
    fn info<H: Handler>() -> &'static HandlerInfo {
        H::info()
    }

    let infos =
        [info::<by_value>(), info::<in_an_envelope>(), info::<input>(), info::<p0>(), info::<r#match>()];
    assert!(infos.iter().all(|info| info.event_types() == [Asked::event_type()]));
    assert_eq!(info::<any>().event_types(), info::<any_by_value>().event_types());
    assert_eq!(info::<in_an_envelope_by_value>().emits(), [Answered::event_type()]);
    assert_eq!(info::<p0>().emits().len(), 2);
    assert!(info::<owned>().emits().is_empty());
    assert!(info::<nothing>().allow_cycle());
    assert_eq!(info::<nothing>().order(), 1_000);
}
